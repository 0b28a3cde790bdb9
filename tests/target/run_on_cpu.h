/* A thread on each of the other CPUs, which ends when its function returns. */
#ifndef RUN_ON_CPU_H
#define RUN_ON_CPU_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <kiln.h>
#include "this_cpu.h"

#define CPUS 4

static struct {
    struct kiln_thread *thread;
    void (*function)(unsigned cpu);
} cpu_runs[CPUS];

static inline void *run_here(void *cpu)
{
    cpu_runs[(uintptr_t)cpu].function((unsigned)(uintptr_t)cpu);
    return NULL;
}

/* Starts function(cpu) on another CPU. Without memory for a thread the test ends. */
static inline void run_on_cpu(unsigned cpu, void (*function)(unsigned cpu))
{
    static const char *const names[CPUS] = {"on CPU 0", "on CPU 1", "on CPU 2", "on CPU 3"};

    cpu_runs[cpu].function = function;
    if (kiln_thread_create(&cpu_runs[cpu].thread,
                           KILN_THREAD_ATTRIBUTES(.cpus = 1u << cpu, .name = names[cpu]), run_here,
                           (void *)(uintptr_t)cpu)) {
        printf("Bail out! no memory for a thread\n");
        exit(1);
    }
}

static inline void wait_for_cpu(unsigned cpu)
{
    if (kiln_thread_join(cpu_runs[cpu].thread, NULL))
        abort();
}

#endif
