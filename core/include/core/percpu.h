/* What each CPU has of its own; arch_percpu() is the running CPU's. */
#ifndef CORE_PERCPU_H
#define CORE_PERCPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <arch/cpu.h>
#include <arch/percpu.h>

#define PERCPU_STOP  1u
#define PERCPU_PAUSE 2u

struct cpu_call;
struct kiln_deferred;
struct run_queue;
struct kiln_thread;

struct percpu {
    /* First, because the vectors load from it. */
    struct arch_percpu arch;

    /* Never changes once the CPU runs. */
    uintptr_t irq_stack_bottom;
    uint32_t cpu;

    /* Written by this CPU alone. */
    uint32_t interrupt; /* whose handler runs, or IRQ_NONE; kept in CHECKS builds only */
    struct kiln_thread *idle_thread;

    /* The scheduler's: written by this CPU alone, interrupts masked. Bit n of both words together:
     * some thread of priority n is ready. */
    uint64_t ready[2];
    void (*reschedule)(void); /* not NULL: an interrupt ends with it instead of going back */
    struct kiln_thread *next; /* for whom that is, if it is switch_to_next() */
    struct run_queue *run_queue;
    void (*run_deferred)(void); /* not NULL: functions are deferred, or such a one runs */
    struct kiln_deferred *deferred, **deferred_last;
    bool runs_deferred;
    struct kiln_thread *moving; /* runs, or has just been left, and goes to another CPU */
    volatile bool is_crowded;   /* may have several ready threads of one priority; others look */
    bool is_idle; /* waits for a thread to be ready on the stack of one that is not; SMP=0 */

    /* Atomic: a stack of threads of which another CPU wants something. */
    struct kiln_thread *inbox;
    uint32_t threads;   /* how many are this CPU's, waiting ones too, its idle thread not */
    uint32_t wanted_by; /* bit n: CPU n is idle, and asks for a thread; or CORE_NO_TICK: the tick */
    uint32_t equals;    /* how many threads of its highest ready priority it had at its last tick */

    /* Atomic, shared by all CPUs: a stack of calls that wait for this CPU. */
    struct cpu_call *calls;
    uint32_t online; /* 1 once this CPU serves interrupts, 0 after it has stopped */
    uint32_t stop;   /* PERCPU_STOP by a CPU that panics, PERCPU_PAUSE by one that checks, else 0 */
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct percpu, arch) == 0, "arch/ finds its part at offset 0");

/* The boot CPU's; arch_percpu() from the first C instruction on. */
extern struct percpu core_boot_percpu;

/* That of a CPU below kiln_cpu_count(). */
struct percpu *core_percpu(unsigned cpu);

#endif
