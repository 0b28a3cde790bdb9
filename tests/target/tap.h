/* What a test image reports: one point per check, then the plan, so that an early end shows. */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int tap_points, tap_failures;

/* One point; returns whether it holds. */
static inline bool tap_check(bool holds, const char *what)
{
    tap_points++;
    tap_failures += !holds;
    printf("%sok %d - %s\n", holds ? "" : "not ", tap_points, what);
    return holds;
}

/* One point that an expression is true. */
#define TAP_CHECK(expression) tap_check((expression), #expression)

/* One point that two integers are equal; both are printed when they are not. */
#define TAP_EQUAL(got, want)                                                                       \
    do {                                                                                           \
        long long tap_got = (long long)(got), tap_want = (long long)(want);                        \
        if (!tap_check(tap_got == tap_want, #got " is " #want))                                    \
            printf("# got %lld, want %lld\n", tap_got, tap_want);                                  \
    } while (0)

/* The same of what is counted before and after: a test that goes on although an allocation has
 * failed loses nothing either (tests/faults). */
#define TAP_BALANCES(got, want)                                                                    \
    do {                                                                                           \
        size_t tap_has = (got), tap_had = (want);                                                  \
        if (!tap_check(tap_has == tap_had, #got " balances " #want))                               \
            printf("# now %zu, before %zu\n", tap_has, tap_had);                                   \
    } while (0)

/* Prints the plan; main returns its value. */
static inline int tap_done(void)
{
    printf("1..%d\n", tap_points);
    return tap_failures != 0;
}

/* One point without which the test cannot go on, such as memory that it needs: it ends there. */
#define TAP_NEED(expression)                                                                       \
    do {                                                                                           \
        if (!tap_check((expression), #expression))                                                 \
            exit(tap_done());                                                                      \
    } while (0)

#endif
