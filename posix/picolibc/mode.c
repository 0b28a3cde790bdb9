/* The mode of fopen: "r", "w+b" and so on. */
#include <errno.h>
#include <fcntl.h>
#include "streams.h"

static int direction(char letter, int *open_flags)
{
    switch (letter) {
    case 'r':
        *open_flags = O_RDONLY;
        return __SRD;
    case 'w':
        *open_flags = O_WRONLY | O_CREAT | O_TRUNC;
        return __SWR;
    case 'a':
        *open_flags = O_WRONLY | O_CREAT | O_APPEND;
        return __SWR;
    default:
        errno = EINVAL;
        return 0;
    }
}

int kiln_posix_mode(const char *mode, int *open_flags)
{
    int flags = direction(*mode, open_flags);

    while (flags && *++mode) {
        if (*mode == '+') {
            flags = __SRD | __SWR;
            *open_flags = (*open_flags & ~O_ACCMODE) | O_RDWR;
        } else if (*mode == 'x') {
            *open_flags |= O_EXCL;
        }
    }
    return flags;
}
