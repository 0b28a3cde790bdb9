/* The other CPUs: starting and stopping them. With SMP=0 there are none. */
#ifndef CORE_CPU_H
#define CORE_CPU_H

/*
 * Starts CPUs 1 to count - 1 and waits until each serves interrupts; a CPU that does not come up
 * is left out, together with all after it. Thread context or boot, once, with interrupts, clock
 * and early pages up.
 */
void core_start_cpus(unsigned count);

/*
 * Stops all other CPUs for good, for a panic: asks them by interrupt and waits at most a tenth of a
 * second. Any context.
 */
void core_stop_other_cpus(void);

#endif
