/* What PVH's and Multiboot2's readers share. */
#ifndef PC_FIRMWARE_H
#define PC_FIRMWARE_H

#include <drivers/pc_boot_info.h>
#include <drivers/pc_memory.h>

#define PVH_MAGIC 0x336EC578u

/* The size of PVH's information, from version 1 on. */
#define PVH_BYTES 56

/* pc_boot_info_apply for the one and the other, which has so many bytes; info is all zeros before.
 */
int pvh_apply(uintptr_t argument, struct pc_boot_info *info);
int multiboot2_apply(uintptr_t argument, size_t bytes, struct pc_boot_info *info);

#endif
