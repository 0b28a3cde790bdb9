/* What the shared files of posix/ have to know of newlib. */
#ifndef POSIX_LIBRARY_H
#define POSIX_LIBRARY_H

#include <locale.h>
#include <reent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/lock.h>

/* Makes and ends a lock: see library_locks.c. */
struct __lock *kiln_posix_lock_create(const _LOCK_T *place, size_t bytes);
void kiln_posix_lock_destroy(struct __lock *lock);
#define POSIX_LOCK_CREATE(place, bytes) kiln_posix_lock_create(place, bytes)
#define POSIX_LOCK_DESTROY(lock)        kiln_posix_lock_destroy(lock)

/* Replaced by posix/ and called by newlib itself: see start.c. */
void __smakebuf_r(struct _reent *reent, FILE *file);
#define POSIX_REPLACEMENTS                                                                         \
    (replacement_t) malloc, (replacement_t)_malloc_r, (replacement_t)__retarget_lock_acquire,      \
        (replacement_t)abort, (replacement_t)__assert_func, (replacement_t)__getreent,             \
        (replacement_t)_write_r, (replacement_t)__smakebuf_r, (replacement_t)_localeconv_r

#endif
