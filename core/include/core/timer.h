/*
 * Timers inside the runtime: functions that a CPU calls at a time, in its alarm's interrupt. Time
 * is that of core_clock(): the counter's units, or nanoseconds where the counter's rate is refined.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/* The clock, and where on it a deadline of the API lies: 0 has passed, UINT64_MAX never comes. */
uint64_t core_clock(void);
uint64_t core_clock_deadline(int64_t deadline);

/* Units to nanoseconds and back, of durations. */
uint64_t core_clock_to_ns(uint64_t units);
uint64_t core_clock_from_ns(uint64_t ns);

struct core_timer {
    struct core_timer *next, **link; /* in its CPU's queue; link is NULL when it is in none */
    uint64_t deadline;
    void (*expired)(struct core_timer *timer); /* alarm interrupt, interrupts masked, no lock */
    uint32_t cpu;                              /* whose queue it is in */
};

/* Has `expired` called on this CPU at the deadline, at once if it has passed (by the interrupt, not
 * here). The timer is in no queue. Interrupts masked. */
void core_timer_start(struct core_timer *timer, uint64_t deadline);

/* True: it was to come, and does not. False: it is not started, or has been called, or (on another
 * CPU) is being called. Any CPU; interrupts masked. */
bool core_timer_stop(struct core_timer *timer);

/* The same, and when it returns no other CPU is calling `expired` any more, which the caller must
 * not hold up. */
bool core_timer_stop_and_wait(struct core_timer *timer);

/* When this CPU's next timer comes; UINT64_MAX: there is none. Interrupts masked. */
uint64_t core_timer_next(void);

#endif
