/* In place of arch/host's: time goes on by itself. */
#ifndef ISA_COUNTER_H
#define ISA_COUNTER_H

#include <isa/host.h>

#define ARCH_CLOCK_IS_REFINED 0

static inline uint64_t arch_counter(void)
{
    return host_counter();
}

static inline uint64_t arch_counter_ordered(void)
{
    return host_counter();
}

static inline uint64_t arch_counter_hz(void)
{
    return 1000000000;
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
