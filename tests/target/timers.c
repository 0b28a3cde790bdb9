/*
 * Timers: the contract of each call, order, drift, many at once, calls from functions and interrupt
 * handlers, several CPUs. With the word "exact" (under -icount, where virtual time passes with
 * instructions alone) a function may be late by some hundred instructions only.
 */
#include <errno.h>
#include "raise_interrupt.h"
#include "takes_long.h"
#include "tap.h"

#define MANY  3000
#define FIRST 5

static bool is_exact;

/* What one call of a timer's function has seen. */
struct seen {
    int64_t deadline;
    unsigned calls;
    int64_t last_late, most_late;
    bool too_early, not_in_interrupt;
};

static KILN_INTERRUPT_HANDLER void see(void *argument)
{
    struct seen *seen = argument;
    int64_t late = kiln_time_now() - seen->deadline;

    seen->calls++;
    seen->last_late = late;
    if (late > seen->most_late)
        seen->most_late = late;
    seen->too_early |= late < 0;
    seen->not_in_interrupt |= !interrupts_are_masked();
}

static struct seen by_static;
KILN_TIMER(static_timer, see, &by_static);

static void check_lateness(int64_t late, int64_t allowed, const char *what)
{
    printf("# late by %lld ns\n", (long long)late);
    tap_check(late >= 0 && late <= (is_exact ? allowed : KILN_SECONDS(10)), what);
}

static void wait_for(const struct seen *seen, unsigned calls)
{
    while (__atomic_load_n(&seen->calls, __ATOMIC_ACQUIRE) < calls)
        kiln_sleep_for(KILN_MICROSECONDS(100));
}

static void test_one_shot(void)
{
    int64_t start = kiln_time_now();

    TAP_CHECK(!kiln_timer_is_active(&static_timer));
    TAP_EQUAL(kiln_timer_stop(&static_timer), -EALREADY);
    by_static.deadline = start + KILN_MILLISECONDS(2);
    kiln_timer_start_until(&static_timer, by_static.deadline);
    TAP_CHECK(is_exact ? kiln_timer_is_active(&static_timer) : true);
    wait_for(&by_static, 1);
    TAP_EQUAL(by_static.calls, 1);
    TAP_CHECK(!by_static.too_early && !by_static.not_in_interrupt);
    check_lateness(by_static.last_late, 300, "a timer alone is called at its deadline");
    TAP_CHECK(!kiln_timer_is_active(&static_timer));
    TAP_EQUAL(kiln_timer_stop(&static_timer), -EALREADY);
    TAP_EQUAL(kiln_timer_overruns(&static_timer), 0);
}

static void test_passed(void)
{
    struct seen seen = {.deadline = kiln_time_now()};
    struct kiln_timer timer;

    kiln_timer_init(&timer, see, &seen);
    kiln_timer_start_until(&timer, KILN_NOWAIT);
    wait_for(&seen, 1);
    kiln_timer_start_for(&timer, -5);
    wait_for(&seen, 2);
    kiln_timer_start_for(&timer, KILN_NOWAIT);
    wait_for(&seen, 3);
    uintptr_t state = kiln_irq_save();

    kiln_timer_start_until(&timer, 0);
    tap_check(seen.calls == 3, "a passed deadline is called by the interrupt, not by the start");
    kiln_irq_restore(state);
    wait_for(&seen, 4);
    kiln_timer_start_until(&timer, KILN_FOREVER);
    kiln_sleep_for(KILN_MILLISECONDS(1));
    TAP_CHECK(kiln_timer_is_active(&timer));
    TAP_EQUAL(kiln_timer_stop(&timer), 0);
    TAP_CHECK(seen.calls == 4 && !seen.too_early);
}

static void test_restart(void)
{
    struct seen seen = {.deadline = kiln_time_after(KILN_SECONDS(100))};
    struct kiln_timer timer;

    kiln_timer_init(&timer, see, &seen);
    kiln_timer_start_until(&timer, seen.deadline);
    seen.deadline = kiln_time_after(KILN_MILLISECONDS(1));
    kiln_timer_start_until(&timer, seen.deadline);
    wait_for(&seen, 1);
    TAP_EQUAL(kiln_timer_stop(&timer), -EALREADY);
    check_lateness(seen.last_late, 700, "a timer that is started again has its new deadline");
    kiln_timer_start_for(&timer, KILN_MILLISECONDS(2));
    TAP_EQUAL(kiln_timer_stop(&timer), is_exact || seen.calls == 1 ? 0 : -EALREADY);
    kiln_sleep_for(KILN_MILLISECONDS(3));
    TAP_CHECK(seen.calls <= 2 && (!is_exact || seen.calls == 1));
}

/* Its own deadline moves on with each call. */
struct periodic {
    struct kiln_timer timer;
    struct seen seen;
    int64_t period;
    unsigned wanted;
};

static KILN_INTERRUPT_HANDLER void see_period(void *argument)
{
    struct periodic *periodic = argument;

    see(&periodic->seen);
    periodic->seen.deadline += periodic->period;
    if (periodic->seen.calls == periodic->wanted)
        kiln_timer_stop(&periodic->timer);
}

static void test_periodic(void)
{
    static struct periodic periodic = {.period = 123457, .wanted = 200};
    int64_t first = kiln_time_after(KILN_MILLISECONDS(1));

    kiln_timer_init(&periodic.timer, see_period, &periodic);
    TAP_EQUAL(kiln_timer_start_periodic(&periodic.timer, first, 0), -EINVAL);
    TAP_EQUAL(kiln_timer_start_periodic(&periodic.timer, first, -1), -EINVAL);
    TAP_CHECK(!kiln_timer_is_active(&periodic.timer));
    periodic.seen.deadline = first;
    TAP_EQUAL(kiln_timer_start_periodic(&periodic.timer, first, periodic.period), 0);
    while (kiln_timer_is_active(&periodic.timer))
        kiln_sleep_for(KILN_MILLISECONDS(1));
    if (is_exact) { /* the sleep's timer, at the same time, has an interrupt of its own */
        TAP_EQUAL(kiln_timer_overruns(&periodic.timer), 0);
        check_lateness(periodic.seen.most_late, 1300, "200 periods do not drift");
    }
    TAP_EQUAL(periodic.seen.calls, 200);
    TAP_CHECK(!periodic.seen.too_early);
    TAP_EQUAL(kiln_timer_stop(&periodic.timer), -EALREADY);
}

static void test_overruns(void)
{
    struct seen seen = {.deadline = kiln_time_after(KILN_MILLISECONDS(1))};
    struct kiln_timer timer;

    kiln_timer_init(&timer, see, &seen);
    uintptr_t state = kiln_irq_save();

    TAP_EQUAL(kiln_timer_start_periodic(&timer, seen.deadline, KILN_MILLISECONDS(1)), 0);
    kiln_delay_for(KILN_MICROSECONDS(5500));
    TAP_EQUAL(seen.calls, 0);
    kiln_irq_restore(state);
    wait_for(&seen, 1);
    TAP_EQUAL(kiln_timer_stop(&timer), 0);
    unsigned times = seen.calls + (unsigned)kiln_timer_overruns(&timer);

    tap_check(is_exact ? times == 5 : times >= 5, "each time was called or left out");
    if (is_exact)
        TAP_EQUAL(seen.calls, 1);
}

static struct kiln_timer timers[MANY];
static int64_t deadlines[MANY];
static unsigned called, wrong_order;
static int64_t newest;

static KILN_INTERRUPT_HANDLER void see_order(void *argument)
{
    int64_t deadline = *(int64_t *)argument;

    wrong_order += deadline < newest || kiln_time_now() < deadline;
    newest = deadline;
    called++;
}

/* Every fifth is stopped again. */
static void test_many(void)
{
    uint64_t random = 1;
    int64_t from = kiln_time_after(KILN_MILLISECONDS(5));
    unsigned stopped = 0;

    for (unsigned n = 0; n < MANY; n++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        deadlines[n] = from + (int64_t)(random >> (40 + n % 20)) * (n % 7 > 0);
        kiln_timer_init(&timers[n], see_order, &deadlines[n]);
        kiln_timer_start_until(&timers[n], deadlines[n]);
    }
    for (unsigned n = 0; n < MANY; n += 5)
        stopped += kiln_timer_stop(&timers[n]) == 0;
    kiln_sleep_until(from + (1 << 24) + 1);
    TAP_EQUAL(called, MANY - stopped);
    TAP_EQUAL(wrong_order, 0);
    if (is_exact)
        TAP_EQUAL(stopped, MANY / 5);
}

static struct kiln_timer other;
static struct seen by_other;
static int stop_result;

/* Runs in an interrupt handler, or is a timer's own function. */
static KILN_INTERRUPT_HANDLER void stop_and_start(void *argument)
{
    struct seen *seen = argument;

    stop_result = kiln_timer_stop(&other);
    seen->calls++;
    if (seen->calls < FIRST) {
        seen->deadline = kiln_time_after(KILN_MICROSECONDS(300));
        kiln_timer_start_until(&static_timer, seen->deadline);
    }
}

static void test_calls_from_functions(void)
{
    static struct seen seen;

    kiln_timer_init(&static_timer, stop_and_start, &seen);
    kiln_timer_init(&other, see, &by_other);
    kiln_timer_start_for(&other, KILN_SECONDS(1000));
    kiln_timer_start_for(&static_timer, KILN_MICROSECONDS(300));
    wait_for(&seen, 1);
    wait_for(&seen, FIRST);
    tap_check(seen.calls == FIRST, "a function starts its own timer again");
    TAP_EQUAL(stop_result, -EALREADY);
    TAP_EQUAL(by_other.calls, 0);
}

static KILN_INTERRUPT_HANDLER void from_handler(void *argument)
{
    silence_interrupt(argument);
    stop_result = kiln_timer_stop(&other);
    by_static.deadline = kiln_time_after(KILN_MICROSECONDS(200));
    kiln_timer_start_until(&static_timer, by_static.deadline);
}

static void test_calls_from_handlers(void)
{
    struct raised_interrupt interrupt = test_interrupt(0);

    by_static = (struct seen){.calls = 0};
    kiln_timer_init(&static_timer, see, &by_static);
    kiln_timer_start_for(&other, KILN_SECONDS(1000));
    TAP_EQUAL(kiln_irq_attach(interrupt.irq, from_handler, &interrupt), 0);
    raise_interrupt(&interrupt);
    wait_for(&by_static, 1);
    TAP_EQUAL(stop_result, 0);
    TAP_EQUAL(by_other.calls, 0);
    check_lateness(by_static.last_late, 700, "an interrupt handler starts a timer");
    TAP_EQUAL(kiln_irq_detach(interrupt.irq), 0);
}

/* On every CPU a timer of its own runs; this one stops them, and then none does. */
static struct {
    struct kiln_timer timer;
    uint32_t calls, is_inside;
    unsigned cpu, wrong_cpu;
} on_cpu[16];

static KILN_INTERRUPT_HANDLER void tick_here(void *argument)
{
    unsigned n = (unsigned)(uintptr_t)argument;

    __atomic_store_n(&on_cpu[n].is_inside, 1, __ATOMIC_SEQ_CST);
    on_cpu[n].wrong_cpu += kiln_cpu_id() != n;
    takes_long();
    kiln_delay_for(KILN_MICROSECONDS(20));
    __atomic_store_n(&on_cpu[n].is_inside, 0, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&on_cpu[n].calls, 1, __ATOMIC_RELEASE);
}

static void start_here(void *argument)
{
    unsigned n = (unsigned)(uintptr_t)argument;

    kiln_timer_init(&on_cpu[n].timer, tick_here, argument);
    kiln_timer_start_periodic(&on_cpu[n].timer, kiln_time_now(), KILN_MICROSECONDS(200));
}

static void test_cpus(void)
{
    unsigned wrong = 0, failures = 0;

    for (unsigned round = 0; round < 20; round++)
        for (unsigned n = 0; n < kiln_cpu_count(); n++) {
            uint32_t calls = __atomic_load_n(&on_cpu[n].calls, __ATOMIC_ACQUIRE);

            failures += kiln_cpu_call(n, start_here, (void *)(uintptr_t)n) != 0;
            while (__atomic_load_n(&on_cpu[n].calls, __ATOMIC_ACQUIRE) < calls + 1)
                relax();
            failures += kiln_timer_stop(&on_cpu[n].timer) != 0;
            wrong += __atomic_load_n(&on_cpu[n].is_inside, __ATOMIC_SEQ_CST);
            calls = __atomic_load_n(&on_cpu[n].calls, __ATOMIC_ACQUIRE);
            kiln_delay_for(KILN_MICROSECONDS(50));
            wrong += on_cpu[n].calls != calls || on_cpu[n].wrong_cpu;
        }
    TAP_EQUAL(failures, 0);
    tap_check(wrong == 0, "a timer that was stopped runs on no CPU");
}

int main(int argc, char **argv)
{
    is_exact = argc > 1 && strcmp(argv[1], "exact") == 0;
    test_one_shot();
    test_passed();
    test_restart();
    test_periodic();
    test_overruns();
    test_many();
    test_calls_from_functions();
    test_calls_from_handlers();
    test_cpus();
    return tap_done();
}
