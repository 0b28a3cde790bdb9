/*
 * Data of each CPU's own: one object for each, on lines of their own, so that CPUs do not wait for
 * each other's writes. With SMP=0 it is one object.
 */
#ifndef KILN_PERCPU_H
#define KILN_PERCPU_H

#include <kiln/api.h>
#include <kiln/cpu.h>

KILN_BEGIN

/** As many CPUs as there may be. */
#if KILN_CONFIG_SMP
#define KILN_CPUS_MOST 16
#else
#define KILN_CPUS_MOST 1
#endif

#define KILN_PERCPU_ALIGN 64

/** Defines `name`: an object of the type for each CPU, 0 at first, at file scope. */
#define KILN_PERCPU(type, name)                                                                    \
    struct {                                                                                       \
        type value __attribute__((aligned(KILN_PERCPU_ALIGN)));                                    \
    } name[KILN_CPUS_MOST]

/**
 * The address of this CPU's object. A thread that may change CPUs keeps from it by
 * kiln_scheduler_lock() or a spinlock, and with an interrupt handler shares it under a spinlock or
 * kiln_irq_save(). Any context.
 */
#define kiln_percpu(name) (&(name)[KILN_CONFIG_SMP ? kiln_cpu_id() : 0].value)

/** The address of another CPU's. Any context. */
#define kiln_percpu_of(name, cpu) (&(name)[KILN_CONFIG_SMP ? (cpu) : 0].value)

KILN_END

#endif
