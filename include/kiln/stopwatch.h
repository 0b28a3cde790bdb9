/*
 * Stop-watches: how long something takes, by the monotonic clock, in nanoseconds. Each belongs to
 * one user at a time, who is free to have it in several places; any context. What it costs is a
 * look at the clock.
 */
#ifndef KILN_STOPWATCH_H
#define KILN_STOPWATCH_H

#include <kiln/api.h>

KILN_BEGIN

/** A stop-watch. It stands at 0 when all is 0. */
struct kiln_stopwatch {
    int64_t since; /* while it runs: when it would have been started if it had never stood */
    int64_t shown; /* while it stands */
    int64_t lap;   /* what it showed when the lap began */
    bool does_run;
};

/** One that stands at 0. */
#define KILN_STOPWATCH_INIT                                                                        \
    {                                                                                              \
        0, 0, 0, false                                                                             \
    }

/** Nanoseconds for which it has run since it was started. Any context. */
int64_t kiln_stopwatch_elapsed(const struct kiln_stopwatch *watch);

/** Starts it from 0, also if it runs. Any context. */
void kiln_stopwatch_start(struct kiln_stopwatch *watch);

/** Stops it, and returns what it shows; it stays so when it stands already. Any context. */
int64_t kiln_stopwatch_stop(struct kiln_stopwatch *watch);

/** Lets it run on from what it shows, if it stands. Any context. */
void kiln_stopwatch_resume(struct kiln_stopwatch *watch);

/** Nanoseconds for which it has run since the last lap, or since it was started, and begins the
 * next. Any context. */
int64_t kiln_stopwatch_lap(struct kiln_stopwatch *watch);

KILN_END

#endif
