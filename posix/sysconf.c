/* sysconf, for what programs ask most. */
#include <errno.h>
#include <time.h>
#include <unistd.h>
#include <kiln/cpu.h>
#include <kiln/system.h>
#include "posix.h"

#define PAGE_BYTES 4096

long kiln_posix_sysconf(int name)
{
    switch (name) {
    case _SC_PAGESIZE:
        return PAGE_BYTES;
    case _SC_PHYS_PAGES:
        return (long)(kiln_ram_bytes() / PAGE_BYTES);
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN:
        return kiln_cpu_count();
    case _SC_CLK_TCK:
        return CLOCKS_PER_SEC;
    default:
        errno = EINVAL;
        return -1;
    }
}
long sysconf(int name) POSIX_ALIAS(kiln_posix_sysconf);
