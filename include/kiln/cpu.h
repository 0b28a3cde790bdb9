/* CPUs: how many run, and running a function on another one. */
#ifndef KILN_CPU_H
#define KILN_CPU_H

#include <kiln/api.h>

KILN_BEGIN

/** Number of CPUs that run; 1 in a build with SMP=0. Any context. */
unsigned kiln_cpu_count(void);

/** Number of the CPU that runs the caller. Any context; in a thread it may be stale at once. */
unsigned kiln_cpu_id(void);

/**
 * Runs function(argument) on a CPU, in interrupt context there, and waits until it has returned.
 * On the caller's own CPU it is called directly with interrupts masked. What the caller stored
 * before is visible to the function, and the function's stores to the caller afterwards.
 * 0, or -EINVAL when there is no such CPU. Thread context with interrupts on (else two CPUs that
 * call each other would wait for ever): a debug build panics.
 */
int kiln_cpu_call(unsigned cpu, void (*function)(void *argument), void *argument);

KILN_END

#endif
