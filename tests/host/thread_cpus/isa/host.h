/*
 * The fake ISA of arch/host with a CPU for each thread: in front of arch/host on the include path,
 * with spin.h beside it, whose locks are real.
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
    void (*interruption)(void);
};
extern _Thread_local struct host_cpu host_cpu;

/* Nobody idles or halts in such a test: both end it. */
_Noreturn void host_idle(void);
_Noreturn void host_halt(void);

#endif
