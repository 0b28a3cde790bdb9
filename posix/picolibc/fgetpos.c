/* fgetpos and fsetpos, which older C libraries declare only. */
#include "../posix.h"
#include "bufio.h"

int fgetpos(FILE *file, fpos_t *position)
{
    off_t at = ftello(file);

    if (at < 0)
        return -1;
    *position = at;
    return 0;
}

int fsetpos(FILE *file, BUFIO_FSETPOS_CONST fpos_t *position)
{
    return fseeko(file, *position, SEEK_SET);
}
