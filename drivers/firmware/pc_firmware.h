/* What PVH's and Multiboot2's readers share. */
#ifndef PC_FIRMWARE_H
#define PC_FIRMWARE_H

#include <drivers/pc_boot_info.h>

#define PVH_MAGIC 0x336EC578u

/* The size of PVH's information, from version 1 on. */
#define PVH_BYTES 56

/* Where an entry of a memory map has what, in bytes from its start. */
struct pc_memory_format {
    uint8_t base; /* 64 bits */
    uint8_t size; /* 64 bits, in units of 1 << size_shift bytes */
    uint8_t type; /* 32 bits */
    uint8_t size_shift;
    uint8_t entry_bytes; /* at least */
    uint32_t ram_types;  /* a set of the types below 32 */
};

/* As the BIOS has it (ACPI 6.5, 15.1; type 1 is RAM), and UEFI (UEFI Specification 2.10, 7.2.3). */
extern const struct pc_memory_format pc_memory_bios, pc_memory_efi;

/* A memory map that may be read; stride is at least the format's entry_bytes. */
struct pc_memory_map {
    const struct pc_memory_format *format;
    const char *entries;
    size_t count;
    size_t stride;
};

/* Hands it on to core, whatever it contains. */
void pc_memory_apply(const struct pc_memory_map *map);

/* pc_boot_info_apply for the one and the other, which has so many bytes; info is all zeros before.
 */
int pvh_apply(uintptr_t argument, struct pc_boot_info *info);
int multiboot2_apply(uintptr_t argument, size_t bytes, struct pc_boot_info *info);

#endif
