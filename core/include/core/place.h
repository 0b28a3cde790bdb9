/* Which CPU a thread is to run on. */
#ifndef CORE_PLACE_H
#define CORE_PLACE_H

#include <arch/cpu.h>
#include <core/percpu.h>
#include <core/thread.h>
#include <kiln/cpu.h>

/* Bit n: CPU n runs. */
static inline uint32_t core_running_cpus(void)
{
    return KILN_CONFIG_SMP ? (1u << kiln_cpu_count()) - 1 : 1;
}

/* Of those the CPU with the fewest threads: this one, if it is one of them. */
unsigned core_place_among(uint32_t allowed);

/* The CPU that a thread is to belong to. Any context. */
static inline unsigned core_place(const struct kiln_thread *thread)
{
    return kiln_cpu_count() == 1 ? 0 : core_place_among(thread->cpus & core_running_cpus());
}

/* A CPU has so many threads more, or fewer. */
static inline void core_count_threads(struct percpu *percpu, uint32_t more)
{
    __atomic_fetch_add(&percpu->threads, more, __ATOMIC_RELAXED);
}

#endif
