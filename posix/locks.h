/* The inside of the C library's locks. */
#ifndef POSIX_LOCKS_H
#define POSIX_LOCKS_H

#include <stdbool.h>
#include <stdint.h>
#include <kiln/mutex.h>
#include <sys/lock.h>

/* The C library's lock, recursive; zeros are a free one. Only its owner touches what is behind the
 * mutex. */
struct __lock {
    struct kiln_mutex mutex;
    uint32_t depth;
    bool is_handlers; /* the owner is an interrupt handler, not the thread that it interrupts */
};

#endif
