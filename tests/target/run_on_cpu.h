/*
 * Threads on other CPUs before there is a call that makes them. A function that is called on a CPU
 * by kiln_cpu_call finds the frame of what the interrupt has stopped, the CPU's idle thread, and
 * lets that go on elsewhere. Frames are chained through the frame pointer; the last record on the
 * interrupt stack is that of the stopped thread.
 */
#ifndef RUN_ON_CPU_H
#define RUN_ON_CPU_H

#include <stdint.h>
#include <kiln.h>
#include "this_cpu.h"

#define CPUS            4
#define IRQ_STACK_BYTES 4096

struct cpu_run {
    void (*function)(unsigned cpu);
    uint32_t finished; /* atomic */
};

static struct cpu_run cpu_runs[CPUS];

/* In the idle thread's place, on its stack, with interrupts on. */
static inline void run_and_idle(void)
{
    unsigned cpu = kiln_cpu_id();

    cpu_runs[cpu].function(cpu);
    __atomic_store_n(&cpu_runs[cpu].finished, 1, __ATOMIC_RELEASE);
    for (;;)
        wait_for_interrupt();
}

/* Where the stopped thread goes on, which is no call: x86_64 wants its stack aligned first. */
#ifdef __x86_64__
__attribute__((naked)) static void arrive(void)
{
    __asm__("andq $-16, %%rsp\n\tcall %P0" : : "i"(run_and_idle));
}
#else
static void arrive(void)
{
    run_and_idle();
}
#endif

static inline KILN_INTERRUPT_HANDLER void redirect(void *unused)
{
    uintptr_t *record = __builtin_frame_address(0);

    (void)unused;
    while ((record[0] ^ (uintptr_t)record) < IRQ_STACK_BYTES)
        record = (uintptr_t *)record[0];
    record[1] = (uintptr_t)arrive;
}

/* Starts function(cpu) as a thread on another CPU. */
static inline int run_on_cpu(unsigned cpu, void (*function)(unsigned cpu))
{
    cpu_runs[cpu].function = function;
    __atomic_store_n(&cpu_runs[cpu].finished, 0, __ATOMIC_RELAXED);
    return kiln_cpu_call(cpu, redirect, NULL);
}

static inline void wait_for_cpu(unsigned cpu)
{
    while (!__atomic_load_n(&cpu_runs[cpu].finished, __ATOMIC_ACQUIRE))
        relax();
}

#endif
