#include <board.h>
#include <drivers/firmware_tree.h>
#include <lib/fdt.h>

int firmware_tree_apply(uintptr_t address, struct device_tree_info *info)
{
    return device_tree_apply((const void *)address, SIZE_MAX, info);
}

size_t board_firmware_data_bytes(uintptr_t boot_argument)
{
    return fdt_total_bytes((const void *)boot_argument);
}
