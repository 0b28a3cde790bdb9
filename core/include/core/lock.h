/* A wait queue's lock, and the like: interrupts are masked already. Nothing with SMP=0. */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include <arch/spin.h>
#include <kiln/spinlock.h>

__attribute__((always_inline)) static inline void core_lock(struct kiln_spinlock *lock)
{
#if KILN_CONFIG_SMP
    arch_spin_lock((arch_spinlock_t *)&lock->tickets);
#else
    (void)lock;
#endif
}

__attribute__((always_inline)) static inline void core_unlock(struct kiln_spinlock *lock)
{
#if KILN_CONFIG_SMP
    arch_spin_unlock((arch_spinlock_t *)&lock->tickets);
#else
    (void)lock;
#endif
}

#endif
