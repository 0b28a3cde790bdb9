/*
 * freopen, also of stdin. The old descriptor is closed first, so that the new one gets its number;
 * stdin then reads descriptor 0 instead of the console.
 */
#include <errno.h>
#include "bufio.h"
#include "streams.h"

static int fill(struct console_stream *stream)
{
    ssize_t bytes = kiln_posix_read(0, stream->buffer, stream->size);

    stream->next = 0;
    stream->length = bytes > 0 ? bytes : 0;
    if (bytes < 0)
        return _FDEV_ERR;
    return bytes ? 0 : _FDEV_EOF;
}

static int get_from_descriptor(FILE *file)
{
    struct console_stream *stream = (struct console_stream *)file;
    int result = (file->flags & __SEOF) ? _FDEV_EOF : 0;

    __lock_acquire_recursive(&stream->lock);
    if (result == 0 && stream->next == stream->length)
        result = fill(stream);
    if (result == 0)
        result = (unsigned char)stream->buffer[stream->next++];
    __lock_release_recursive(&stream->lock);
    return result;
}

static void attach(FILE *file, int fd, int flags)
{
    file->flags = (file->flags & ~(__SRD | __SWR | __SERR | __SEOF)) | flags;
    file->unget = 0;
    if (file->flags & __SBUF) {
        struct __file_bufio *bufio = (struct __file_bufio *)file;

        bufio_set_fd(bufio, fd);
        bufio->pos = 0;
        bufio->dir = 0;
        bufio->len = bufio->off = 0;
    } else {
        struct console_stream *stream = (struct console_stream *)file;

        file->get = get_from_descriptor;
        stream->length = stream->next = 0;
    }
}

/* Embedded files cannot be written, so that of the standard streams only stdin can become one. */
FILE *freopen(const char *path, const char *mode, FILE *file)
{
    int open_flags;
    int flags = kiln_posix_mode(mode, &open_flags);
    int old = fileno(file);
    int fd;

    fflush(file);
    if (!flags)
        return NULL;
    if (!path || (file != stdin && !(file->flags & __SBUF))) {
        errno = EBADF;
        return NULL;
    }
    kiln_posix_close(old);
    fd = kiln_posix_open(path, open_flags, 0666);
    if (fd < 0) {
        file->flags &= ~(__SRD | __SWR);
        return NULL;
    }
    attach(file, fd, flags);
    return file;
}
