/* What the shared files of posix/ have to know of picolibc. */
#ifndef POSIX_LIBRARY_H
#define POSIX_LIBRARY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/lock.h>

/* Makes and ends a lock, which needs memory. */
#define POSIX_LOCK_CREATE(place, bytes) calloc(1, bytes)
#define POSIX_LOCK_DESTROY(lock)        free(lock)

/* Replaced by posix/ and called by picolibc itself: see start.c. */
uint16_t __aarch64_swp2_relax(uint16_t value, uint16_t *word);
#define POSIX_REPLACEMENTS                                                                         \
    (replacement_t) malloc, (replacement_t)__retarget_lock_acquire, (replacement_t)fflush,         \
        (replacement_t)fileno, (replacement_t)setvbuf, (replacement_t)fgets, (replacement_t)abort, \
        (replacement_t)__aarch64_swp2_relax

#endif
