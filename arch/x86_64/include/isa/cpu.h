/*
 * x86_64's part of arch/cpu.h. The GS base holds this CPU's data and never changes, the FS base is
 * the thread pointer of the ELF TLS ABI.
 */
#ifndef ISA_CPU_H
#define ISA_CPU_H

#include <isa/percpu_layout.h>
#include <kiln/config.h>
#include <x86_64/msr.h>

#define ISA_MSR_FS_BASE 0xC0000100u
#define ISA_MSR_GS_BASE 0xC0000101u

/* Intel SDM volume 3, 2.5: CR0.TS makes FP and SIMD instructions trap. */
#define ISA_CR0_TS 8u

static inline unsigned arch_cpu_id(void)
{
    unsigned cpu;

    if (!KILN_CONFIG_SMP)
        return 0;
    __asm__ volatile("movl %%gs:%c1, %0" : "=r"(cpu) : "i"(PERCPU_CPU));
    return cpu;
}

/* An interrupt that is pending already is taken behind the hlt, not in front of it: sti holds it
 * back for one instruction. */
static inline void arch_cpu_idle(void)
{
    __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
}

_Noreturn static inline void arch_cpu_halt(void)
{
    for (;;)
        __asm__ volatile("cli\n\thlt" : : : "memory");
}

static inline struct kiln_thread *arch_thread_self(void)
{
    struct kiln_thread *thread;

    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(thread) : "i"(PERCPU_THREAD));
    return thread;
}

static inline void arch_thread_set_self(struct kiln_thread *thread)
{
    __asm__ volatile("movq %0, %%gs:%c1" : : "r"(thread), "i"(PERCPU_THREAD) : "memory");
}

static inline struct percpu *arch_percpu(void)
{
    struct percpu *percpu;

    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(percpu) : "i"(PERCPU_SELF));
    return percpu;
}

static inline void arch_percpu_set(struct percpu *percpu)
{
    msr_write(ISA_MSR_GS_BASE, (uintptr_t)percpu);
}

static inline void arch_tls_set(void *tls)
{
    msr_write(ISA_MSR_FS_BASE, (uintptr_t)tls);
}

/* The thread pointer points to itself. */
static inline void *arch_tls_get(void)
{
    void *tls;

    __asm__ volatile("movq %%fs:0, %0" : "=r"(tls));
    return tls;
}

/* ELF Handling For Thread-Local Storage, variant II: the data end, rounded up, at the thread
 * pointer, which points to a word that holds it. */
static inline size_t isa_tls_round_up(size_t bytes, size_t align)
{
    return (bytes + align - 1) & ~(align - 1);
}

static inline size_t isa_tls_pointer_offset(size_t bytes, size_t align)
{
    return isa_tls_round_up(bytes, align < 16 ? 16 : align);
}

static inline size_t arch_tls_block_bytes(size_t bytes, size_t align)
{
    return isa_tls_pointer_offset(bytes, align) + sizeof(void *);
}

static inline char *arch_tls_data(char *block, size_t bytes, size_t align)
{
    return block + isa_tls_pointer_offset(bytes, align) - isa_tls_round_up(bytes, align);
}

static inline void *arch_tls_finish(char *block, size_t bytes, size_t align)
{
    void **tls = (void **)(block + isa_tls_pointer_offset(bytes, align));

    *tls = tls;
    return tls;
}

static inline uintptr_t arch_tls_start(const void *tls, size_t bytes, size_t align)
{
    return (uintptr_t)tls - isa_tls_round_up(bytes, align);
}

static inline bool arch_fp_trap(bool trap)
{
    uintptr_t cr0;
    bool was;

    __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
    was = cr0 & ISA_CR0_TS;
    if (was != trap)
        __asm__ volatile("movq %0, %%cr0" : : "r"(cr0 ^ ISA_CR0_TS) : "memory");
    return was;
}

#endif
