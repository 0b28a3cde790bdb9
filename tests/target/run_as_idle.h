/*
 * Idle threads, which are the runtime's, made to run a function. It is called on a CPU by
 * kiln_cpu_call, finds the frame of what the interrupt has stopped, that CPU's idle thread, and
 * lets that go on elsewhere. Frames are chained through the frame pointer; the stopped thread's is
 * the last record on the interrupt stack, on AArch64 the first one below, on its own. From then on
 * the CPU runs nothing but interrupts.
 */
#ifndef RUN_AS_IDLE_H
#define RUN_AS_IDLE_H

#include <stdint.h>
#include <kiln.h>
#include "this_cpu.h"

#define IRQ_STACK_BYTES 4096

static struct {
    void (*function)(unsigned cpu);
    uint32_t finished; /* atomic */
} idle_run;

/* In the idle thread's place, on its stack. */
static inline void run_and_idle(void)
{
    idle_run.function(kiln_cpu_id());
    __atomic_store_n(&idle_run.finished, 1, __ATOMIC_RELEASE);
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
#ifndef __x86_64__
    record = (uintptr_t *)record[0];
#endif
    record[1] = (uintptr_t)arrive;
}

/* Runs function(cpu) on the idle thread's stack of another CPU, which has run nothing else yet, and
 * waits until it has returned. */
static inline int run_as_idle(unsigned cpu, void (*function)(unsigned cpu))
{
    int error;

    idle_run.function = function;
    __atomic_store_n(&idle_run.finished, 0, __ATOMIC_RELAXED);
    error = kiln_cpu_call(cpu, redirect, NULL);
    while (!error && !__atomic_load_n(&idle_run.finished, __ATOMIC_ACQUIRE))
        relax();
    return error;
}

#endif
