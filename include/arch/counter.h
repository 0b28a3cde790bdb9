/*
 * The arch contract: the monotonic counter and one alarm per CPU. The counter runs at a constant
 * rate on all CPUs together and never stops; inside the runtime time is in its units.
 */
#ifndef ARCH_COUNTER_H
#define ARCH_COUNTER_H

#include <stdint.h>

/*
 * The counter's value. Any context, one register read: the CPU may read it ahead of instructions
 * before it, so that it can be a little older than what another CPU has just shown.
 */
static inline uint64_t arch_counter(void);

/* The same, read after all earlier instructions: never behind a time that reached this CPU. */
static inline uint64_t arch_counter_ordered(void);

/* Units per second; where the clock is refined, as well as they are known by now. Any context. */
static inline uint64_t arch_counter_hz(void);

/* Raises this CPU's alarm interrupt once the counter reaches the value; at once if it has. IRQs
 * off. */
static inline void arch_alarm_set(uint64_t counter);

/* Silences this CPU's alarm. IRQs off. */
static inline void arch_alarm_off(void);

#include <isa/counter.h>

/*
 * <isa/counter.h> defines ARCH_CLOCK_IS_REFINED: 0 where the counter's rate is known exactly. 1
 * where it may have to be measured, better and better while the program runs: the ISA then supplies
 * the conversion, and core asks these two instead of calculating.
 *
 * arch_clock_ns: nanoseconds since boot; never goes back, on any CPU. Any context. Its first call
 *   (or that of arch_counter_hz) may take 20 us.
 * arch_clock_counter: a value of the counter at which the clock has not reached ns yet, or just
 *   then: when to look again. Passed already if ns is; never more than two seconds away.
 */
uint64_t arch_clock_ns(void);
uint64_t arch_clock_counter(uint64_t ns);

#endif
