/* The system: what was found at boot. */
#ifndef KILN_SYSTEM_H
#define KILN_SYSTEM_H

#include <kiln/api.h>

KILN_BEGIN

/** Name of the board the image was built for, such as "raspi3". Any context. */
const char *kiln_board_name(void);

/** The image's build id in hexadecimal; a panic prints it so that the right ELF is found. Any
 * context. */
const char *kiln_build_id(void);

/** Value of `name=value` among the boot arguments (before the program's own), or NULL; the next
 * call overwrites it. Thread context. */
const char *kiln_boot_option(const char *name);

/** Bytes of RAM that were found at boot, of which mem= left these. Any context. */
size_t kiln_ram_bytes(void);

/** A random number, from the CPU or the board where they have a source, else from the counter: for
 * keys and seeds, not for cryptography. Any context. */
uint64_t kiln_random(void);

KILN_END

#endif
