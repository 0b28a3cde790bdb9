/* Names of functions, from the table that the build puts into the image. */
#ifndef CORE_SYMBOLS_H
#define CORE_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/* The function around an address and the distance from its start; NULL when there is none. Any
 * context. Cost: linear in the number of functions. */
const char *core_symbol(uintptr_t address, size_t *offset);

#endif
