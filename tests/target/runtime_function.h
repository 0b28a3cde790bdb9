/* Functions of the runtime's own, which a program cannot name: their addresses stand in the image's
 * symbol table (core/symbols.c). Those that the image does not need are not in it. */
#ifndef RUNTIME_FUNCTION_H
#define RUNTIME_FUNCTION_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From the linker script. */
extern char __image_start[];
extern const uint32_t __symbols_start[];

/* The function's address; ends the test when there is none. */
static inline void *runtime_function(const char *name)
{
    uint32_t count = __symbols_start[0];
    const uint32_t *offsets = &__symbols_start[1];
    const char *here = (const char *)(offsets + count);

    for (uint32_t i = 0; i < count; i++, here += strlen(here) + 1)
        if (strcmp(here, name) == 0)
            return __image_start + offsets[i];
    printf("Bail out! the image has no %s\n", name);
    exit(1);
}

#endif
