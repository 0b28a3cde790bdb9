/* How long spinlocks are held: a line in the log for those above SPINLOCK_LIMIT. CHECKS builds. */
#ifndef CORE_SPINLOCK_HELD_H
#define CORE_SPINLOCK_HELD_H

#include <kiln/spinlock.h>

/* This CPU has taken the lock, at that place. Interrupts masked. */
void core_spinlock_taken(const struct kiln_spinlock *lock, uintptr_t place);

/* It has released it. Interrupts masked. */
void core_spinlock_released(const struct kiln_spinlock *lock);

#endif
