/* The wall clock and stop-watches. Under -icount, so that time passes with instructions alone. */
#include <errno.h>
#include <kiln.h>
#include <time.h>
#include "tap.h"

#define YEAR_2030 INT64_C(1893456000)

/* Up to what printing some points takes. */
static bool is_near(int64_t got, int64_t want)
{
    if (got > want - 1000 && got < want + KILN_MICROSECONDS(100))
        return true;
    printf("# got %lld, want %lld\n", (long long)got, (long long)want);
    return false;
}

static void test_wall_clock(void)
{
    int64_t now = kiln_time_now();

    TAP_CHECK(is_near(kiln_clock_now(), now));
    TAP_EQUAL(kiln_clock_set(-1), -EINVAL);
    TAP_CHECK(is_near(kiln_clock_now(), now));
    TAP_EQUAL(kiln_clock_set(KILN_SECONDS(YEAR_2030)), 0);
    TAP_CHECK(is_near(kiln_clock_now(), KILN_SECONDS(YEAR_2030)));
    TAP_EQUAL(time(NULL), YEAR_2030);
    struct timespec other = {.tv_sec = 5};

    TAP_EQUAL(clock_settime(CLOCK_REALTIME, &other), 0);
    TAP_CHECK(is_near(kiln_clock_now(), KILN_SECONDS(5)));
    TAP_EQUAL(kiln_clock_set(0), 0);
    TAP_CHECK(is_near(kiln_clock_now(), 0));
}

static void test_deadlines(void)
{
    kiln_clock_set(KILN_SECONDS(YEAR_2030));
    int64_t wall = kiln_clock_now() + KILN_MILLISECONDS(1);

    kiln_sleep_until(kiln_clock_deadline(wall));
    TAP_CHECK(is_near(kiln_clock_now(), wall));
    TAP_EQUAL(kiln_clock_deadline(KILN_FOREVER), KILN_FOREVER);
    TAP_EQUAL(kiln_clock_deadline(KILN_NOWAIT), KILN_NOWAIT);
    TAP_EQUAL(kiln_clock_deadline(KILN_NOWAIT + 1), KILN_NOWAIT);
    TAP_CHECK(kiln_clock_deadline(0) < 0);
}

static void test_stopwatch(void)
{
    static struct kiln_stopwatch watch = KILN_STOPWATCH_INIT;

    TAP_EQUAL(kiln_stopwatch_elapsed(&watch), 0);
    TAP_EQUAL(kiln_stopwatch_stop(&watch), 0);
    kiln_stopwatch_start(&watch);
    kiln_delay_for(KILN_MILLISECONDS(1));
    TAP_CHECK(is_near(kiln_stopwatch_lap(&watch), KILN_MILLISECONDS(1)));
    kiln_stopwatch_start(&watch);
    kiln_delay_for(KILN_MILLISECONDS(1));
    int64_t shown = kiln_stopwatch_stop(&watch);

    TAP_CHECK(is_near(shown, KILN_MILLISECONDS(1)));
    kiln_delay_for(KILN_MILLISECONDS(1));
    TAP_EQUAL(kiln_stopwatch_elapsed(&watch), shown);
    TAP_EQUAL(kiln_stopwatch_stop(&watch), shown);
    TAP_EQUAL(kiln_stopwatch_lap(&watch), shown);
    kiln_stopwatch_resume(&watch);
    kiln_delay_for(KILN_MILLISECONDS(2));
    kiln_stopwatch_resume(&watch);
    TAP_CHECK(is_near(kiln_stopwatch_lap(&watch), KILN_MILLISECONDS(2)));
    TAP_CHECK(is_near(kiln_stopwatch_elapsed(&watch), shown + KILN_MILLISECONDS(2)));
}

int main(void)
{
    test_wall_clock();
    test_deadlines();
    test_stopwatch();
    return tap_done();
}
