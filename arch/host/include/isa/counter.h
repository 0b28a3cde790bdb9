/* The host's part of arch/counter.h: time stands still unless somebody moves it. */
#ifndef ISA_COUNTER_H
#define ISA_COUNTER_H

#include <isa/host.h>

/* A test of such an ISA's clock says 1. */
#ifndef ARCH_CLOCK_IS_REFINED
#define ARCH_CLOCK_IS_REFINED 0
#endif

static inline uint64_t arch_counter(void)
{
    return host_cpu.counter;
}

static inline uint64_t arch_counter_ordered(void)
{
    if (host_cpu.before_counter)
        host_cpu.before_counter();
    return host_cpu.counter;
}

static inline uint64_t arch_counter_hz(void)
{
    return host_cpu.counter_hz;
}

static inline void arch_alarm_set(uint64_t counter)
{
    host_cpu.alarm = counter;
    host_cpu.alarm_on = true;
}

static inline void arch_alarm_off(void)
{
    host_cpu.alarm_on = false;
}

#endif
