/*
 * The order in which other CPUs, handlers and devices see what is read and written without a lock.
 * docs/memory-order.md says which to use when. Whoever shares data under a lock, a queue or any
 * other object of Kiln's needs none of it: these order what they have to.
 *
 * What is shared is read and written by the loads and stores of this header, or C11's own: others
 * the compiler may repeat, leave out or tear. With SMP=0 what orders between CPUs orders between a
 * thread and its handlers, and is no instruction. All of it: any context.
 */
#ifndef KILN_MEMORY_ORDER_H
#define KILN_MEMORY_ORDER_H

#include <kiln/api.h>
#include <kiln/dma.h>

KILN_BEGIN

/** A load or store of a number or pointer, in one piece and once, that orders nothing. */
#define kiln_load_relaxed(address)         __atomic_load_n(address, __ATOMIC_RELAXED)
#define kiln_store_relaxed(address, value) __atomic_store_n(address, value, __ATOMIC_RELAXED)

/** A load before everything that comes after it, and a store behind everything that came before:
 * who loads what was stored so sees what was written before the store. One instruction. */
#define kiln_load_acquire(address)         __atomic_load_n(address, __ATOMIC_ACQUIRE)
#define kiln_store_release(address, value) __atomic_store_n(address, value, __ATOMIC_RELEASE)

/**
 * Loads a pointer that was stored by kiln_store_release(); what is read through it comes after. For
 * what is reached through the pointer only: it must not be compared with the address of a known
 * object, by which the compiler could read instead. No more than a plain load.
 */
#define kiln_load_dependent(address) __atomic_load_n(address, __ATOMIC_RELAXED)

/** The compiler keeps what is before in front of what is after; the CPU need not. For a thread and
 * the handlers of its own CPU. No instruction. */
static inline void kiln_order_compiler(void)
{
    __asm__ volatile("" : : : "memory");
}

/** Loads and stores before, in front of loads and stores after. The only one that keeps a store in
 * front of a later load; the dearest. */
static inline void kiln_order_smp(void)
{
    if (KILN_CONFIG_SMP)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    else
        kiln_order_compiler();
}

/** Loads before, in front of loads and stores after. */
static inline void kiln_order_smp_read(void)
{
    if (KILN_CONFIG_SMP)
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    else
        kiln_order_compiler();
}

/** Loads and stores before, in front of stores after. */
static inline void kiln_order_smp_write(void)
{
    if (KILN_CONFIG_SMP)
        __atomic_thread_fence(__ATOMIC_RELEASE);
    else
        kiln_order_compiler();
}

/** Everything before, in front of everything after, as devices see it: registers, and memory that
 * they read and write. */
static inline void kiln_order_device(void)
{
    kiln_dma_fence();
}

KILN_END

#endif
