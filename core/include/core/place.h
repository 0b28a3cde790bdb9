/* Which CPU a thread is to run on. */
#ifndef CORE_PLACE_H
#define CORE_PLACE_H

#include <arch/cpu.h>
#include <core/thread.h>
#include <kiln/cpu.h>

/* Bit n: CPU n runs. */
static inline uint32_t core_running_cpus(void)
{
    return KILN_CONFIG_SMP ? (1u << kiln_cpu_count()) - 1 : 1;
}

/* Another one of those that the thread may run on. */
unsigned core_place_elsewhere(const struct kiln_thread *thread);

/* A CPU that the thread may run on: this one if possible. Any context. */
static inline unsigned core_place(const struct kiln_thread *thread)
{
    unsigned here = arch_cpu_id();

    return thread->cpus >> here & 1 ? here : core_place_elsewhere(thread);
}

#endif
