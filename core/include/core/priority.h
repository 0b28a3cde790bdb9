/*
 * Priorities, with what threads inherit through the mutexes that they hold. What a thread inherits
 * is worked out under core_inheritance_lock; that it counts from then on is up to the thread's CPU.
 */
#ifndef CORE_PRIORITY_H
#define CORE_PRIORITY_H

#include <core/lock.h>
#include <core/thread.h>

/* Which mutexes threads hold that others wait for, and which they wait for. Before a wait queue's
 * lock. */
extern struct kiln_spinlock core_inheritance_lock;

/* Works out the thread's rank: see kiln_thread.rank. Its CPU; interrupts masked. */
void core_set_rank(struct kiln_thread *thread);

/* core_after_hold. */
void core_end_hold(uintptr_t irq_state);

/* Has the thread's wanted_priority count. Its CPU; interrupts masked. */
void core_update_priority(struct kiln_thread *thread);

/* Gives a thread that waits another place in its queue. False: it does not wait any more. Its CPU,
 * or core_inheritance_lock while it waits for a mutex; interrupts masked. */
bool core_change_waiting(struct kiln_thread *thread, uint8_t priority);

/*
 * Works out what the thread inherits, and if that changes its priority does the same for who holds
 * the mutex it waits for, and so on. core_inheritance_lock. The caller sees to it that the CPU
 * looks who is to run: core_reschedule().
 */
void core_inherit(struct kiln_thread *thread);

#endif
