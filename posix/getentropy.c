/* getentropy, behind arc4random. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <kiln/system.h>
#include "posix.h"

int kiln_posix_getentropy(void *data, size_t bytes)
{
    if (bytes > 256) {
        errno = EIO;
        return -1;
    }
    for (size_t done = 0; done < bytes; done += sizeof(uint64_t)) {
        uint64_t random = kiln_random();
        size_t part = bytes - done < sizeof(random) ? bytes - done : sizeof(random);

        memcpy((char *)data + done, &random, part);
    }
    return 0;
}
int getentropy(void *data, size_t bytes) POSIX_ALIAS(kiln_posix_getentropy);
