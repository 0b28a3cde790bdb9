/* Time: a monotonic clock, deadlines and sleeping. Times are nanoseconds since boot. */
#ifndef KILN_TIME_H
#define KILN_TIME_H

#include <kiln/api.h>

KILN_BEGIN

/** The deadline that never comes, and the one that has always passed. Deadlines like any other. */
#define KILN_FOREVER         INT64_MAX
#define KILN_NOWAIT          INT64_MIN

#define KILN_MICROSECONDS(n) (1000 * (int64_t)(n))
#define KILN_MILLISECONDS(n) (1000000 * (int64_t)(n))
#define KILN_SECONDS(n)      (1000000000 * (int64_t)(n))

/**
 * Nanoseconds since boot; never goes back. Any context. Cost: a register read and a
 * multiplication.
 */
int64_t kiln_time_now(void);

/**
 * The counter behind the clock, in its own units, and units per second, which never changes: where
 * the machine does not tell its counter's rate, it counts the clock's nanoseconds. Any context.
 */
uint64_t kiln_time_counter(void);
uint64_t kiln_time_counter_hz(void);

/**
 * A deadline `duration` from now. Saturates: adding to or beyond KILN_FOREVER gives
 * KILN_FOREVER; a duration of KILN_NOWAIT gives KILN_NOWAIT. Any context.
 */
int64_t kiln_time_after(int64_t duration);

/**
 * Sleeps until the clock reaches `deadline`, or for `duration` nanoseconds; a passed deadline
 * returns at once, KILN_FOREVER when somebody ends it. Exact to the counter. 0; -EINTR: another
 * thread has ended it (kiln_thread_interrupt). A cancellation point. Thread context: elsewhere a
 * debug build panics and a release build spins instead.
 */
int kiln_sleep_until(int64_t deadline);
int kiln_sleep_for(int64_t duration);

/** Spins for at least `duration` nanoseconds without sleeping. Any context. */
void kiln_delay_for(int64_t duration);

KILN_END

#endif
