/* What a board's board_early_init() tells core about the machine. Boot. */
#ifndef CORE_BOOT_INFO_H
#define CORE_BOOT_INFO_H

#include <stddef.h>
#include <stdint.h>

#define BOOT_RANGES 24

struct boot_range {
    uintptr_t start;
    uintptr_t end;
};

/* RAM, and what in it is not ours (firmware's; not the image, which core knows). The first
 * range of RAM is the one that mem= limits. Ranges beyond BOOT_RANGES are left out. */
void boot_memory_add(uintptr_t base, size_t bytes);
void boot_memory_reserve(uintptr_t base, size_t bytes);

/* The boot arguments; text need not be terminated and has to stay until core has copied it,
 * which is before page 0 is unmapped and before memory is given away. */
void boot_arguments_set(const char *text, size_t bytes);

/* CPUs that exist, this one included; 1 if never called. */
void boot_cpu_count_set(unsigned count);

/* The rest is for core itself. */
unsigned boot_cpu_count(void);
size_t boot_ram_bytes(void);

/* Applies mem=, then calls function for each range of RAM (page-aligned, inwards). */
void boot_limit_memory(void);
void boot_each_memory(void (*function)(uintptr_t start, uintptr_t end));

/* Calls function for each page-aligned piece of RAM that nothing is reserved in. */
void boot_each_free(void (*function)(uintptr_t start, uintptr_t end));

/* Copies the arguments into memory of our own. 0 or -ENOMEM. */
int boot_arguments_keep(void);

/* Splits the program's words (what follows ` -- `) the way a shell does; argv[argc] is NULL.
 * 0 or -ENOMEM. Once. */
int boot_program_arguments(int *argc, char ***argv);

#endif
