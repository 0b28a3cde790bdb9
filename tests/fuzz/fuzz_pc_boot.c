/*
 * libFuzzer's target for what a PC's loader hands over, by PVH or Multiboot2: memory maps,
 * arguments, framebuffer. The input is a machine's memory as tests/host/pc_data has it.
 */
#include "../host/pc_boot.h"

static bool is_pvh(uint64_t argument)
{
    const void *start = core_map_readable(argument, sizeof(uint32_t));
    uint32_t first;

    memcpy(&first, start, sizeof(first));
    return first == PVH_MAGIC;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct pc_boot_info info;
    uint64_t argument;
    int result;

    fake_memory_clear();
    argument = fake_memory_parse(data, bytes);
    result = pc_apply(argument, &info);
    if (!pc_boot_is_sane(&info, result))
        abort();
    if (result == 0 && is_pvh(argument) && !pvh_map_is_kept(argument))
        abort();
    return 0;
}
