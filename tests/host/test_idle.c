/*
 * Idle governors against a model: interrupts that arrive in some pattern, of which the CPU's timer
 * may be one. A state costs what leaving it takes, and what it draws; who knew the future would
 * choose best.
 */
#include <kiln/idle.h>
#include <kiln/time.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "test.h"

#define TURNS  2000
#define WARM   200
#define STATES 3

static const struct kiln_idle_state states[STATES] = {
    {"spin", 0, 0, KILN_IDLE_SPIN},
    {"wfi", 1000, 2000, KILN_IDLE_WAIT},
    {"off", 100000, 400000, KILN_IDLE_WAIT},
};

static double random_share(void)
{
    return (double)(test_random() >> 11) / (double)(UINT64_C(1) << 53);
}

/* How long until something else comes, and until the timer. */
struct arrival {
    int64_t other, timer;
};

struct result {
    unsigned chosen[STATES]; /* after warming up */
    unsigned too_deep;       /* the idle time was too short for the state */
};

static struct result run(const struct kiln_idle_governor *governor,
                         struct arrival (*arrive)(unsigned turn), unsigned count)
{
    struct kiln_idle_cpu cpu = {.states = states, .count = count};
    struct result result = {{0}, 0};

    for (unsigned turn = 0; turn < TURNS; turn++) {
        struct arrival arrival = arrive(turn);
        int64_t time = arrival.other < arrival.timer ? arrival.other : arrival.timer;

        cpu.until_timer = arrival.timer;
        cpu.state = governor->choose(&cpu);
        TEST_HOLDS(cpu.state < count, "%u", cpu.state);
        TEST_HOLDS(states[cpu.state].residency <= arrival.timer, "%u", cpu.state);
        if (turn >= WARM) {
            result.chosen[cpu.state]++;
            result.too_deep += states[cpu.state].residency > time;
        }
        governor->reflect(&cpu, cpu.state == 0 && time > 100000 ? 100000 : time);
    }
    return result;
}

static const struct kiln_idle_governor *const both[] = {&kiln_idle_ladder, &kiln_idle_menu};

static unsigned percent(unsigned part)
{
    return part * 100 / (TURNS - WARM);
}

static struct arrival short_ones(unsigned turn)
{
    return (struct arrival){500 + turn % 7 * 30, KILN_FOREVER};
}

static struct arrival middle_ones(unsigned turn)
{
    return (struct arrival){20000 + turn % 5 * 1000, KILN_FOREVER};
}

static struct arrival long_ones(unsigned turn)
{
    (void)turn;
    return (struct arrival){5000000 + (int64_t)(5e6 * -log(1 - random_share())), KILN_FOREVER};
}

static struct arrival never(unsigned turn)
{
    (void)turn;
    return (struct arrival){KILN_FOREVER, KILN_FOREVER};
}

static void test_steady(void)
{
    for (unsigned i = 0; i < 2; i++) {
        TAP_CHECK(percent(run(both[i], short_ones, STATES).chosen[0]) >= 80);
        TAP_CHECK(percent(run(both[i], middle_ones, STATES).chosen[1]) >= 80);
        TAP_CHECK(percent(run(both[i], long_ones, STATES).chosen[2]) >= 95);
        TAP_CHECK(percent(run(both[i], never, STATES).chosen[2]) == 100);
    }
    TAP_CHECK(percent(run(&kiln_idle_menu, short_ones, STATES).too_deep) == 0);
    TAP_CHECK(percent(run(&kiln_idle_menu, middle_ones, STATES).too_deep) == 0);
}

/* Nothing but the timer wakes the CPU, now sooner, now later than a state is worth it. */
static struct arrival timer_only(unsigned turn)
{
    return (struct arrival){KILN_FOREVER, turn % 2 ? 50000 : 900000};
}

static void test_timer(void)
{
    struct result menu = run(&kiln_idle_menu, timer_only, STATES);
    struct result ladder = run(&kiln_idle_ladder, timer_only, STATES);

    TAP_EQUAL(menu.too_deep, 0);
    TAP_EQUAL(ladder.too_deep, 0);
    TAP_CHECK(percent(menu.chosen[1]) == 50 && percent(menu.chosen[2]) == 50);
}

/* The timer is far away, and something else always comes first. */
static struct arrival before_timer(unsigned turn)
{
    (void)turn;
    return (struct arrival){(int64_t)(20000 + 60000 * random_share()), 10000000};
}

static void test_before_timer(void)
{
    struct result menu = run(&kiln_idle_menu, before_timer, STATES);

    TAP_CHECK(percent(menu.chosen[1]) >= 90);
    TAP_CHECK(percent(menu.too_deep) <= 5);
}

/* A pattern with an exception now and then, which the menu leaves out and the ladder follows. */
static struct arrival with_exceptions(unsigned turn)
{
    return (struct arrival){turn % 4 == 3 ? 3000000 : 10000 + turn % 3 * 100, KILN_FOREVER};
}

static void test_exceptions(void)
{
    struct result menu = run(&kiln_idle_menu, with_exceptions, STATES);

    TAP_CHECK(percent(menu.chosen[1]) >= 95);
    TAP_CHECK(percent(menu.too_deep) <= 1);
    TAP_CHECK(percent(run(&kiln_idle_ladder, with_exceptions, STATES).too_deep) <= 50);
}

/* What is forbidden is not entered, however long the times are; and is again once it may be. */
static void test_limits(void)
{
    for (unsigned i = 0; i < 2; i++)
        for (unsigned count = 1; count <= STATES; count++)
            TAP_CHECK(percent(run(both[i], long_ones, count).chosen[count - 1]) >= 95);
}

/* From one pattern to another: within some turns the other one is known. */
static struct arrival changing(unsigned turn)
{
    return turn / 500 % 2 ? short_ones(turn) : long_ones(turn);
}

static void test_change(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct result result = run(both[i], changing, STATES);

        TAP_CHECK(percent(result.chosen[0]) >= 35);
        TAP_CHECK(percent(result.chosen[2]) >= 35);
        TAP_CHECK(percent(result.too_deep) <= 12);
    }
}

/* Any times at all: never beyond what is allowed (run() checks), and no arithmetic that overflows.
 */
static struct arrival wild(unsigned turn)
{
    int64_t other = (int64_t)exp(44 * random_share()), timer = (int64_t)exp(43.6 * random_share());

    return (struct arrival){turn % 3 ? other : 0, turn % 5 ? timer : KILN_FOREVER};
}

static void test_wild(void)
{
    for (unsigned i = 0; i < 2; i++)
        run(both[i], wild, STATES);
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_steady();
    test_timer();
    test_before_timer();
    test_exceptions();
    test_limits();
    test_change();
    test_wild();
    test_property("states that are allowed, and that the timer lets be worth it");
    return tap_done();
}
