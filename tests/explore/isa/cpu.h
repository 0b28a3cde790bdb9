/* The explorer's part of arch/cpu.h. */
#ifndef ISA_CPU_H
#define ISA_CPU_H

#include <isa/host.h>

static inline unsigned arch_cpu_id(void)
{
    return host_cpu_id();
}

static inline void arch_cpu_idle(void)
{
    host_idle();
}

_Noreturn static inline void arch_cpu_halt(void)
{
    host_halt();
}

static inline struct kiln_thread *arch_thread_self(void)
{
    return host_thread();
}

static inline struct percpu *arch_percpu(void)
{
    return host_percpu();
}

static inline bool arch_fp_trap(bool trap)
{
    (void)trap;
    return false;
}

#endif
