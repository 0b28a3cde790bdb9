/* How long spinlocks are held, and in which order they are taken: a line in the log for those above
 * SPINLOCK_LIMIT. CHECKS builds. */
#ifndef CORE_SPINLOCK_HELD_H
#define CORE_SPINLOCK_HELD_H

#include <kiln/spinlock.h>

/* This CPU is about to take the lock: in which order is looked at, too. Interrupts masked. */
void core_spinlock_wanted(struct kiln_spinlock *lock);

/* This CPU has taken the lock, at that place. Interrupts masked. */
void core_spinlock_taken(struct kiln_spinlock *lock, uintptr_t place);

/* It has released it. Interrupts masked. */
void core_spinlock_released(const struct kiln_spinlock *lock);

/* Prints those that a CPU holds, and where it took them. A panic. */
void core_spinlock_held_tell(unsigned cpu);

#endif
