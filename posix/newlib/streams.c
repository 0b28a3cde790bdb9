/*
 * Under newlib's streams: their buffers, what they write, and their end. Every program that uses a
 * stream has this file's _write_r, and with it what exit and a panic need.
 */
#include <errno.h>
#include <kiln/program.h>
#include "../posix.h"
#include "memory.h"
#include "posix_library.h"
#include "reading.h"

#define ASPRINTF_BYTES 64 /* newlib's: a string that grows begins with them */

void __sinit(struct _reent *reent);

/*
 * The standard streams are made before main: newlib 3.3 otherwise loses them from the list that
 * fflush(NULL) walks when the first fopen() comes after the first printf().
 */
__attribute__((constructor(101))) static void make_standard_streams(void)
{
    __sinit(_GLOBAL_REENT);
}

_ssize_t _write_r(struct _reent *reent, int fd, const void *data, size_t bytes)
{
    ssize_t written = kiln_posix_write(fd, data, bytes);

    if (written < 0)
        reent->_errno = errno;
    return written;
}

ssize_t (*kiln_posix_read_stream)(int fd, void *data, size_t bytes);

/* Every stream has a pointer to this, also in a program that never reads. */
_ssize_t _read_r(struct _reent *reent, int fd, void *data, size_t bytes)
{
    ssize_t got = kiln_posix_read_stream(fd, data, bytes);

    if (got < 0)
        reent->_errno = errno;
    return got;
}

static void no_buffer(FILE *file)
{
    file->_flags |= __SNBF;
    file->_bf._base = file->_p = file->_nbuf;
    file->_bf._size = 1;
}

static unsigned char *find_buffer(FILE *file, int *bytes)
{
    static unsigned char own[2][CONSOLE_BUFFER_BYTES]; /* stdin, stdout */
    size_t index = file - __sf;
    void *buffer;

    if (index < 2) {
        *bytes = CONSOLE_BUFFER_BYTES;
        return own[index];
    }
    *bytes = (file->_flags & __SMBF) ? ASPRINTF_BYTES : BUFSIZ;
    buffer = kiln_posix_stream_memory ? kiln_posix_stream_memory->allocate(1, *bytes) : NULL;
    if (buffer)
        file->_flags |= __SMBF | (kiln_posix_isatty(file->_file) ? __SLBF : 0);
    return buffer;
}

/* A stream's buffer when it is first used. newlib's would get memory for stdout too. */
void __smakebuf_r(struct _reent *reent, FILE *file)
{
    unsigned char *buffer = NULL;
    int bytes;

    (void)reent;
    if (!(file->_flags & __SNBF))
        buffer = find_buffer(file, &bytes);
    if (buffer) {
        file->_bf._base = file->_p = buffer;
        file->_bf._size = bytes;
    } else if (!(file->_flags & __SSTR)) {
        file->_flags &= ~__SLBF;
        no_buffer(file);
    }
}

int kiln_posix_stdout_flush(FILE *file)
{
    (void)file;
    return fflush(&__sf[1]);
}

int kiln_posix_streams_flush(void)
{
    return fflush(NULL);
}

static void flush(FILE *file, void (*write)(char c))
{
    const unsigned char *next = file->_bf._base;
    size_t left = file->_p - file->_bf._base;

    if (!(file->_flags & __SWR) || left > (size_t)file->_bf._size)
        return;
    file->_p = file->_bf._base;
    while (left--)
        write(*next++);
}

void kiln_program_flush(void (*write)(char c))
{
    flush(&__sf[1], write);
    flush(&__sf[2], write);
}
