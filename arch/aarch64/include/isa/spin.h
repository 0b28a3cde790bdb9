/*
 * AArch64's part of arch/spin.h. A waiter sleeps by wfe with its exclusive monitor set on the word
 * (by the load-acquire-exclusive); the store that changes the word clears the monitor, and that is
 * the event that wakes it: the one who stores needs no sev. Arm ARM (DDI 0487),
 * "Wait for Event" and "Synchronization and semaphores".
 */
#ifndef ISA_SPIN_H
#define ISA_SPIN_H

static inline void isa_spin_wait_turn(arch_spinlock_t *lock, uint32_t ticket)
{
    uint32_t served;

    for (;;) {
        __asm__ volatile("ldaxrh %w0, %1" : "=r"(served) : "Q"(*arch_spin_served(lock)) : "memory");
        if (served == ticket)
            return;
        __asm__ volatile("wfe" : : : "memory");
    }
}

static inline void arch_spin_lock(arch_spinlock_t *lock)
{
    uint32_t tickets = __atomic_fetch_add(&lock->tickets, ARCH_SPIN_TICKET, __ATOMIC_ACQUIRE);
    uint32_t ticket = tickets >> 16;

    if (__builtin_expect((tickets & 0xFFFF) != ticket, 0))
        isa_spin_wait_turn(lock, ticket);
}

static inline void arch_spin_relax(void)
{
    __asm__ volatile("yield" : : : "memory");
}

static inline uint32_t arch_spin_until_changes(const uint32_t *word, uint32_t value)
{
    uint32_t now;

    for (;;) {
        __asm__ volatile("ldaxr %w0, %1" : "=r"(now) : "Q"(*word) : "memory");
        if (now != value)
            return now;
        __asm__ volatile("wfe" : : : "memory");
    }
}

/* The dsb makes the store visible before the event can arrive. */
static inline void arch_spin_wake(void)
{
    __asm__ volatile("dsb ishst\n\tsev" : : : "memory");
}

#endif
