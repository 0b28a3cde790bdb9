/* AArch64's part of arch/barrier.h. Arm ARM (DDI 0487), "Memory barriers". */
#ifndef ISA_BARRIER_H
#define ISA_BARRIER_H

static inline void arch_barrier_compiler(void)
{
    __asm__ volatile("" : : : "memory");
}

/* Normal memory is mapped inner shareable, which all CPUs share. */
static inline void arch_barrier_smp(void)
{
    __asm__ volatile("dmb ish" : : : "memory");
}

static inline void arch_barrier_smp_read(void)
{
    __asm__ volatile("dmb ishld" : : : "memory");
}

static inline void arch_barrier_smp_write(void)
{
    __asm__ volatile("dmb ishst" : : : "memory");
}

/* Device memory and DMA masters are in the outer shareable domain. */
static inline void arch_barrier_io(void)
{
    __asm__ volatile("dmb osh" : : : "memory");
}

static inline void arch_barrier_dma_read(void)
{
    __asm__ volatile("dmb oshld" : : : "memory");
}

static inline void arch_barrier_dma_write(void)
{
    __asm__ volatile("dmb oshst" : : : "memory");
}

static inline void arch_barrier_full(void)
{
    __asm__ volatile("dsb sy\n\tisb" : : : "memory");
}

#endif
