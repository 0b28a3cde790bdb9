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
    const uint32_t *start = __symbols_start;
    size_t wanted = address - (uintptr_t)__image_start;
    if (wanted >= (size_t)(__text_end - __image_start) || start == __symbols_end)
        return NULL;
    uint32_t count = *start++;
    const char *name = (const char *)(start + count);
    const char *found = NULL;
    for (; count && *start <= wanted; count--) {
        found = name;
        *offset = wanted - *start++;
        while (*name++)
            ;
    }
    return found;
}
