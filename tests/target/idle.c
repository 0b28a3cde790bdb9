/*
 * Idle states: what governors choose and how long CPUs are in what they choose. With the word
 * "exact" (under -icount) times are as the clock says; else only that all works.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "tap.h"
#include <kiln.h>

#define SPIN 0
#define WAIT 1

static bool is_exact;

static struct kiln_idle_stats stats(unsigned state)
{
    struct kiln_idle_stats all = {NULL, 0, 0};

    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++) {
        struct kiln_idle_stats each;

        if (kiln_idle_get_stats(cpu, state, &each) == 0) {
            all.state = each.state;
            all.entries += each.entries;
            all.time += each.time;
        }
    }
    return all;
}

/* Sleeps so often for so long; returns by how much the CPUs were in a state meanwhile, in parts per
 * thousand of that. */
static int64_t share_of(unsigned state, unsigned times, int64_t duration)
{
    int64_t before = stats(state).time, share;

    for (unsigned i = 0; i < times; i++)
        kiln_sleep_for(duration);
    share = (stats(state).time - before) * 1000 / (times * duration);
    printf("# %s: %" PRId64 " parts per thousand of %u * %" PRId64 " ns\n",
           stats(state).state->name, share, times, duration);
    return share;
}

static void test_calls(void)
{
    struct kiln_idle_stats each;
    struct kiln_idle_latency one = {0}, two = {0};

    TAP_EQUAL(kiln_idle_get_stats(kiln_cpu_count(), 0, &each), -EINVAL);
    TAP_EQUAL(kiln_idle_get_stats(0, 100, &each), -EINVAL);
    TAP_EQUAL(kiln_idle_get_stats(0, SPIN, &each), 0);
    TAP_EQUAL(each.entries, 0);
    TAP_EQUAL(kiln_idle_latency_limit(), KILN_FOREVER);
    kiln_idle_set_latency_limit(&one, 500);
    kiln_idle_set_latency_limit(&two, 700);
    TAP_EQUAL(kiln_idle_latency_limit(), 500);
    kiln_idle_set_latency_limit(&one, 900);
    TAP_EQUAL(kiln_idle_latency_limit(), 700);
    kiln_idle_set_latency_limit(&two, KILN_FOREVER);
    TAP_EQUAL(kiln_idle_latency_limit(), 900);
    kiln_idle_set_latency_limit(&one, KILN_FOREVER);
    TAP_EQUAL(kiln_idle_latency_limit(), KILN_FOREVER);
}

static void test_governor(const struct kiln_idle_governor *governor)
{
    struct kiln_idle_latency demand = {0};
    uint64_t entries;
    int64_t share;

    printf("# %s\n", governor->name);
    kiln_idle_set_governor(governor);
    share_of(WAIT, 20, KILN_MICROSECONDS(200));
    share = share_of(WAIT, 50, KILN_MILLISECONDS(1));
    TAP_CHECK(is_exact ? share >= 980 && share <= 1000 : share > 0);
    kiln_idle_set_latency_limit(&demand, 0);
    entries = stats(WAIT).entries;
    share = share_of(SPIN, 20, KILN_MICROSECONDS(50));
    TAP_CHECK(is_exact ? share >= 900 && share <= 1000 : share > 0);
    TAP_CHECK(kiln_cpu_count() > 1 || stats(WAIT).entries == entries);
    kiln_idle_set_latency_limit(&demand, KILN_FOREVER);
    entries = stats(WAIT).entries;
    share_of(WAIT, 20, KILN_MICROSECONDS(200));
    TAP_CHECK(stats(WAIT).entries > entries);
}

/* Sleeps that are too short for hlt and wfi; up to some hundred instructions of them pass before
 * the CPU is idle. */
static void test_short(void)
{
    uint64_t before = stats(WAIT).entries;

    share_of(SPIN, 50, 1500);
    TAP_CHECK(stats(WAIT).entries - before <= 2);
}

/* A program's own, which chooses the first state. */
static uint32_t asked; /* atomic */

static KILN_INTERRUPT_HANDLER unsigned choose_first(struct kiln_idle_cpu *cpu)
{
    (void)cpu;
    __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
    return 0;
}

static KILN_INTERRUPT_HANDLER void forget(struct kiln_idle_cpu *cpu, int64_t duration)
{
    cpu->memory[0] += duration;
}

static void test_own(void)
{
    static const struct kiln_idle_governor own = {"first", choose_first, forget};
    uint32_t before;

    kiln_idle_set_governor(&own);
    share_of(SPIN, 3, KILN_MICROSECONDS(300));
    TAP_CHECK(__atomic_load_n(&asked, __ATOMIC_RELAXED) >= 3);
    kiln_idle_set_governor(NULL);
    kiln_sleep_for(KILN_MICROSECONDS(500));
    before = __atomic_load_n(&asked, __ATOMIC_RELAXED);
    kiln_sleep_for(KILN_MICROSECONDS(500));
    TAP_CHECK(kiln_cpu_count() > 1 || __atomic_load_n(&asked, __ATOMIC_RELAXED) == before);
}

int main(int argc, char **argv)
{
    is_exact = argc > 1 && strcmp(argv[1], "exact") == 0;
    test_calls();
    test_governor(&kiln_idle_ladder);
    test_governor(&kiln_idle_menu);
    if (is_exact)
        test_short();
    test_own();
    return tap_done();
}
