/*
 * Timers inside the runtime: functions that a CPU calls at a time, in its alarm's interrupt. Time
 * is that of core_clock(), on every ISA nanoseconds since boot: the API's deadlines are compared as
 * they come, and converted only when the alarm is set. What only counts how long something took
 * reads arch_counter(), which is one instruction, and converts when asked.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <kiln/time.h>

/* The clock, and where on it a deadline of the API lies: 0 has passed, KILN_FOREVER and anything
 * above never come. */
static inline uint64_t core_clock(void)
{
    return (uint64_t)kiln_time_now();
}

static inline uint64_t core_clock_deadline(int64_t deadline)
{
    return deadline < 0 ? 0 : (uint64_t)deadline;
}

/* Units of core_clock to nanoseconds and back, of durations. */
static inline uint64_t core_clock_to_ns(uint64_t units)
{
    return units;
}

static inline uint64_t core_clock_from_ns(uint64_t ns)
{
    return ns;
}

/*
 * Those that one owner, or its locks, keep apart are the starts and stops of a timer: but `expired`
 * may start it again while another CPU stops it.
 */
struct core_timer {
    struct core_timer *next, **link; /* in its CPU's queue; link is NULL when it is in none */
    uint64_t deadline;
    void (*expired)(struct core_timer *timer); /* alarm interrupt, interrupts masked, no lock */
    uint32_t cpu;                              /* whose queue it is in, or was last */
};

/* Starts the controller of interrupts for the first timer, which takes long: where interrupts are
 * not yet masked for that. Any context. */
void core_timer_prepare(void);

/* Has `expired` called on this CPU at the deadline, at once if it has passed (by the interrupt, not
 * here). The timer is in no queue. Interrupts masked. */
void core_timer_start(struct core_timer *timer, uint64_t deadline);

/* True: it was to come, and does not. False: it is not started, or has been called, or (on another
 * CPU) is being called. Any CPU; interrupts masked. */
bool core_timer_stop(struct core_timer *timer);

/* The same, and when it returns no other CPU is calling `expired` any more, which the caller must
 * not hold up. Interrupts masked or not, which they are not while it waits, if they were not. */
bool core_timer_stop_and_wait(struct core_timer *timer);

/* When this CPU's next timer comes, or a little earlier when many follow; UINT64_MAX: there is
 * none. The alarm then comes no earlier. Interrupts masked. */
uint64_t core_timer_next(void);

/* Whether no CPU has a timer; whether the alarm has its handler. Any context; it may be stale at
 * once. */
bool core_timers_are_none(void);
bool core_timer_has_alarm(void);

#endif
