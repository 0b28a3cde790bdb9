/* For arch/step.h: within a step another CPU does what a test says, and all that is noticed is a
 * value that differs, as with a compare and exchange. */
#ifndef ISA_STEP_H
#define ISA_STEP_H

#include <stddef.h>

/* What it does next, once: right after a step has begun, or before one ends. NULL: nothing. */
extern void (*other_cpu_early)(void), (*other_cpu_late)(void);

static inline void let_move(void (**other_cpu)(void))
{
    void (*now)(void) = *other_cpu;

    *other_cpu = NULL;
    if (now)
        now();
}

static inline uint64_t arch_step_begin(const uint64_t *word)
{
    uint64_t value = *word;

    let_move(&other_cpu_early);
    return value;
}

static inline bool arch_step_end(uint64_t *word, uint64_t old, uint64_t value)
{
    let_move(&other_cpu_late);
    if (*word != old)
        return false;
    *word = value;
    return true;
}

#endif
