/* The host's part of arch/spin.h: with one CPU, whoever would have to wait waits for ever. */
#ifndef ISA_SPIN_H
#define ISA_SPIN_H

#include <isa/host.h>

static inline void arch_spin_lock(arch_spinlock_t *lock)
{
    if (!arch_spin_trylock(lock))
        host_halt();
}

static inline void arch_spin_relax(void)
{
    host_cpu.counter++;
}

static inline uint32_t arch_spin_until_changes(const uint32_t *word, uint32_t value)
{
    while (*word == value)
        host_idle();
    return *word;
}

static inline void arch_spin_wake(void)
{
}

#endif
