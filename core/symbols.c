/*
 * The symbol table: a count, then for each function in the order of addresses its offset from the
 * image's start, all 32 bits, then the names in the same order, each ended by 0.
 * tools/link_image.py writes it.
 */
#include <core/symbols.h>

extern char __image_start[], __text_end[];
extern const uint32_t __symbols_start[], __symbols_end[];

const char *core_symbol(uintptr_t address, size_t *offset)
{
    if (address < (uintptr_t)__image_start || address >= (uintptr_t)__text_end ||
        __symbols_end - __symbols_start < 2)
        return NULL;
    uint32_t count = __symbols_start[0];
    const uint32_t *starts = __symbols_start + 1;
    const char *name = (const char *)(starts + count);
    uint32_t wanted = (uint32_t)(address - (uintptr_t)__image_start);
    const char *found = NULL;
    for (uint32_t i = 0; i < count && starts[i] <= wanted; i++) {
        found = name;
        *offset = wanted - starts[i];
        while (*name++)
            ;
    }
    return found;
}
