/*
 * Timers: functions that the CPU which started them calls at a time, in its alarm's interrupt. No
 * tick: a function is called as soon as the clock has reached the deadline, before those with later
 * ones. Any number of timers; starting and stopping one costs the same among few and among many.
 * How late functions are when many are due at once is what those before them take, and interrupts
 * come in between; where more than a few deadlines lie close together for their distance (in a 64th
 * of it or less), moving them, about 40 instructions each, may add to that.
 */
#ifndef KILN_TIMER_H
#define KILN_TIMER_H

#include <kiln/api.h>
#include <kiln/time.h>

KILN_BEGIN

/** A timer. Its fields are the runtime's; it must live while it is active. */
struct kiln_timer {
    void *core[5];
    void (*function)(void *argument);
    void *argument;
    int64_t due, period; /* of a periodic one; written by the CPU whose it is */
    uint64_t overruns;   /* atomic */
};

/** Defines a timer `name` that calls function(argument). */
#define KILN_TIMER(name, function, argument)                                                       \
    struct kiln_timer name = {{0, 0, 0, 0, 0}, function, argument, 0, 0, 0}

/**
 * The same for a timer in other memory. It is not active. The function runs on the interrupt stack
 * with interrupts masked and is declared with KILN_INTERRUPT_HANDLER; it may start and stop timers,
 * its own too, and free its own if that is not active. Any context.
 */
void kiln_timer_init(struct kiln_timer *timer, void (*function)(void *argument), void *argument);

/**
 * Calls the function once on this CPU, when the clock reaches `deadline`, or after `duration`
 * nanoseconds: at once, by the interrupt, if that has passed; KILN_FOREVER: never. A timer that is
 * active is stopped first, as by kiln_timer_stop. Calls on one timer from several CPUs at a time
 * are the caller's to keep apart, but for kiln_timer_stop and what the function itself does. Any
 * context. A constant number of instructions, 40 or so.
 */
void kiln_timer_start_until(struct kiln_timer *timer, int64_t deadline);
void kiln_timer_start_for(struct kiln_timer *timer, int64_t duration);

/**
 * Calls the function at `first` and every `period` nanoseconds from that on, without drift, until
 * it is stopped. Times that have passed already when the function could be called are left out and
 * counted as overruns: the next call stands for them too. 0, or -EINVAL:
 * the period is not above 0. Any context; as kiln_timer_start_until otherwise.
 */
int kiln_timer_start_periodic(struct kiln_timer *timer, int64_t first, int64_t period);

/**
 * Stops a timer. 0: it was active, and what was to come does not. -EALREADY: it was not, because it
 * was never started, is stopped, or has been called. In either case the function is not called any
 * more when this returns, and runs on no CPU: if another one runs it, this waits until it has
 * returned, so that the caller must not hold a lock that the function wants. Called by the function
 * itself it does not wait. Any context. A constant number of instructions.
 */
int kiln_timer_stop(struct kiln_timer *timer);

/** Whether the function is to be called (again), as far as is known by now. Any context. */
bool kiln_timer_is_active(const struct kiln_timer *timer);

/** How many times were left out since kiln_timer_start_periodic. Any context. */
uint64_t kiln_timer_overruns(const struct kiln_timer *timer);

KILN_END

#endif
