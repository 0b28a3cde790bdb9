/*
 * What streams that read need beyond those that write. The linker puts __wrap___srefill_r where
 * newlib calls __srefill_r, through which all reading goes: garbage collection drops this, and the
 * console's input with it, from a program that never reads.
 */
#include <kiln/console.h>
#include "../posix.h"
#include "posix_library.h"
#include "reading.h"

int __real___srefill_r(struct _reent *reent, FILE *file);
int __wrap___srefill_r(struct _reent *reent, FILE *file);

/* A prompt that stands in stdout's buffer is shown before the program waits. */
static ssize_t read_stream(int fd, void *data, size_t bytes)
{
    if (kiln_posix_is_console(fd))
        kiln_posix_stdout_flush(NULL);
    return kiln_posix_read(fd, data, bytes);
}

int __wrap___srefill_r(struct _reent *reent, FILE *file)
{
    kiln_posix_read_stream = read_stream;
    return __real___srefill_r(reent, file);
}
