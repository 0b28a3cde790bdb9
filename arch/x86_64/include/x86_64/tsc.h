/*
 * The time stamp counter as the clock, and the local APIC's timer as the alarm: what
 * <arch/counter.h> does not do inline.
 */
#ifndef X86_64_TSC_H
#define X86_64_TSC_H

#include <stdint.h>

/* Where the clock starts: the counter when the image was entered. */
extern uint64_t isa_entry_counter;

/* See arch_counter_hz, arch_alarm_set and arch_alarm_off. */
uint64_t tsc_hz(void);
void tsc_alarm_set(uint64_t counter);
void tsc_alarm_off(void);

/* What follows is done after the counter has been read. */
static inline void tsc_fence(void)
{
    __asm__ volatile("lfence" : : : "memory");
}

#endif
