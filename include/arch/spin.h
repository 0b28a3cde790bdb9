/* The arch contract: spinning. Any context; the caller masks interrupts where it has to. */
#ifndef ARCH_SPIN_H
#define ARCH_SPIN_H

#include <stdbool.h>
#include <stdint.h>

/* A ticket lock: first come, first served. Zero is unlocked. */
typedef struct {
    uint32_t tickets; /* low half: being served, high half: next to be drawn; atomic */
} arch_spinlock_t;

/* Waits until the lock is free, asleep where the ISA can; acquire order. */
static inline void arch_spin_lock(arch_spinlock_t *lock);
static inline bool arch_spin_trylock(arch_spinlock_t *lock);

/* Release order; wakes the CPUs that wait. */
static inline void arch_spin_unlock(arch_spinlock_t *lock);
static inline bool arch_spin_is_locked(const arch_spinlock_t *lock);

/* One turn of a loop that polls another CPU, a device or the time: lets others run, never sleeps.
 */
static inline void arch_spin_relax(void);

/* Waits, asleep where the ISA can, until *word differs from value; returns the new value (acquire).
 */
static inline uint32_t arch_spin_until_changes(const uint32_t *word, uint32_t value);

/* Wakes every CPU that waits asleep where no monitor watches, as a parked one. After the store. */
static inline void arch_spin_wake(void);

#define ARCH_SPIN_TICKET 0x10000u

typedef uint16_t __attribute__((may_alias)) arch_spin_half_t;

/* The half of the lock that says which ticket is being served (little endian). */
static inline arch_spin_half_t *arch_spin_served(arch_spinlock_t *lock)
{
    return (arch_spin_half_t *)&lock->tickets;
}

#include <isa/spin.h>

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
    return __atomic_compare_exchange_n(&lock->tickets, &tickets, tickets + ARCH_SPIN_TICKET, false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void arch_spin_unlock(arch_spinlock_t *lock)
{
    uint32_t tickets = __atomic_load_n(&lock->tickets, __ATOMIC_RELAXED);

    __atomic_store_n(arch_spin_served(lock), (uint16_t)(tickets + 1), __ATOMIC_RELEASE);
}

#endif
