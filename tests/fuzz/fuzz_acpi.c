/*
 * libFuzzer's target for the readers of ACPI's tables, and for power-off and reset. The input is a
 * machine's memory as tests/host/pc_data has it, but for its first word: the root pointer's
 * address, and in the top bit whether checksums are mended, without which nothing gets far.
 */
#include "../host/acpi_invariants.h"

#define MENDS ((uint64_t)1 << 63)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    uint64_t root;

    fake_memory_clear();
    root = fake_memory_parse(data, bytes);
    fake_memory.mends_checksums = root & MENDS;
    acpi_set_root(root & ~MENDS);
    if (!acpi_is_sane())
        abort();
    return 0;
}
