/*
 * freopen. newlib's closes a standard stream without its descriptor, so that stdin's new file would
 * not get number 0, and takes stdout away before it finds that no file can be written.
 */
#include <errno.h>
#include "../posix.h"
#include "posix_library.h"

FILE *freopen(const char *path, const char *mode, FILE *file)
{
    fflush(file);
    if (!path || file == stdout || file == stderr) {
        errno = EBADF;
        return NULL;
    }
    if (file->_flags && !file->_close)
        kiln_posix_close(file->_file);
    return _freopen_r(_REENT, path, mode, file);
}
