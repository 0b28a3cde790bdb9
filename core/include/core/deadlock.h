/* Threads that wait for each other, and CPUs that do not answer: debug builds tell. */
#ifndef CORE_DEADLOCK_H
#define CORE_DEADLOCK_H

#include <core/percpu.h>
#include <core/thread.h>

#define CORE_FINDS_DEADLOCKS (KILN_CONFIG_CHECKS && KILN_CONFIG_DEADLOCK)

/* The running thread is about to wait for ever for a mutex: panics if the owner waits, through
 * others or not, for one that the thread itself holds. core_inheritance_lock. */
void core_deadlock_look(struct kiln_thread *self);

/* Nothing is to run here: panics if nothing can run anywhere any more, as all threads wait for each
 * other and neither a timer nor an interrupt of the program's can come. Interrupts masked. */
void core_deadlock_idle(const struct percpu *self);

/* With SMP=1: a CPU is idle no longer. */
void core_deadlock_idle_end(void);

/* Panics: the CPU has not answered for so many seconds. */
_Noreturn void core_cpu_lost(unsigned cpu, unsigned seconds);

#endif
