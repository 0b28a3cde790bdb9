/* The explorer's part of arch/spin.h: who relaxes stands until something changes that it reads. */
#ifndef ISA_SPIN_H
#define ISA_SPIN_H

#include <isa/host.h>

static inline void arch_spin_relax(void)
{
    host_relax();
}

static inline void arch_spin_lock(arch_spinlock_t *lock)
{
    uint32_t ticket = __atomic_fetch_add(&lock->tickets, 0x10000, __ATOMIC_ACQUIRE) >> 16;

    while ((__atomic_load_n(&lock->tickets, __ATOMIC_ACQUIRE) & 0xFFFF) != ticket)
        arch_spin_relax();
}

static inline uint32_t arch_spin_until_changes(const uint32_t *word, uint32_t value)
{
    uint32_t now;

    while ((now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) == value)
        arch_spin_relax();
    return now;
}

static inline void arch_spin_wake(void)
{
}

#endif
