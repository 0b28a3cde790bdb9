/* newlib's locks by name, each in the image only when it is used. */
#include "library.h"
#include "posix.h"

struct __lock __lock___sinit_recursive_mutex;
struct __lock __lock___sfp_recursive_mutex;
struct __lock __lock___atexit_recursive_mutex;
struct __lock __lock___at_quick_exit_mutex;
struct __lock __lock___malloc_recursive_mutex;
struct __lock __lock___env_recursive_mutex;
struct __lock __lock___tz_mutex;
struct __lock __lock___dd_hash_mutex;
struct __lock __lock___arc4random_mutex;

static struct __lock stream_locks[3];

struct __lock *kiln_posix_lock_of_stream(const _LOCK_T *lock)
{
    for (unsigned i = 0; i < 3; i++)
        if (lock == &__sf[i]._lock)
            return &stream_locks[i];
    return NULL;
}

bool kiln_posix_is_lock_of_stream(const struct __lock *lock)
{
    return lock >= stream_locks && lock < stream_locks + 3;
}
