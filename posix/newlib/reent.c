/* What newlib keeps for each thread, errno among it: thread-local data, on every CPU. */
#include <reent.h>
#include "posix_library.h"

/* Without an initial value, which every image would hold: newlib finds NULL in it right, but for
 * the standard streams. */
static _Thread_local struct _reent own;

struct _reent *__getreent(void)
{
    struct _reent *reent = &own;

    if (!reent->_stdin)
        _REENT_INIT_PTR_ZEROED(reent);
    return reent;
}

/* The one of no thread, which newlib 3.3 keeps the list of all streams in. */
static struct _reent common;
struct _reent *const _global_impure_ptr = &common;
struct _reent *_impure_ptr = &common;
