/* When nothing is to run on a CPU. */
#ifndef CORE_IDLE_H
#define CORE_IDLE_H

#include <core/percpu.h>

/* Sleeps until an interrupt has come and been served. Called and returns with interrupts masked,
 * when no thread is ready. */
void core_idle(struct percpu *percpu);

/* What does that in place of the plain wait, if there is a governor. Atomic. */
extern void (*core_idle_governed)(struct percpu *percpu);

/* What an idle thread does: runs those that are ready. SMP=1. */
_Noreturn void core_idle_loop(void);

#endif
