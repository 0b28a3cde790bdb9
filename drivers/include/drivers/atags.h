/*
 * ATAGS, the list that firmware without a device tree passes. Linux
 * Documentation/arch/arm/booting.rst and arch/arm/include/uapi/asm/setup.h.
 */
#ifndef DRIVERS_ATAGS_H
#define DRIVERS_ATAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct atags {
    uintptr_t memory_base;
    size_t memory_bytes;   /* 0: not told */
    const char *arguments; /* in the list itself, ended by a 0 or after arguments_bytes */
    size_t arguments_bytes;
};

/*
 * Reads the list, of which at most max_bytes may be touched, whatever it contains. False when it
 * is no list of tags. Boot, while the list is mapped. About 15 instructions for each tag.
 */
bool atags_read(const void *list, size_t max_bytes, struct atags *result);

#endif
