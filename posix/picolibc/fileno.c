/* fileno, also of the standard streams, which are not the C library's kind of buffered file. */
#include <errno.h>
#include "../posix.h"
#include "bufio.h"

int fileno(FILE *file)
{
    if (file->flags & __SBUF)
        return bufio_fd((struct __file_bufio *)file);
    if (file == stdin)
        return 0;
    if (file == stdout)
        return 1;
    if (file == stderr)
        return 2;
    errno = EBADF;
    return -1;
}
