/* Standard error: the console, unbuffered. */
#include <kiln/console.h>
#include "../posix.h"

static int put(char c, FILE *file)
{
    (void)file;
    kiln_console_write(&c, 1);
    return 0;
}

static FILE stream = FDEV_SETUP_STREAM(put, NULL, NULL, __SWR);
FILE *const stderr = &stream;
