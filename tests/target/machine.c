/*
 * What boot has learnt of the machine, as the arguments say it should be: MiB of RAM, but for what
 * firmware keeps, and the count of CPUs; and that all of that RAM is there.
 */
#include <kiln.h>
#include <stdlib.h>
#include <string.h>
#include "tap.h"
#include "this_cpu.h"

#define PIECE_BYTES      ((size_t)8 << 20)
#define DESCRIPTOR_SHARE 128 /* 32 bytes for each page */
#define RESERVE_SHARE    32  /* of two zones, what only drivers get: at most 16 MiB */
#define RESERVE_MOST     ((size_t)16 << 20)

/* What a program has to get at least of so many MiB, in pieces that may not fit at the ends. */
static size_t least_bytes(size_t mebibytes)
{
    size_t bytes = (mebibytes - 4) << 20;
    size_t reserve = bytes / RESERVE_SHARE;

    if (reserve > RESERVE_MOST)
        reserve = RESERVE_MOST;
    return bytes - bytes / DESCRIPTOR_SHARE - reserve - 2 * PIECE_BYTES;
}

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
    TAP_CHECK(usable_bytes() > least_bytes(mebibytes));
    TAP_CHECK(strlen(kiln_build_id()) == 40);
    return tap_done();
}
