/*
 * AArch64's part of arch/step.h: an exclusive pair, which is three instructions less than one that
 * compares. Arm ARM (DDI 0487), "Synchronization and semaphores": loads and stores to other lines
 * in between do not end it; an interrupt does.
 */
#ifndef ISA_STEP_H
#define ISA_STEP_H

static inline uint64_t arch_step_begin(const uint64_t *word)
{
    uint64_t value;

    __asm__ volatile("ldaxr %0, %1" : "=r"(value) : "Q"(*word) : "memory");
    return value;
}

static inline bool arch_step_end(uint64_t *word, uint64_t old, uint64_t value)
{
    uint32_t failed;

    (void)old;
    __asm__ volatile("stlxr %w0, %2, %1" : "=&r"(failed), "=Q"(*word) : "r"(value) : "memory");
    return failed == 0;
}

#endif
