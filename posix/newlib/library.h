/* What the shared files of posix/ have to know of newlib. */
#ifndef POSIX_LIBRARY_H
#define POSIX_LIBRARY_H

#include <reent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/lock.h>

/* newlib's own, shared by the threads: the standard streams. */
extern __FILE __sf[3];

/* The lock of a standard stream, which thus needs no memory; NULL for any other object's. */
struct __lock *kiln_posix_lock_of_stream(const _LOCK_T *lock);
#define POSIX_LOCK_OF(lock) kiln_posix_lock_of_stream(lock)

/* Whether a lock is one of those, and not from malloc. */
bool kiln_posix_is_lock_of_stream(const struct __lock *lock);
#define POSIX_IS_OWN_LOCK(lock) kiln_posix_is_lock_of_stream(lock)

/* Replaced by posix/ and called by newlib itself: see start.c. */
void __smakebuf_r(struct _reent *reent, FILE *file);
#define POSIX_REPLACEMENTS                                                                         \
    (replacement_t) malloc, (replacement_t)_malloc_r, (replacement_t)__retarget_lock_acquire,      \
        (replacement_t)abort, (replacement_t)__assert_func, (replacement_t)__getreent,             \
        (replacement_t)_write_r, (replacement_t)__smakebuf_r

#endif
