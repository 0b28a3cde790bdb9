/* The arch contract: starting the other CPUs. */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include <stdint.h>

/* What a CPU needs to come up; lives until it has called core_cpu_entry. */
struct arch_cpu_start {
    uintptr_t irq_stack_top;    /* its interrupt stack */
    uintptr_t thread_stack_top; /* the stack that its first thread runs on */
    struct percpu *percpu;      /* becomes arch_percpu() */
};

/*
 * Hands a parked CPU its start block: MMU on, stacks set, then core_cpu_entry() in thread mode
 * with interrupts masked. The caller waits for the CPU to report. Thread context.
 */
void arch_cpu_release(unsigned cpu, const struct arch_cpu_start *start);

/* Physical address where a CPU that firmware starts has to begin; MMU off, any exception level. */
uintptr_t arch_cpu_entry_address(void);

/* The same for a CPU that is to stop for good. */
uintptr_t arch_cpu_park_address(void);

#endif
