/* Standard output: a stream of Kiln's own over the console, line-buffered. */
#include <kiln/console.h>
#include <kiln/program.h>
#include "streams.h"

#define FLUSH (-1)

static int put(char c, FILE *file);

KILN_NOINIT static char buffer[CONSOLE_BUFFER_BYTES];
static struct console_stream stream = {
    .file = FDEV_SETUP_STREAM(put, NULL, kiln_posix_stdout_flush, __SWR),
    .own = buffer,
    .buffer = buffer,
    .size = sizeof(buffer),
    .line = true,
};
FILE *const stdout = &stream.file;

/*
 * One more character, or FLUSH. The buffer is empty only after the console has it all: what a fault
 * in the console's driver stops, the panic prints. Once in the image, not once in each caller.
 */
static int __attribute__((noinline)) store(int c, FILE *file)
{
    struct console_stream *self = (struct console_stream *)file;
    unsigned length;

    __lock_acquire_recursive(&self->lock);
    length = self->length;
    if (c != FLUSH)
        self->buffer[length++] = c;
    self->length = length;
    if (length && (c == FLUSH || length >= self->size || (c == '\n' && self->line))) {
        kiln_console_write(self->buffer, length);
        self->length = 0;
    }
    __lock_release_recursive(&self->lock);
    return 0;
}

static int put(char c, FILE *file)
{
    return store((unsigned char)c, file);
}

int kiln_posix_stdout_flush(FILE *file)
{
    (void)file;
    return store(FLUSH, &stream.file);
}

void kiln_program_flush(void (*write)(char c))
{
    const char *next = stream.buffer;
    unsigned left = stream.length <= stream.size ? stream.length : 0;

    stream.length = 0;
    while (left--)
        write(*next++);
}
