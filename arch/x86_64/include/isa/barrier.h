/*
 * x86_64's part of arch/barrier.h. Of normal memory the CPU keeps every order but that of a store
 * before a later load (Intel SDM volume 3, 8.2 "Memory Ordering"); write-combining memory, which
 * ARCH_MAP_UNCACHED is, has no order of its own.
 */
#ifndef ISA_BARRIER_H
#define ISA_BARRIER_H

#include <stdint.h>

static inline void arch_barrier_compiler(void)
{
    __asm__ volatile("" : : : "memory");
}

/* A locked instruction is a full barrier for normal memory, and cheaper than mfence. */
static inline void arch_barrier_smp(void)
{
    __asm__ volatile("lock orl $0, (%%rsp)" : : : "memory", "cc");
}

static inline void arch_barrier_smp_read(void)
{
    arch_barrier_compiler();
}

static inline void arch_barrier_smp_write(void)
{
    arch_barrier_compiler();
}

static inline void arch_barrier_io(void)
{
    __asm__ volatile("mfence" : : : "memory");
}

static inline void arch_barrier_dma_read(void)
{
    __asm__ volatile("lfence" : : : "memory");
}

static inline void arch_barrier_dma_write(void)
{
    __asm__ volatile("sfence" : : : "memory");
}

/* Writing a control register serialises (Intel SDM volume 3, 8.3), and CR2, unlike CPUID, without
 * an exit to a hypervisor. */
static inline void arch_barrier_full(void)
{
    uint64_t cr2;

    __asm__ volatile("mfence\n\tmovq %%cr2, %0\n\tmovq %0, %%cr2" : "=r"(cr2) : : "memory");
}

#endif
