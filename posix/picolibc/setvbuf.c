/* setvbuf, also of the standard streams; the C library's uses a buffer that it has freed. */
#include <stdlib.h>
#include "streams.h"

char *kiln_posix_buffer(char *callers, int mode, size_t *size, char *own, size_t own_size,
                        bool *allocated)
{
    *allocated = false;
    if (mode == _IONBF)
        *size = 1;
    else if (callers && *size)
        return callers;
    else if (*size > own_size) {
        callers = malloc(*size);
        *allocated = callers != NULL;
        return callers;
    } else if (*size == 0)
        *size = own_size;
    return own;
}

/* Input that waits in the old buffer would be lost: that is refused. */
static int set_console(struct console_stream *stream, char *callers, int mode, size_t size)
{
    bool allocated;
    char *buffer;

    fflush(&stream->file);
    if (stream->next < stream->length)
        return EOF;
    buffer = kiln_posix_buffer(callers, mode, &size, stream->own, CONSOLE_BUFFER_BYTES, &allocated);
    if (!buffer)
        return EOF;
    __lock_acquire_recursive(&stream->lock);
    if (stream->allocated)
        free(stream->buffer);
    stream->buffer = buffer;
    stream->size = size;
    stream->allocated = allocated;
    stream->line = mode == _IOLBF;
    __lock_release_recursive(&stream->lock);
    return 0;
}

int setvbuf(FILE *file, char *buffer, int mode, size_t size)
{
    struct __file_ext *ext = (struct __file_ext *)file;

    if ((mode != _IOFBF && mode != _IOLBF && mode != _IONBF) || size > INT32_MAX)
        return EOF;
    if (file == stdin || file == stdout)
        return set_console((struct console_stream *)file, buffer, mode, size);
    if ((file->flags & __SEXT) && ext->setvbuf)
        return ext->setvbuf(file, buffer, mode, size);
    return mode == _IONBF ? 0 : EOF;
}
