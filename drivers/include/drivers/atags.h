/*
 * ATAGS, the list that firmware without a device tree passes. Linux
 * Documentation/arch/arm/booting.rst and arch/arm/include/uapi/asm/setup.h.
 */
#ifndef DRIVERS_ATAGS_H
#define DRIVERS_ATAGS_H

#include <stddef.h>
#include <stdint.h>

#define ATAG_MEMORY       0x54410002u /* bytes, base */
#define ATAG_COMMAND_LINE 0x54410009u /* text, ended by a 0 or with the tag */

/*
 * The value of the list's first tag of this number, and how many bytes it has; NULL and 0 when
 * there is none, or this is no list of tags. At most max_bytes of the list are touched, whatever it
 * contains. Boot, while the list is mapped. About 10 instructions for each tag.
 */
const uint32_t *atags_find(const uint32_t *list, size_t max_bytes, uint32_t tag, size_t *bytes);

#endif
