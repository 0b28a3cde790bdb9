/* Handing what firmware's device tree says to boot; with it comes board_firmware_data_bytes(). */
#ifndef DRIVERS_FIRMWARE_TREE_H
#define DRIVERS_FIRMWARE_TREE_H

#include <core/device_tree.h>
#include <stdint.h>

/* device_tree_apply on the tree at this address, which is mapped as far as its header says. Boot.
 */
int firmware_tree_apply(uintptr_t address, struct device_tree_info *info);

#endif
