/* _exit, the end of exit() and of a program that leaves without it. */
#include <unistd.h>
#include <kiln/panic.h>
#include "posix.h"

void _exit(int status)
{
    if (kiln_posix_streams_flush)
        kiln_posix_streams_flush();
    if (kiln_posix_stdout_flush)
        kiln_posix_stdout_flush(NULL);
    kiln_exit(status);
}
