/*
 * The menu: of the states whose residency the CPU is likely to reach the deepest. Likely is the
 * least of two: the time to the next timer times the share of it that the CPU has been idle for,
 * when that time was of the same order; and the mean of the last times, if most of them are alike.
 */
#include <kiln/idle.h>

#define TIMES    8
#define LEAST    5    /* that have to be alike */
#define ORDERS   12   /* powers of four from 256 ns on */
#define WHOLE    1024 /* of a share */
#define INERTIA  8    /* a share moves by one part in so many */
#define TIME_CAP ((int64_t)1 << 28)

/* kiln_idle_cpu.memory: the last times, how many there were, what was to be; then a share for each
 * order, as what lacks to WHOLE, so that all begin with that. */
enum { TIME, COUNT = TIMES, UNTIL_TIMER, LACKS, END = LACKS + ORDERS };
_Static_assert(END <= sizeof(((struct kiln_idle_cpu *)0)->memory) / sizeof(int64_t), "all fits");

static unsigned order_of(int64_t time)
{
    unsigned order = 0;

    for (time >>= 8; time > 0 && order < ORDERS - 1; time >>= 2)
        order++;
    return order;
}

static int64_t by_timer(const struct kiln_idle_cpu *cpu)
{
    int64_t until = cpu->until_timer;
    int64_t share = WHOLE - cpu->memory[LACKS + order_of(until)];

    return until < TIME_CAP ? until * share / WHOLE : until / WHOLE * share;
}

struct sums {
    int64_t count, mean, variance;
};

/* Of the times up to a limit. */
static struct sums sum_up(const int64_t *times, int64_t limit)
{
    struct sums sums = {0, 0, 0};

    for (unsigned i = 0; i < TIMES; i++)
        if (times[i] <= limit) {
            sums.count++;
            sums.mean += times[i];
        }
    if (sums.count == 0)
        return sums;
    sums.mean /= sums.count;
    for (unsigned i = 0; i < TIMES; i++)
        if (times[i] <= limit)
            sums.variance += (times[i] - sums.mean) * (times[i] - sums.mean);
    sums.variance /= sums.count;
    return sums;
}

static int64_t longest(const int64_t *times, int64_t limit)
{
    int64_t most = 0;

    for (unsigned i = 0; i < TIMES; i++)
        if (times[i] <= limit && times[i] > most)
            most = times[i];
    return most;
}

/* The mean, if the deviation is a sixth of it at most; the longest ones may be left out. */
static int64_t by_pattern(const struct kiln_idle_cpu *cpu)
{
    const int64_t *times = &cpu->memory[TIME];
    int64_t limit = INT64_MAX;
    struct sums sums;

    if (cpu->memory[COUNT] < TIMES)
        return INT64_MAX;
    while ((sums = sum_up(times, limit)).count >= LEAST) {
        if (sums.variance * 36 <= sums.mean * sums.mean)
            return sums.mean;
        limit = longest(times, limit) - 1;
    }
    return INT64_MAX;
}

static unsigned choose(struct kiln_idle_cpu *cpu)
{
    int64_t likely = by_timer(cpu), pattern = by_pattern(cpu);
    unsigned state = cpu->count - 1;

    cpu->memory[UNTIL_TIMER] = cpu->until_timer;
    if (pattern < likely)
        likely = pattern;
    while (state > 0 && cpu->states[state].residency > likely)
        state--;
    return state;
}

static void learn_share(struct kiln_idle_cpu *cpu, int64_t duration)
{
    int64_t until = cpu->memory[UNTIL_TIMER];
    int64_t *lacks = &cpu->memory[LACKS + order_of(until)];
    int64_t lacked = 0;

    if (duration < until)
        lacked =
            WHOLE - (duration < TIME_CAP ? duration * WHOLE / until : duration / (until / WHOLE));
    *lacks += (lacked - *lacks) / INERTIA;
}

static void reflect(struct kiln_idle_cpu *cpu, int64_t duration)
{
    if (duration < 0)
        duration = 0;
    learn_share(cpu, duration);
    if (duration > TIME_CAP)
        duration = TIME_CAP;
    cpu->memory[TIME + cpu->memory[COUNT] % TIMES] = duration;
    if (++cpu->memory[COUNT] == 2 * TIMES)
        cpu->memory[COUNT] = TIMES;
}

const struct kiln_idle_governor kiln_idle_menu = {"menu", choose, reflect};
