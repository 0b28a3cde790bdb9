/*
 * What boot has learnt of the machine, as the arguments say it should be: MiB of RAM, but for what
 * firmware keeps, and the count of CPUs; and that all of that RAM is there.
 */
#include <kiln.h>
#include <stdlib.h>
#include <string.h>
#include "tap.h"
#include "this_cpu.h"

#define PIECE_BYTES ((size_t)8 << 20)

/* All that the heap has, in pieces, written and read back. */
static size_t usable_bytes(void)
{
    static volatile uint64_t *blocks[1024];
    const size_t bytes = PIECE_BYTES;
    size_t count = 0;

    while (count < 1024 && (blocks[count] = malloc(bytes)) != NULL) {
        blocks[count][0] = count;
        blocks[count][bytes / 8 - 1] = ~count;
        count++;
    }
    for (size_t i = 0; i < count; i++)
        if (blocks[i][0] != i || blocks[i][bytes / 8 - 1] != ~i)
            return 0;
    return count * bytes;
}

int main(int argc, char **argv)
{
    size_t mebibytes = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
    unsigned cpus = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 0;

    TAP_EQUAL(argc, 3);
    TAP_CHECK(is_privileged());
    TAP_CHECK(kiln_ram_bytes() <= mebibytes << 20);
    TAP_CHECK(kiln_ram_bytes() >= (mebibytes - 2) << 20);
    TAP_EQUAL(kiln_cpu_count(), cpus);
    TAP_CHECK(usable_bytes() > ((mebibytes - 4) << 20) - 2 * PIECE_BYTES);
    TAP_CHECK(strlen(kiln_build_id()) == 40);
    return tap_done();
}
