/* The clock, as the rest of core and the drivers above it use it. */
#ifndef CORE_TIME_H
#define CORE_TIME_H

#include <stdint.h>

/* Starts the clock at 0. The boot CPU, once. */
void core_time_init(void);

/* The counter's value at which the clock reads the deadline; saturates at 0 and UINT64_MAX. Where
 * ARCH_CLOCK_IS_REFINED: one not after that, and not far ahead, at which to ask again. */
uint64_t core_time_to_counter(int64_t deadline);

/* Nanoseconds of so many of arch_counter()'s units, a duration; where ARCH_CLOCK_IS_REFINED by what
 * is known of its rate by now. Any context. */
uint64_t core_time_of_counts(uint64_t units);

#endif
