/* Standard input: a stream of Kiln's own over the console. */
#include <kiln/console.h>
#include "streams.h"

static int get(FILE *file);

static char buffer[CONSOLE_BUFFER_BYTES];
static struct console_stream stream = {
    .file = FDEV_SETUP_STREAM(NULL, get, NULL, __SRD),
    .own = buffer,
    .buffer = buffer,
    .size = sizeof(buffer),
};
FILE *const stdin = &stream.file;

/* A prompt that stands in stdout's buffer is shown before the program waits. */
static int fill(void)
{
    if (kiln_posix_stdout_flush)
        kiln_posix_stdout_flush(NULL);
    stream.next = 0;
    stream.length = kiln_console_read(stream.buffer, stream.size);
    return stream.length ? 0 : _FDEV_EOF;
}

/* The end of input stays the end until clearerr(), also when a person could type on. */
static int get(FILE *file)
{
    int result = (file->flags & __SEOF) ? _FDEV_EOF : 0;

    __lock_acquire_recursive(&stream.lock);
    if (result == 0 && stream.next == stream.length)
        result = fill();
    if (result == 0)
        result = (unsigned char)stream.buffer[stream.next++];
    __lock_release_recursive(&stream.lock);
    return result;
}
