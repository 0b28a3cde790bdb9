/* newlib's locks: those with a name, each in the image only when it is used, and the streams'. */
#include "../locks.h"
#include "../posix.h"
#include "memory.h"
#include "posix_library.h"

struct __lock __lock___sinit_recursive_mutex;
struct __lock __lock___sfp_recursive_mutex;
struct __lock __lock___atexit_recursive_mutex;
struct __lock __lock___at_quick_exit_mutex;
struct __lock __lock___malloc_recursive_mutex;
struct __lock __lock___env_recursive_mutex;
struct __lock __lock___tz_mutex;
struct __lock __lock___dd_hash_mutex;
struct __lock __lock___arc4random_mutex;

/* Those of the standard streams, which need no memory. */
static struct __lock stream_locks[3];

struct __lock *kiln_posix_lock_create(const _LOCK_T *place, size_t bytes)
{
    for (unsigned i = 0; i < 3; i++)
        if (place == &__sf[i]._lock)
            return &stream_locks[i];
    return kiln_posix_stream_memory ? kiln_posix_stream_memory->allocate(1, bytes) : NULL;
}

void kiln_posix_lock_destroy(struct __lock *lock)
{
    if (lock < stream_locks || lock >= stream_locks + 3)
        kiln_posix_stream_memory->release(lock);
}
