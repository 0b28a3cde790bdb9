/*
 * AArch64's part of arch/cpu.h. TPIDR_EL1 holds the running thread, TPIDRRO_EL0 this CPU's data and
 * TPIDR_EL0 the thread pointer of the ELF TLS ABI. CONTEXTIDR_EL1 holds the CPU's number: it does
 * nothing but tell debuggers and traces what runs (Arm ARM, DDI 0487, CONTEXTIDR_EL1), and one
 * instruction reads it.
 */
#ifndef ISA_CPU_H
#define ISA_CPU_H

#include <kiln/config.h>

/* Arm ARM (DDI 0487), CPACR_EL1.FPEN: 3 lets FP instructions through, 0 traps them. */
#define ISA_CPACR_FPEN (UINT64_C(3) << 20)

static inline unsigned arch_cpu_id(void)
{
    uint64_t number;

    if (!KILN_CONFIG_SMP)
        return 0;
    __asm__ volatile("mrs %0, contextidr_el1" : "=r"(number));
    return (unsigned)number;
}

static inline void arch_cpu_idle(void)
{
    __asm__ volatile("wfi" : : : "memory");
}

_Noreturn static inline void arch_cpu_halt(void)
{
    for (;;)
        __asm__ volatile("msr daifset, #15\n\twfi" : : : "memory");
}

static inline struct kiln_thread *arch_thread_self(void)
{
    struct kiln_thread *thread;

    __asm__ volatile("mrs %0, tpidr_el1" : "=r"(thread));
    return thread;
}

static inline void arch_thread_set_self(struct kiln_thread *thread)
{
    __asm__ volatile("msr tpidr_el1, %0" : : "r"(thread) : "memory");
}

static inline struct percpu *arch_percpu(void)
{
    struct percpu *percpu;

    __asm__ volatile("mrs %0, tpidrro_el0" : "=r"(percpu));
    return percpu;
}

static inline void arch_percpu_set(struct percpu *percpu)
{
    __asm__ volatile("msr tpidrro_el0, %0" : : "r"(percpu) : "memory");
}

static inline void arch_tls_set(void *tls)
{
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(tls) : "memory");
}

static inline void *arch_tls_get(void)
{
    void *tls;

    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(tls));
    return tls;
}

/* ELF for the Arm 64-bit architecture, "Thread Local Storage": a TCB of two words in front. */
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
    uint64_t cpacr;
    bool was;

    __asm__ volatile("mrs %0, cpacr_el1" : "=r"(cpacr));
    was = (cpacr & ISA_CPACR_FPEN) == 0;
    if (was != trap) {
        cpacr ^= ISA_CPACR_FPEN;
        __asm__ volatile("msr cpacr_el1, %0\n\tisb" : : "r"(cpacr) : "memory");
    }
    return was;
}

#endif
