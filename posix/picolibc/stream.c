/*
 * fopen and fdopen: the C library's buffered streams, with what it gets wrong put right (the end of
 * input that sticks, positions with a character pushed back, setvbuf), and all of them in a list,
 * so that fflush(NULL) and exit reach them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "bufio.h"
#include "streams.h"

struct file_stream {
    struct __file_bufio bufio;
    struct file_stream *next;
    char buffer[BUFSIZ];
};

static struct file_stream *streams; /* protected by POSIX_GLOBAL_LOCK */

static int get(FILE *file)
{
    return (file->flags & __SEOF) ? _FDEV_EOF : __bufio_get(file);
}

/* Where the program is, which is not where the descriptor is: buffers lie between them. */
static off_t position(struct __file_bufio *bufio)
{
    const FILE *file = &bufio->xfile.cfile.file;

    if (kiln_posix_lseek(bufio_fd(bufio), 0, SEEK_CUR) < 0)
        return -1;
    if (bufio->dir == __SWR)
        return bufio->pos + bufio->len;
    return bufio->pos - (bufio->len - bufio->off) - (file->unget != 0);
}

static off_t seek(FILE *file, off_t offset, int whence)
{
    if (whence == SEEK_CUR) {
        off_t at = position((struct __file_bufio *)file);

        if (at >= 0 && offset == 0 && BUFIO_TELL_COUNTS_UNGET && file->unget)
            return at + 1;
        if (at < 0 || offset == 0)
            return at;
        if (__builtin_add_overflow(at, offset, &offset)) {
            errno = EOVERFLOW;
            return -1;
        }
        whence = SEEK_SET;
    }
    return __bufio_seek(file, offset, whence);
}

static int set_buffer(FILE *file, char *callers, int mode, size_t size)
{
    struct file_stream *stream = (struct file_stream *)file;
    struct __file_bufio *bufio = &stream->bufio;
    bool allocated;
    char *buffer;

    if (__bufio_flush(file) < 0)
        return EOF;
    buffer = kiln_posix_buffer(callers, mode, &size, stream->buffer, BUFSIZ, &allocated);
    if (!buffer)
        return EOF;
    __bufio_lock(file);
    if (bufio->bflags & __BALL)
        free(bufio->buf);
    bufio->bflags = BUFIO_FROM_MALLOC | (allocated ? __BALL : 0) | (mode == _IOLBF ? __BLBF : 0);
    bufio->buf = buffer;
    bufio->size = size;
    __bufio_unlock(file);
    return 0;
}

static int close_stream(FILE *file)
{
    struct file_stream **link = &streams;

    __lock_acquire_recursive(POSIX_GLOBAL_LOCK);
    while (*link != (struct file_stream *)file)
        link = &(*link)->next;
    *link = (*link)->next;
    __lock_release_recursive(POSIX_GLOBAL_LOCK);
    return __bufio_close(file);
}

/* Streams that read are left alone: input that waits in their buffers would be lost. */
int kiln_posix_streams_flush(void)
{
    int result = 0;

    __lock_acquire_recursive(POSIX_GLOBAL_LOCK);
    for (struct file_stream *stream = streams; stream; stream = stream->next)
        if (stream->bufio.dir == __SWR && __bufio_flush(&stream->bufio.xfile.cfile.file) < 0)
            result = EOF;
    __lock_release_recursive(POSIX_GLOBAL_LOCK);
    return result;
}

static FILE *open_stream(int fd, int flags)
{
    struct file_stream *stream = malloc(sizeof(*stream));

    if (!stream)
        return NULL;
    stream->bufio = (struct __file_bufio){
        .xfile = FDEV_SETUP_EXT(__bufio_put, get, __bufio_flush, close_stream, seek, set_buffer,
                                flags | __SBUF),
        .bflags = BUFIO_FROM_MALLOC | (kiln_posix_isatty(fd) ? __BLBF : 0),
        .pos = kiln_posix_lseek(fd, 0, SEEK_CUR),
        .buf = stream->buffer,
        .size = BUFSIZ,
        .BUFIO_CALL(read) = kiln_posix_read,
        .BUFIO_CALL(write) = kiln_posix_write,
        .BUFIO_CALL(lseek) = kiln_posix_lseek,
        .BUFIO_CALL(close) = kiln_posix_close,
    };
    bufio_set_fd(&stream->bufio, fd);
    __bufio_lock_init(&stream->bufio.xfile.cfile.file);
    __lock_acquire_recursive(POSIX_GLOBAL_LOCK);
    stream->next = streams;
    streams = stream;
    __lock_release_recursive(POSIX_GLOBAL_LOCK);
    return &stream->bufio.xfile.cfile.file;
}

FILE *kiln_posix_fdopen(int fd, const char *mode)
{
    int open_flags;
    int flags = kiln_posix_mode(mode, &open_flags);

    if (!flags || kiln_posix_check(fd))
        return NULL;
    return open_stream(fd, flags);
}
FILE *fdopen(int fd, const char *mode) POSIX_ALIAS(kiln_posix_fdopen);

FILE *fopen(const char *path, const char *mode)
{
    int open_flags;
    int flags = kiln_posix_mode(mode, &open_flags);
    FILE *file;
    int fd;

    if (!flags)
        return NULL;
    fd = kiln_posix_open(path, open_flags, 0666);
    if (fd < 0)
        return NULL;
    file = open_stream(fd, flags);
    if (!file)
        kiln_posix_close(fd);
    return file;
}
