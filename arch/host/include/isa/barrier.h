/* The host's part of arch/barrier.h: one CPU and no devices, so that the compiler's order is all.
 */
#ifndef ISA_BARRIER_H
#define ISA_BARRIER_H

static inline void arch_barrier_compiler(void)
{
    __asm__ volatile("" : : : "memory");
}

static inline void arch_barrier_smp(void)
{
    __asm__ volatile("" : : : "memory");
}

static inline void arch_barrier_smp_read(void)
{
    __asm__ volatile("" : : : "memory");
}

static inline void arch_barrier_smp_write(void)
{
    __asm__ volatile("" : : : "memory");
}

static inline void arch_barrier_io(void)
{
    __asm__ volatile("" : : : "memory");
}

static inline void arch_barrier_dma_read(void)
{
    __asm__ volatile("" : : : "memory");
}

static inline void arch_barrier_dma_write(void)
{
    __asm__ volatile("" : : : "memory");
}

static inline void arch_barrier_full(void)
{
    __asm__ volatile("" : : : "memory");
}

#endif
