/*
 * The clock, sleeping and the alarm. With the word "exact" (under -icount, where virtual time
 * passes with instructions alone) a wait may be late by some hundred instructions only; else the
 * host's other work may delay it at will.
 */
#include "raise_interrupt.h"
#include "tap.h"

#define MANY 10000

static bool is_exact;

static int64_t allowed_lateness(void)
{
    return is_exact ? KILN_MICROSECONDS(1) : KILN_SECONDS(10);
}

static void check_waited(int64_t from, int64_t wanted, const char *what)
{
    int64_t late = kiln_time_now() - from - wanted;

    tap_check(late >= 0 && late <= allowed_lateness(), what);
    printf("# late by %lld ns\n", (long long)late);
}

static void test_clock(void)
{
    int64_t last = kiln_time_now();
    bool monotonic = true;

    for (unsigned n = 0; n < MANY; n++) {
        int64_t now = kiln_time_now();

        monotonic &= now >= last;
        last = now;
    }
    TAP_CHECK(monotonic);
    TAP_CHECK(last > 0);
    TAP_CHECK(kiln_time_counter_hz() >= 1000000);
}

/* The multiplication agrees with the division that it stands for. */
static void test_conversion(void)
{
    uint64_t hz = kiln_time_counter_hz();
    uint64_t counter_before = kiln_time_counter();
    int64_t from = kiln_time_now();
    uint64_t counter_from = kiln_time_counter();

    kiln_delay_for(KILN_MILLISECONDS(30));
    uint64_t counter_to = kiln_time_counter();
    int64_t to = kiln_time_now();
    uint64_t counter_after = kiln_time_counter();

    TAP_CHECK(to - from >= (int64_t)((counter_to - counter_from) * 1000000000u / hz) - 1);
    TAP_CHECK(to - from <= (int64_t)((counter_after - counter_before) * 1000000000u / hz) + 1);
}

static void test_deadlines(void)
{
    int64_t now = kiln_time_now();

    TAP_CHECK(kiln_time_after(KILN_FOREVER) == KILN_FOREVER);
    TAP_CHECK(kiln_time_after(KILN_FOREVER - 1) == KILN_FOREVER);
    TAP_CHECK(kiln_time_after(KILN_NOWAIT) == KILN_NOWAIT);
    TAP_CHECK(kiln_time_after(KILN_NOWAIT + 1) < 0);
    TAP_CHECK(kiln_time_after(-1) >= now - 1);
    TAP_CHECK(kiln_time_after(KILN_SECONDS(1)) >= now + KILN_SECONDS(1));
}

static void test_no_wait(void)
{
    int64_t from = kiln_time_now();

    kiln_sleep_until(KILN_NOWAIT);
    kiln_sleep_until(0);
    kiln_sleep_until(from);
    kiln_sleep_for(KILN_NOWAIT);
    kiln_sleep_for(-KILN_SECONDS(1));
    kiln_sleep_for(0);
    kiln_delay_for(KILN_NOWAIT);
    kiln_delay_for(-1);
    check_waited(from, 0, "passed deadlines return at once");
}

static void test_waits(void)
{
    int64_t from = kiln_time_now();

    kiln_sleep_for(KILN_MILLISECONDS(3));
    check_waited(from, KILN_MILLISECONDS(3), "sleeps for 3 ms");
    from = kiln_time_now();
    kiln_delay_for(KILN_MICROSECONDS(500));
    check_waited(from, KILN_MICROSECONDS(500), "delays for 500 us");
    from = kiln_time_now();
    kiln_sleep_for(1);
    check_waited(from, 1, "sleeps for 1 ns");
}

static void test_order(void)
{
    int64_t start = kiln_time_now();

    for (int n = 1; n <= 5; n++) {
        kiln_sleep_until(start + n * KILN_MILLISECONDS(1));
        check_waited(start, n * KILN_MILLISECONDS(1), "wakes at the next of five deadlines");
    }
}

static volatile unsigned ticks;

static KILN_INTERRUPT_HANDLER void tick(void *argument)
{
    (void)argument;
    ticks++;
    second_timer_set(KILN_MILLISECONDS(1));
}

/* Another interrupt wakes the CPU, not the sleeper. */
static void test_sleep_among_interrupts(void)
{
    TAP_EQUAL(kiln_irq_attach(second_timer_irq(), tick, NULL), 0);
    second_timer_set(KILN_MILLISECONDS(1));
    int64_t from = kiln_time_now();

    kiln_sleep_for(KILN_MILLISECONDS(10) + KILN_MICROSECONDS(500));
    check_waited(from, KILN_MILLISECONDS(10) + KILN_MICROSECONDS(500),
                 "other interrupts do not shorten a sleep");
    TAP_CHECK(ticks > 0);
    if (is_exact)
        TAP_EQUAL(ticks, 10);
    TAP_EQUAL(kiln_irq_detach(second_timer_irq()), 0);
    second_timer_off();
}

int main(int argc, char **argv)
{
    is_exact = argc > 1 && strcmp(argv[1], "exact") == 0;
    test_clock();
    test_conversion();
    test_deadlines();
    test_no_wait();
    test_waits();
    test_order();
    test_sleep_among_interrupts();
    return tap_done();
}
