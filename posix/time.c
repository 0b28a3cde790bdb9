/* The clocks: the monotonic one, and the wall clock. */
#include <errno.h>
#include <limits.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>
#include <kiln/clock.h>
#include <kiln/time.h>
#include "posix.h"

#define SECOND INT64_C(1000000000)

static int fail(int error)
{
    errno = error;
    return -1;
}

static bool is_valid(const struct timespec *time)
{
    return time->tv_sec >= 0 && time->tv_nsec >= 0 && time->tv_nsec < SECOND;
}

/* Saturates, as every deadline does. */
static int64_t to_nanoseconds(const struct timespec *time)
{
    int64_t nanoseconds;

    if (__builtin_mul_overflow((int64_t)time->tv_sec, SECOND, &nanoseconds) ||
        __builtin_add_overflow(nanoseconds, (int64_t)time->tv_nsec, &nanoseconds))
        return KILN_FOREVER;
    return nanoseconds;
}

static struct timespec to_timespec(int64_t nanoseconds)
{
    return (struct timespec){
        .tv_sec = nanoseconds / SECOND,
        .tv_nsec = nanoseconds % SECOND,
    };
}

static bool is_clock(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
}

int kiln_posix_clock_gettime(clockid_t clock, struct timespec *time)
{
    if (!is_clock(clock))
        return fail(EINVAL);
    *time = to_timespec(clock == CLOCK_REALTIME ? kiln_clock_now() : kiln_time_now());
    return 0;
}
int clock_gettime(clockid_t clock, struct timespec *time) POSIX_ALIAS(kiln_posix_clock_gettime);

int kiln_posix_clock_settime(clockid_t clock, const struct timespec *time)
{
    if (clock != CLOCK_REALTIME || !is_valid(time) || to_nanoseconds(time) == KILN_FOREVER)
        return fail(EINVAL);
    kiln_clock_set(to_nanoseconds(time));
    return 0;
}
int clock_settime(clockid_t clock, const struct timespec *time)
    POSIX_ALIAS(kiln_posix_clock_settime);

/* The counter's step, rounded up. */
int kiln_posix_clock_getres(clockid_t clock, struct timespec *resolution)
{
    uint64_t hz = kiln_time_counter_hz();

    if (!is_clock(clock))
        return fail(EINVAL);
    if (resolution)
        *resolution = to_timespec((int64_t)((SECOND + hz - 1) / hz));
    return 0;
}
int clock_getres(clockid_t clock, struct timespec *resolution) POSIX_ALIAS(kiln_posix_clock_getres);

/* No signal ends a sleep early, so that nothing is ever left of it. */
int kiln_posix_clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
                               struct timespec *left)
{
    int64_t duration;

    (void)left;
    if (!is_clock(clock) || !is_valid(time))
        return EINVAL;
    duration = to_nanoseconds(time);
    if (!(flags & TIMER_ABSTIME))
        kiln_sleep_for(duration);
    else if (clock == CLOCK_REALTIME)
        kiln_sleep_until(kiln_clock_deadline(duration));
    else
        kiln_sleep_until(duration);
    return 0;
}
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
    POSIX_ALIAS(kiln_posix_clock_nanosleep);

int kiln_posix_nanosleep(const struct timespec *duration, struct timespec *left)
{
    int error = kiln_posix_clock_nanosleep(CLOCK_MONOTONIC, 0, duration, left);

    return error ? fail(error) : 0;
}
int nanosleep(const struct timespec *duration, struct timespec *left)
    POSIX_ALIAS(kiln_posix_nanosleep);

int kiln_posix_usleep(useconds_t microseconds)
{
    kiln_sleep_for((int64_t)microseconds * 1000);
    return 0;
}
int usleep(useconds_t microseconds) POSIX_ALIAS(kiln_posix_usleep);

unsigned kiln_posix_sleep(unsigned seconds)
{
    kiln_sleep_for(seconds * SECOND);
    return 0;
}
unsigned sleep(unsigned seconds) POSIX_ALIAS(kiln_posix_sleep);

int kiln_posix_gettimeofday(struct timeval *time, void *zone)
{
    int64_t microseconds = kiln_clock_now() / 1000;

    (void)zone;
    time->tv_sec = microseconds / 1000000;
    time->tv_usec = microseconds % 1000000;
    return 0;
}
int gettimeofday(struct timeval *time, void *zone) POSIX_ALIAS(kiln_posix_gettimeofday);

int kiln_posix_settimeofday(const struct timeval *time, const struct timezone *zone)
{
    struct timespec precise = {.tv_sec = time->tv_sec, .tv_nsec = time->tv_usec * 1000};

    (void)zone;
    return kiln_posix_clock_settime(CLOCK_REALTIME, &precise);
}
int settimeofday(const struct timeval *time, const struct timezone *zone)
    POSIX_ALIAS(kiln_posix_settimeofday);

/* The program is all there is: since the board started its time is the processor's. In the unit
 * that clock() hands on, CLOCKS_PER_SEC. */
clock_t kiln_posix_times(struct tms *times)
{
    clock_t now = kiln_time_now() / (SECOND / CLOCKS_PER_SEC);

    if (times)
        *times = (struct tms){.tms_utime = now};
    return now;
}
clock_t times(struct tms *times) POSIX_ALIAS(kiln_posix_times);

/* ISO C's two. The C library's call times() and gettimeofday(), which may be the program's. */
clock_t clock(void)
{
    return kiln_posix_times(NULL);
}

time_t time(time_t *result)
{
    struct timeval now;

    kiln_posix_gettimeofday(&now, NULL);
    if (result)
        *result = now.tv_sec;
    return now.tv_sec;
}
