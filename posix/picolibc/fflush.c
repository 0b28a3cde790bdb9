/* fflush, also of all streams; the C library's dereferences NULL. */
#include "../posix.h"

static int flush_all(void)
{
    int result = kiln_posix_streams_flush ? kiln_posix_streams_flush() : 0;

    if (kiln_posix_stdout_flush)
        kiln_posix_stdout_flush(NULL);
    return result;
}

int fflush(FILE *file)
{
    if (!file)
        return flush_all();
    return file->flush ? file->flush(file) : 0;
}
