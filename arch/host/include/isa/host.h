/*
 * The fake ISA of the host: one CPU whose registers are this structure, so that core/ and mm/ run
 * as a normal process and a test can set and look at all of it. Single-threaded.
 */
#ifndef ISA_HOST_H
#define ISA_HOST_H

#include <stdbool.h>
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
    void (*interrupt)(void); /* runs when the CPU idles and the alarm is due; may be NULL */
};
extern struct host_cpu host_cpu;

/* Moves the counter to the alarm, if one is set ahead, and runs the interrupt; else ends the test.
 */
void host_idle(void);

/* Stops the process as a test failure, since a real CPU would stop for good here. */
_Noreturn void host_halt(void);

#endif
