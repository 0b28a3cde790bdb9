/* What newlib keeps for each thread, errno among it: thread-local data, on every CPU. */
#include <reent.h>
#include "library.h"

static _Thread_local struct _reent own = _REENT_INIT(own);

struct _reent *__getreent(void)
{
    return &own;
}
