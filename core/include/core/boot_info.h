/* What a board's board_early_init() tells core about the machine. Boot. */
#ifndef CORE_BOOT_INFO_H
#define CORE_BOOT_INFO_H

#include <stddef.h>
#include <stdint.h>

#define BOOT_RANGES         24
#define BOOT_ARGUMENT_BYTES 16384

struct boot_range {
    uintptr_t start;
    uintptr_t end;
};

/*
 * RAM, first; then what in it is not ours: firmware's, not the image, which core knows. Reserved
 * pages are neither mapped nor given to anyone. Ranges beyond BOOT_RANGES are left out.
 */
void boot_memory_add(uintptr_t base, size_t bytes);
void boot_memory_reserve(uintptr_t base, size_t bytes);

/* The boot arguments, text that ends at a 0 or after that many bytes, at most BOOT_ARGUMENT_BYTES.
 * They are copied, split into words and unquoted the way a shell does. Once. */
void boot_arguments_set(const char *from, size_t bytes);

/* CPUs that exist, this one included; 1 if never called. */
void boot_cpu_count_set(unsigned count);

/* The rest is for core itself. */
unsigned boot_cpu_count(void);

/* RAM that is not reserved, in whole pages; a range may be empty. */
struct boot_memory {
    size_t bytes; /* of all ranges, once boot_memory_limit() has been */
    unsigned count;
    struct boot_range ranges[BOOT_RANGES];
};
extern struct boot_memory boot_memory;

/* Leaves out what lies from an address on, applies mem=, and counts the rest for kiln_ram_bytes().
 */
void boot_memory_limit(uintptr_t addresses_end);

/* argv: the program's words, those behind `--`, with its name in front; argv[argc] is NULL. */
char **boot_program_arguments(int *argc);

#endif
