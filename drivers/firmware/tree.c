#include <drivers/firmware_tree.h>

#include <core/boot_info.h>
#include <errno.h>
#include <lib/fdt.h>

int firmware_tree_apply(uintptr_t address, struct device_tree_info *info)
{
    const void *tree = (const void *)address;
    int error = device_tree_read(tree, fdt_total_bytes(tree), info);

    if (error)
        return error;
    for (unsigned i = 0; i < info->memory_count; i++)
        boot_memory_add(info->memory[i].base, info->memory[i].bytes);
    for (unsigned i = 0; i < info->reserved_count; i++)
        boot_memory_reserve(info->reserved[i].base, info->reserved[i].bytes);
    boot_memory_reserve(address, info->total_bytes);
    boot_arguments_set(info->arguments, info->argument_bytes);
    if (info->cpu_count)
        boot_cpu_count_set(info->cpu_count);
    return 0;
}
