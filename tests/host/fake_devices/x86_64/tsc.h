/* In place of arch/x86_64's: at the fence a test does what other CPUs and interrupts may do. */
#ifndef X86_64_TSC_H
#define X86_64_TSC_H

#include <stdint.h>

extern uint64_t isa_entry_counter;

uint64_t tsc_hz(void);
void tsc_alarm_set(uint64_t counter);
void tsc_alarm_off(void);
void tsc_fence(void);

#endif
