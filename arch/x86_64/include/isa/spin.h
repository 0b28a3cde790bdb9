/*
 * x86_64's part of arch/spin.h. Nothing sleeps here: a waiter spins by pause, which yields to the
 * core's other thread, and in QEMU to the other CPUs. Intel SDM volume 2, PAUSE.
 */
#ifndef ISA_SPIN_H
#define ISA_SPIN_H

static inline void arch_spin_relax(void)
{
    __asm__ volatile("pause" : : : "memory");
}

static inline void arch_spin_lock(arch_spinlock_t *lock)
{
    uint32_t tickets = __atomic_fetch_add(&lock->tickets, ARCH_SPIN_TICKET, __ATOMIC_ACQUIRE);
    uint16_t ticket = (uint16_t)(tickets >> 16);
    uint16_t served = (uint16_t)tickets;

    while (__builtin_expect(served != ticket, 0)) {
        arch_spin_relax();
        served = __atomic_load_n(arch_spin_served(lock), __ATOMIC_ACQUIRE);
    }
}

static inline uint32_t arch_spin_until_changes(const uint32_t *word, uint32_t value)
{
    uint32_t now;

    while ((now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) == value)
        arch_spin_relax();
    return now;
}

/* Nobody sleeps. */
static inline void arch_spin_wake(void)
{
    __asm__ volatile("" : : : "memory");
}

#endif
