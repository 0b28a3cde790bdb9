/* fileno, also of the standard streams, which are not the C library's kind of buffered file. */
#include <errno.h>
#include <stdio-bufio.h>
#include "posix.h"

int fileno(FILE *file)
{
    if (file->flags & __SBUF)
        return ((struct __file_bufio *)file)->fd;
    if (file->flags & CONSOLE_STREAM)
        return file == stdin ? 0 : 1;
    if (file == stderr)
        return 2;
    errno = EBADF;
    return -1;
}
