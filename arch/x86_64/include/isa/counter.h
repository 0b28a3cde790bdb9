/*
 * x86_64's part of arch/counter.h: the time stamp counter. Intel SDM volume 3, 18.17; volume 2,
 * RDTSC.
 */
#ifndef ISA_COUNTER_H
#define ISA_COUNTER_H

#include <x86_64/tsc.h>

#define ARCH_CLOCK_IS_REFINED 1

static inline uint64_t arch_counter(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline uint64_t arch_counter_ordered(void)
{
    __asm__ volatile("lfence" : : : "memory");
    return arch_counter();
}

static inline uint64_t arch_counter_hz(void)
{
    return tsc_hz();
}

static inline void arch_alarm_set(uint64_t counter)
{
    tsc_alarm_set(counter);
}

static inline void arch_alarm_off(void)
{
    tsc_alarm_off();
}

#endif
