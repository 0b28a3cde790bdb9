/*
 * x86_64's part of arch/spin.h. Nothing sleeps here: a waiter spins by pause, which yields to the
 * core's other thread, and in QEMU to the other CPUs. Intel SDM volume 2, PAUSE.
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

static inline void arch_spin_relax(void)
{
    __asm__ volatile("pause" : : : "memory");
}

static inline void arch_spin_lock(arch_spinlock_t *lock)
{
    uint32_t tickets = __atomic_fetch_add(&lock->tickets, ISA_SPIN_TICKET, __ATOMIC_ACQUIRE);
    uint16_t ticket = (uint16_t)(tickets >> 16);
    uint16_t served = (uint16_t)tickets;

    while (__builtin_expect(served != ticket, 0)) {
        arch_spin_relax();
        served = __atomic_load_n(isa_spin_served(lock), __ATOMIC_ACQUIRE);
    }
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
