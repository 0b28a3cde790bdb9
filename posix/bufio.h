/*
 * The C library's buffered file. Newer releases of picolibc keep the descriptor in a pointer, and
 * calls that take either; fsetpos takes a const there.
 */
#ifndef POSIX_BUFIO_H
#define POSIX_BUFIO_H

#include <stdio-bufio.h>
#include <stdint.h>

#ifdef __BFPTR
#define BUFIO_CALL(name)    name##_int
#define BUFIO_FSETPOS_CONST const

static inline int bufio_fd(const struct __file_bufio *bufio)
{
    return (int)(intptr_t)bufio->ptr;
}

static inline void bufio_set_fd(struct __file_bufio *bufio, int fd)
{
    bufio->ptr = (const void *)(intptr_t)fd;
}
#else
#define BUFIO_CALL(name) name
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
