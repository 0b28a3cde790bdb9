#include <drivers/firmware_tree.h>

int firmware_tree_apply(uintptr_t address, struct device_tree_info *info)
{
    return device_tree_apply((const void *)address, SIZE_MAX, info);
}
