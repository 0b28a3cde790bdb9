/* The C library's and POSIX's clocks, against Kiln's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>
#include <kiln/time.h>
#include "tap.h"

#define SECOND 1000000000LL
#define TICK   (SECOND / CLOCKS_PER_SEC)

static long long now(clockid_t clock)
{
    struct timespec time;

    if (clock_gettime(clock, &time))
        return -1;
    return time.tv_sec * SECOND + time.tv_nsec;
}

static void test_monotonic(void)
{
    long long before = kiln_time_now();
    long long at = now(CLOCK_MONOTONIC);
    struct timespec resolution = {0};
    struct tms ticks;

    tap_check(before <= at && at <= kiln_time_now(), "CLOCK_MONOTONIC is Kiln's time");
    TAP_EQUAL(clock_getres(CLOCK_MONOTONIC, &resolution), 0);
    tap_check(resolution.tv_sec == 0 && resolution.tv_nsec > 0 && resolution.tv_nsec <= 1000,
              "clock_getres is the counter's step");
    before = kiln_time_now() / TICK;
    at = clock();
    tap_check(before <= at && at <= kiln_time_now() / TICK, "clock() counts CLOCKS_PER_SEC");
    at = times(&ticks);
    tap_check(at >= before && ticks.tms_utime == at, "times()");
    TAP_EQUAL(sysconf(_SC_CLK_TCK), CLOCKS_PER_SEC);
    TAP_EQUAL(clock_gettime(99, &resolution), -1);
    TAP_EQUAL(errno, EINVAL);
}

static void test_wall(void)
{
    struct timespec set = {.tv_sec = 1700000000, .tv_nsec = 500};
    struct timeval value;
    struct tm *parts;
    time_t seconds;
    char text[40];

    tap_check(time(NULL) < 100, "the wall clock starts at the epoch");
    TAP_EQUAL(clock_settime(CLOCK_REALTIME, &set), 0);
    seconds = time(NULL);
    tap_check(seconds >= 1700000000 && seconds < 1700000060, "time() after clock_settime");
    TAP_EQUAL(gettimeofday(&value, NULL), 0);
    tap_check(value.tv_sec >= seconds && value.tv_sec <= seconds + 1, "gettimeofday");
    seconds = 1700000000;
    parts = gmtime(&seconds);
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", parts);
    tap_check(strcmp(text, "2023-11-14 22:13:20") == 0, "gmtime, strftime");
    TAP_EQUAL(mktime(parts), seconds);
    TAP_EQUAL(clock_settime(CLOCK_MONOTONIC, &set), -1);
    set.tv_nsec = SECOND;
    TAP_EQUAL(clock_settime(CLOCK_REALTIME, &set), -1);
    value = (struct timeval){.tv_sec = 5000};
    TAP_EQUAL(settimeofday(&value, NULL), 0);
    TAP_EQUAL(time(NULL) / 100, 50);
}

/* One point: it took at least that long, and not absurdly longer. */
static void took(long long start, long long wanted, const char *what)
{
    long long passed = now(CLOCK_MONOTONIC) - start;

    if (!tap_check(passed >= wanted && passed < wanted + SECOND, what))
        printf("# took %lld ns instead of %lld\n", passed, wanted);
}

static void test_sleeping(void)
{
    struct timespec wait = {.tv_nsec = 3000000}, wrong = {.tv_nsec = SECOND}, until;
    long long start = now(CLOCK_MONOTONIC);

    TAP_EQUAL(nanosleep(&wait, NULL), 0);
    took(start, 3000000, "nanosleep");
    start = now(CLOCK_MONOTONIC);
    usleep(2000);
    took(start, 2000000, "usleep");
    start = now(CLOCK_MONOTONIC);
    TAP_EQUAL(sleep(0), 0);
    took(start, 0, "sleep(0)");
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (until.tv_nsec += 4000000) / SECOND;
    until.tv_nsec %= SECOND;
    start = now(CLOCK_MONOTONIC);
    TAP_EQUAL(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL), 0);
    took(start, 3000000, "clock_nanosleep until a wall-clock time");
    start = now(CLOCK_MONOTONIC);
    until = (struct timespec){0};
    TAP_EQUAL(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
    took(start, 0, "clock_nanosleep until a time that has passed");
    TAP_EQUAL(clock_nanosleep(CLOCK_MONOTONIC, 0, &wrong, NULL), EINVAL);
    TAP_EQUAL(nanosleep(&wrong, NULL), -1);
    TAP_EQUAL(errno, EINVAL);
}

int main(void)
{
    test_monotonic();
    test_wall();
    test_sleeping();
    return tap_done();
}
