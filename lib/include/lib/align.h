/* Rounding to powers of two. `alignment` is always a power of two. Any context. */
#ifndef LIB_ALIGN_H
#define LIB_ALIGN_H

#include <stdbool.h>
#include <stdint.h>

static inline uintptr_t align_down(uintptr_t value, uintptr_t alignment)
{
    return value & ~(alignment - 1);
}

/* Wraps to 0 when the next multiple is beyond the address space. */
static inline uintptr_t align_up(uintptr_t value, uintptr_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

static inline bool is_aligned(uintptr_t value, uintptr_t alignment)
{
    return (value & (alignment - 1)) == 0;
}

/* False for 0. */
static inline bool is_power_of_two(uintptr_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

#endif
