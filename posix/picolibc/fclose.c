/* fclose, also of the standard streams, which the C library's would neither flush nor close. */
#include "../posix.h"

int fclose(FILE *file)
{
    struct __file_close *closing = (struct __file_close *)file;
    int result;

    if ((file->flags & __SCLOSE) && closing->close)
        return closing->close(file);
    result = fflush(file);
    file->flags &= ~(__SRD | __SWR);
    return result;
}
