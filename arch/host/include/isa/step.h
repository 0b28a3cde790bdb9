/* The host's part of arch/step.h: a compare and exchange, which others may have come before since
 * the step began. */
#ifndef ISA_STEP_H
#define ISA_STEP_H

static inline uint64_t arch_step_begin(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline bool arch_step_end(uint64_t *word, uint64_t old, uint64_t value)
{
    return __atomic_compare_exchange_n(word, &old, value, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

#endif
