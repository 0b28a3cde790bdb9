/*
 * The wall clock: nanoseconds since 1970-01-01 00:00 UTC, leap seconds not counted. It is the
 * monotonic clock plus an offset, and starts at 0 when the board starts, until it is set.
 */
#ifndef KILN_CLOCK_H
#define KILN_CLOCK_H

#include <kiln/api.h>

KILN_BEGIN

/** What the wall clock shows; goes forth and back when it is set. Any context. A few instructions
 * more than kiln_time_now. */
int64_t kiln_clock_now(void);

/** Sets it. 0, or -EINVAL: before 1970. Sleeps and timers are not touched. Any context. */
int kiln_clock_set(int64_t now);

/**
 * The deadline at which the wall clock, as it is set now, shows `time`: for kiln_sleep_until,
 * timers and others. KILN_FOREVER and KILN_NOWAIT stay what they are; saturates. Any context.
 */
int64_t kiln_clock_deadline(int64_t time);

KILN_END

#endif
