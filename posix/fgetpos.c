/* fgetpos and fsetpos, which the C library declares only. */
#include "posix.h"

int fgetpos(FILE *file, fpos_t *position)
{
    off_t at = ftello(file);

    if (at < 0)
        return -1;
    *position = at;
    return 0;
}

int fsetpos(FILE *file, fpos_t *position)
{
    return fseeko(file, *position, SEEK_SET);
}
