/* fdopen, which newlib's gives a stream for any number. */
#include "../posix.h"
#include "posix_library.h"

FILE *kiln_posix_fdopen(int fd, const char *mode)
{
    return kiln_posix_check(fd) ? NULL : _fdopen_r(_REENT, fd, mode);
}
FILE *fdopen(int fd, const char *mode) POSIX_ALIAS(kiln_posix_fdopen);
