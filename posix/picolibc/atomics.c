/*
 * The atomic steps that the C library was compiled to call for ungetc. The compiler's own library
 * has them too, but asks Linux which instructions the CPU knows.
 */
#include <stdbool.h>
#include <stdint.h>

uint16_t __aarch64_swp2_relax(uint16_t value, uint16_t *word)
{
    return __atomic_exchange_n(word, value, __ATOMIC_RELAXED);
}

uint16_t __aarch64_cas2_acq_rel(uint16_t old, uint16_t value, uint16_t *word)
{
    __atomic_compare_exchange_n(word, &old, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    return old;
}
