/*
 * The arch contract: barriers, by purpose. Any context.
 *
 *   compiler   the compiler keeps the order, the CPU need not
 *   smp        between CPUs, on normal memory (full, read, write)
 *   io         between accesses to devices, and between devices and normal memory
 *   dma        a buffer in normal memory before (write) or after (read) a device is told or tells
 *
 * Acquire and release are the C11 atomics' own: __atomic_load_n(p, __ATOMIC_ACQUIRE) and
 * __atomic_store_n(p, v, __ATOMIC_RELEASE).
 */
#ifndef ARCH_BARRIER_H
#define ARCH_BARRIER_H

static inline void arch_barrier_compiler(void);
static inline void arch_barrier_smp(void);
static inline void arch_barrier_smp_read(void);
static inline void arch_barrier_smp_write(void);
static inline void arch_barrier_io(void);
static inline void arch_barrier_dma_read(void);
static inline void arch_barrier_dma_write(void);

/* Everything before has taken effect, also table walks and system registers. Costly. */
static inline void arch_barrier_full(void);

#include <isa/barrier.h>

#endif
