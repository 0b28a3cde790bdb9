/*
 * AArch64's part of arch/spin.h. A waiter sleeps by wfe with its exclusive monitor set on the word
 * (by the load-acquire-exclusive); the store that changes the word clears the monitor, and that is
 * the event that wakes it: the one who stores needs no sev. Arm ARM (DDI 0487),
 * "Wait for Event" and "Synchronization and semaphores".
 */
#ifndef ISA_SPIN_H
#define ISA_SPIN_H

#define ISA_SPIN_TICKET 0x10000u

typedef uint16_t __attribute__((may_alias)) isa_spin_half_t;

/* The half of the lock that says which ticket is being served (little endian). */
static inline isa_spin_half_t *isa_spin_served(arch_spinlock_t *lock)
{
    return (isa_spin_half_t *)&lock->tickets;
}

static inline void isa_spin_wait_turn(arch_spinlock_t *lock, uint32_t ticket)
{
    uint32_t served;

    for (;;) {
        __asm__ volatile("ldaxrh %w0, %1" : "=r"(served) : "Q"(*isa_spin_served(lock)) : "memory");
        if (served == ticket)
            return;
        __asm__ volatile("wfe" : : : "memory");
    }
}

static inline void arch_spin_lock(arch_spinlock_t *lock)
{
    uint32_t tickets = __atomic_fetch_add(&lock->tickets, ISA_SPIN_TICKET, __ATOMIC_ACQUIRE);
    uint32_t ticket = tickets >> 16;

    if (__builtin_expect((tickets & 0xFFFF) != ticket, 0))
        isa_spin_wait_turn(lock, ticket);
}

static inline bool arch_spin_is_locked(const arch_spinlock_t *lock)
{
    uint32_t tickets = __atomic_load_n(&lock->tickets, __ATOMIC_RELAXED);

    return (tickets & 0xFFFF) != tickets >> 16;
}

static inline bool arch_spin_trylock(arch_spinlock_t *lock)
{
    uint32_t tickets = __atomic_load_n(&lock->tickets, __ATOMIC_RELAXED);

    if ((tickets & 0xFFFF) != tickets >> 16)
        return false;
    return __atomic_compare_exchange_n(&lock->tickets, &tickets, tickets + ISA_SPIN_TICKET, false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void arch_spin_unlock(arch_spinlock_t *lock)
{
    isa_spin_half_t *served = isa_spin_served(lock);

    __atomic_store_n(served, (uint16_t)(*served + 1), __ATOMIC_RELEASE);
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
