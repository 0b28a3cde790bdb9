/*
 * A wait queue's lock, and the like: interrupts are masked already. Nothing with SMP=0. Whoever
 * comes by first when it is free has it: it is held for some ten instructions, and no ticket is
 * drawn. It is not taken by kiln_spin_lock(), too.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include <arch/spin.h>
#include <kiln/spinlock.h>

__attribute__((always_inline)) static inline void core_lock(struct kiln_spinlock *lock)
{
#if KILN_CONFIG_SMP
    while (__atomic_exchange_n(&lock->tickets, 1, __ATOMIC_ACQUIRE))
        arch_spin_until_changes(&lock->tickets, 1);
#else
    (void)lock;
#endif
}

__attribute__((always_inline)) static inline void core_unlock(struct kiln_spinlock *lock)
{
#if KILN_CONFIG_SMP
    __atomic_store_n(&lock->tickets, 0, __ATOMIC_RELEASE);
#else
    (void)lock;
#endif
}

#endif
