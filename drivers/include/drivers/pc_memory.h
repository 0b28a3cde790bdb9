/* Memory maps as a PC's loaders hand them over. */
#ifndef DRIVERS_PC_MEMORY_H
#define DRIVERS_PC_MEMORY_H

#include <stddef.h>
#include <stdint.h>

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

#endif
