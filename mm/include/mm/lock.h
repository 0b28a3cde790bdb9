/* A spinlock around a few instructions: without a call, but for a build that checks owners. */
#ifndef MM_LOCK_H
#define MM_LOCK_H

#include <arch/irq.h>
#include <arch/spin.h>
#include <kiln/spinlock.h>

static inline uintptr_t mm_lock(struct kiln_spinlock *lock)
{
#if KILN_CONFIG_CHECKS
    return kiln_spin_lock(lock);
#else
    uintptr_t state = arch_irq_save();
#if KILN_CONFIG_SMP
    arch_spin_lock((arch_spinlock_t *)&lock->tickets);
#else
    (void)lock;
#endif
    return state;
#endif
}

static inline void mm_unlock(struct kiln_spinlock *lock, uintptr_t state)
{
#if KILN_CONFIG_CHECKS
    kiln_spin_unlock(lock, state);
#else
#if KILN_CONFIG_SMP
    arch_spin_unlock((arch_spinlock_t *)&lock->tickets);
#else
    (void)lock;
#endif
    arch_irq_restore(state);
#endif
}

/*
 * The same, in no order: whoever comes by first when it is free has it. For locks that several CPUs
 * want all the time: where an emulator has fewer than it emulates, each turn that is kept costs a
 * change of who runs. One lock is taken in one of both ways only.
 */
static inline uintptr_t mm_lock_unordered(struct kiln_spinlock *lock)
{
    uintptr_t state = arch_irq_save();
#if KILN_CONFIG_SMP
    while (!arch_spin_trylock((arch_spinlock_t *)&lock->tickets)) {
        arch_irq_restore(state);
        arch_spin_relax();
        arch_irq_save();
    }
#else
    (void)lock;
#endif
    return state;
}

static inline void mm_unlock_unordered(struct kiln_spinlock *lock, uintptr_t state)
{
#if KILN_CONFIG_SMP
    arch_spin_unlock((arch_spinlock_t *)&lock->tickets);
#else
    (void)lock;
#endif
    arch_irq_restore(state);
}

#endif
