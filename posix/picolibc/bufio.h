/*
 * The C library's buffered file, of which there are two kinds. In newer releases of picolibc it
 * keeps the descriptor in a pointer and calls that take either, close() wants to be told that the
 * file came from malloc, ftell() counts a character that was pushed back, and fsetpos() takes a
 * const.
 */
#ifndef POSIX_BUFIO_H
#define POSIX_BUFIO_H

#include <stdio-bufio.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __BFPTR
#define BUFIO_CALL(name)        name##_int
#define BUFIO_FROM_MALLOC       __BFALL
#define BUFIO_TELL_COUNTS_UNGET true
#define BUFIO_FSETPOS_CONST     const

static inline int bufio_fd(const struct __file_bufio *bufio)
{
    return (int)(intptr_t)bufio->ptr;
}

static inline void bufio_set_fd(struct __file_bufio *bufio, int fd)
{
    bufio->ptr = (const void *)(intptr_t)fd;
}
#else
#define BUFIO_CALL(name)        name
#define BUFIO_FROM_MALLOC       0
#define BUFIO_TELL_COUNTS_UNGET false
#define BUFIO_FSETPOS_CONST

static inline int bufio_fd(const struct __file_bufio *bufio)
{
    return bufio->fd;
}

static inline void bufio_set_fd(struct __file_bufio *bufio, int fd)
{
    bufio->fd = fd;
}
#endif

#endif
