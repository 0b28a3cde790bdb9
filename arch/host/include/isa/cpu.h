/* The host's part of arch/cpu.h. */
#ifndef ISA_CPU_H
#define ISA_CPU_H

#include <isa/host.h>

static inline unsigned arch_cpu_id(void)
{
    return host_cpu.id;
}

/* As a CPU that cannot wait with interrupts masked: it serves them in between. */
static inline void arch_cpu_idle(void)
{
    bool irqs_off = host_cpu.irqs_off;

    host_cpu.irqs_off = false;
    host_idle();
    host_cpu.irqs_off = irqs_off;
}

_Noreturn static inline void arch_cpu_halt(void)
{
    host_halt();
}

static inline struct kiln_thread *arch_thread_self(void)
{
    return host_cpu.thread;
}

static inline void arch_thread_set_self(struct kiln_thread *thread)
{
    host_cpu.thread = thread;
}

static inline struct percpu *arch_percpu(void)
{
    return host_cpu.percpu;
}

static inline void arch_percpu_set(struct percpu *percpu)
{
    host_cpu.percpu = percpu;
}

static inline void arch_tls_set(void *tls)
{
    host_cpu.tls = tls;
}

static inline void *arch_tls_get(void)
{
    return host_cpu.tls;
}

static inline size_t arch_tls_block_bytes(size_t bytes, size_t align)
{
    return align + bytes;
}

static inline char *arch_tls_data(char *block, size_t bytes, size_t align)
{
    (void)bytes;
    return block + align;
}

static inline void *arch_tls_finish(char *block, size_t bytes, size_t align)
{
    (void)bytes;
    (void)align;
    return block;
}

static inline uintptr_t arch_tls_start(const void *tls, size_t bytes, size_t align)
{
    (void)bytes;
    return (uintptr_t)tls + align;
}

static inline bool arch_fp_trap(bool trap)
{
    bool was = host_cpu.fp_traps;

    host_cpu.fp_traps = trap;
    return was;
}

#endif
