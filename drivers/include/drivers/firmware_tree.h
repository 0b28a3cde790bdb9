/* Handing what a device tree says to boot. */
#ifndef DRIVERS_FIRMWARE_TREE_H
#define DRIVERS_FIRMWARE_TREE_H

#include <core/device_tree.h>
#include <stdint.h>

/*
 * Reads the tree at this address, which is mapped as far as its header says; then adds the memory,
 * reserves what the tree reserves and the tree itself, sets the boot arguments and, if it has any,
 * the count of CPUs. 0, or -EINVAL or -ENOSPC as device_tree_read does, with nothing handed on.
 * Boot.
 */
int firmware_tree_apply(uintptr_t address, struct device_tree_info *info);

#endif
