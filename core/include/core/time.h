/* The clock, as the rest of core and the drivers above it use it. */
#ifndef CORE_TIME_H
#define CORE_TIME_H

#include <stdint.h>

/*
 * Works out the conversion factors and takes the alarm's interrupt. The boot CPU, once, after
 * core_interrupt_init(). Before it kiln_time_now() is 0 and delays return at once.
 */
void core_time_init(void);

/* The same for what each CPU has of its own. Every other CPU, interrupts masked. */
void core_time_init_cpu(void);

/* The counter's value at which the clock reads the deadline; saturates at 0 and UINT64_MAX. */
uint64_t core_time_to_counter(int64_t deadline);

#endif
