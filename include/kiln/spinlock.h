/*
 * Spinlocks: for a few instructions, between CPUs and interrupts. With SMP=0 only the masking of
 * interrupts is left. A debug build knows who holds a lock, and warns in the log when one was held
 * for longer than SPINLOCK_LIMIT, once for each place that takes it: microseconds by the counter,
 * on a PC up to four times as many. Emulation that waits for its host counts too.
 */
#ifndef KILN_SPINLOCK_H
#define KILN_SPINLOCK_H

#include <kiln/api.h>

KILN_BEGIN

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
struct kiln_spinlock {
#if KILN_CONFIG_SMP
    uint32_t tickets; /* arch_spinlock_t */
#endif
#if KILN_CONFIG_CHECKS
    uint32_t owner;  /* 1 + number of the CPU that holds it, 0 if free */
    uint32_t number; /* in what is known of the order in which locks are taken; 0: in nothing */
#endif
#if !KILN_CONFIG_SMP && !KILN_CONFIG_CHECKS
    char unused[0]; /* no byte, in C++ neither */
#endif
};
#pragma GCC diagnostic pop

/** An unlocked spinlock. */
#if KILN_CONFIG_SMP || KILN_CONFIG_CHECKS
#define KILN_SPINLOCK_INIT                                                                         \
    {                                                                                              \
        0                                                                                          \
    }
#else
#define KILN_SPINLOCK_INIT                                                                         \
    {                                                                                              \
    }
#endif

/**
 * Masks interrupts, then takes the lock. Returns the interrupt state for unlock. Not recursive: a
 * debug build panics when the CPU holds it already. Any context.
 */
uintptr_t kiln_spin_lock(struct kiln_spinlock *lock);

/** Releases the lock, then restores interrupts. By the CPU that took it; any context. */
void kiln_spin_unlock(struct kiln_spinlock *lock, uintptr_t state);

KILN_END

#endif
