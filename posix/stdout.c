/* Standard output: a stream of Kiln's own over the console, line-buffered. */
#include <kiln/console.h>
#include <kiln/program.h>
#include "posix.h"

static int put(char c, FILE *file);

static char buffer[CONSOLE_BUFFER_BYTES];
static struct console_stream stream = {
    .file = FDEV_SETUP_STREAM(put, NULL, kiln_posix_stdout_flush, __SWR),
    .own = buffer,
    .buffer = buffer,
    .size = sizeof(buffer),
    .line = true,
};
FILE *const stdout = &stream.file;

/* Only then empty: what a fault in the console's driver stops, the panic prints. */
static void write_out(void)
{
    kiln_console_write(stream.buffer, stream.length);
    stream.length = 0;
}

static int put(char c, FILE *file)
{
    (void)file;
    __lock_acquire_recursive(&stream.lock);
    stream.buffer[stream.length++] = c;
    if (stream.length >= stream.size || (c == '\n' && stream.line))
        write_out();
    __lock_release_recursive(&stream.lock);
    return 0;
}

int kiln_posix_stdout_flush(FILE *file)
{
    (void)file;
    __lock_acquire_recursive(&stream.lock);
    if (stream.length)
        write_out();
    __lock_release_recursive(&stream.lock);
    return 0;
}

void kiln_program_flush(void (*write)(char c))
{
    unsigned length = stream.length;

    stream.length = 0;
    for (unsigned i = 0; i < length && i < stream.size; i++)
        write(stream.buffer[i]);
}
