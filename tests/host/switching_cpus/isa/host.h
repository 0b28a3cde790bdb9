/*
 * The fake ISA of arch/host with a CPU for each thread of the process, between which its contexts
 * go: each access asks anew on which it is. In front of arch/host on the include path.
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
    bool alarm_on;
    uint64_t alarm;
    size_t stack_bytes;
    uint64_t fp;
    void *left;
    uint32_t *is_left;
};

struct host_cpu *host_cpu_here(void);
#define host_cpu (*host_cpu_here())

/* Time goes on by itself. */
uint64_t host_counter(void);

/* Takes the interrupts that are pending, in which another context may go on. */
void host_take_interrupts(void);

/* Waits for an interrupt, and takes it. */
void host_idle(void);
_Noreturn void host_halt(void);
uint64_t *host_fp(void);

#endif
