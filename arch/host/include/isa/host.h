/*
 * The fake ISA of the host: one CPU whose registers are this structure, so that core/ and mm/ run
 * as a normal process and a test can set and look at all of it. Single-threaded.
 */
#ifndef ISA_HOST_H
#define ISA_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kiln_thread;
struct percpu;

struct host_cpu {
    unsigned id;
    struct kiln_thread *thread;
    struct percpu *percpu;
    void *tls;
    bool irqs_off;
    bool in_interrupt;
    bool fp_traps;
    uint64_t counter; /* moves only when a test, arch_cpu_idle or arch_spin_relax moves it */
    uint64_t counter_hz;
    void (*before_counter)(void); /* runs before each ordered read of the counter; may be NULL */
    bool alarm_on;
    uint64_t alarm;
    /* As core_interrupt(): runs when the CPU idles and the alarm is due, and in host_interrupt();
     * may be NULL. */
    uintptr_t (*interrupt)(uint32_t hint);
    size_t stack_bytes;         /* of each stack that arch_context_init() is given */
    uint64_t fp;                /* all FP registers there are; see host_fp() */
    void *left;                 /* the context that was switched from last */
    uint32_t *is_left;          /* what is to be 1 once the CPU is off its stack, or NULL */
    void (*interruption)(void); /* runs wherever interrupts are let through; may be NULL */
};
extern struct host_cpu host_cpu;

/* Moves the counter to the alarm, if one is set ahead, and runs the interrupt; else ends the test.
 */
void host_idle(void);

/* An interrupt comes here, if none is masked: the handler, then what it has asked for in place of
 * the thread. */
void host_interrupt(uint32_t hint);

/* The FP register for whoever uses it: the first use by a thread finds it 0 (arch/context.h). */
uint64_t *host_fp(void);

/* Stops the process as a test failure, since a real CPU would stop for good here. */
_Noreturn void host_halt(void);

#endif
