/*
 * The queue of timers against a model, an array that is searched: what is taken, in which order,
 * and that the alarm is never too late. Times of all magnitudes; runs of many timers and of few.
 */
#include <string.h>
#include <core/timer_queue.h>
#include "test.h"

#define TIMERS 400
#define STEPS  4000
#define RUNS   60

static struct timer_queue queue;
static struct timer_slots slots;
static struct core_timer timers[TIMERS];
static uint64_t places[TIMERS]; /* in the order: the deadline, or what had passed for sure */
static uint64_t now;

static void start_run(uint64_t from)
{
    memset(&queue, 0, sizeof(queue));
    memset(&slots, 0xA5, sizeof(slots)); /* what nobody clears */
    memset(timers, 0, sizeof(timers));
    timer_queue_use(&queue, &slots);
    now = from;
}

static uint64_t earliest(void)
{
    uint64_t least = TIMER_NEVER;

    for (unsigned n = 0; n < TIMERS; n++)
        if (timers[n].link && timers[n].deadline < least)
            least = timers[n].deadline;
    return least;
}

static bool is_next(const struct core_timer *timer)
{
    for (unsigned n = 0; n < TIMERS; n++)
        if (timers[n].link && places[n] < places[timer - timers])
            return false;
    return true;
}

static unsigned started(void)
{
    unsigned count = 0;

    for (unsigned n = 0; n < TIMERS; n++)
        count += timers[n].link != NULL;
    return count;
}

static void check_next(void)
{
    uint64_t next = timer_queue_next(&queue), least = earliest();

    TEST_HOLDS(next <= (least > now ? least : now), "next %llx, earliest %llx, now %llx",
               (unsigned long long)next, (unsigned long long)least, (unsigned long long)now);
    TEST_HOLDS(queue.past <= now, "%llx is ahead of %llx", (unsigned long long)queue.past,
               (unsigned long long)now);
    if (started() <= 1 && least > now && !(queue.levels & 1))
        TEST_HOLDS(next == least, "one timer: next %llx, not %llx", (unsigned long long)next,
                   (unsigned long long)least);
}

static uint64_t some_deadline(unsigned bits)
{
    uint64_t ahead = test_random() >> (64 - bits) >> test_below(bits);

    switch (test_below(20)) {
    case 0:
        return now > ahead ? now - ahead : 0;
    case 1:
        return test_below(2) ? TIMER_NEVER : INT64_MAX;
    case 2:
        return earliest();
    default:
        return now + ahead;
    }
}

static void start_some(unsigned most, unsigned bits)
{
    uint64_t n = test_below(most), deadline = some_deadline(bits);

    if (timers[n].link) {
        timer_queue_stop(&queue, &timers[n]);
    } else {
        places[n] = deadline > queue.past ? deadline : queue.past;
        timer_queue_start(&queue, &timers[n], deadline);
    }
    check_next();
}

/* All that is due comes, the earliest first, and nothing else; with little work at a time too. */
static void take_due(unsigned most_work)
{
    struct core_timer *timer;
    unsigned work, turns = 0;

    do {
        work = 1 + (unsigned)test_below(most_work);
        while ((timer = timer_queue_take(&queue, now, &work))) {
            TEST_HOLDS(timer->deadline <= now, "%llx taken at %llx",
                       (unsigned long long)timer->deadline, (unsigned long long)now);
            TEST_HOLDS(is_next(timer), "%llx taken before %llx",
                       (unsigned long long)timer->deadline, (unsigned long long)earliest());
            TEST_HOLDS(!timer->link, "a taken timer is in a queue");
        }
        check_next();
    } while (timer_queue_next(&queue) <= now && ++turns < 100 * TIMERS);
    TEST_HOLDS(earliest() > now, "%llx is left at %llx", (unsigned long long)earliest(),
               (unsigned long long)now);
}

/* Time goes on as the alarm has it, or somewhat later, or to any moment before it. */
static void go_on(void)
{
    uint64_t next = timer_queue_next(&queue);

    if (next >= INT64_MAX / 2)
        now += test_below(1000);
    else if (test_below(3) == 0 && next > now)
        now += test_below(next - now);
    else
        now = (next > now ? next : now) + (test_below(4) ? 0 : test_below(1 << test_below(24)));
}

static void run(unsigned most, unsigned bits, unsigned most_work)
{
    start_run(test_random() >> 2 >> test_below(60));
    for (unsigned n = 0; n < STEPS; n++) {
        if (test_below(4) == 0) {
            go_on();
            take_due(most_work);
        } else {
            start_some(most, bits);
        }
    }
    while (earliest() < INT64_MAX / 2) {
        go_on();
        take_due(most_work);
    }
    for (unsigned n = 0; n < TIMERS; n++)
        if (timers[n].link)
            timer_queue_stop(&queue, &timers[n]);
    unsigned work = 1;

    TEST_HOLDS(!timer_queue_take(&queue, now, &work), "something is left");
    TEST_HOLDS(timer_queue_is_empty(&queue) && timer_queue_next(&queue) == TIMER_NEVER, "empty");
}

/* A crowd at one distance: each timer moves at most once for each digit, a few at a time. */
static void test_crowd(void)
{
    unsigned calls = 0, taken = 0;

    start_run(12345);
    for (unsigned n = 0; n < TIMERS; n++)
        timer_queue_start(&queue, &timers[n], now + (UINT64_C(1) << 36) + test_below(1 << 20));
    while (!timer_queue_is_empty(&queue)) {
        unsigned work = 12;

        if (timer_queue_next(&queue) > now)
            now = timer_queue_next(&queue);
        while (timer_queue_take(&queue, now, &work))
            taken++;
        calls++;
    }
    TEST_HOLDS(taken == TIMERS, "%u taken", taken);
    TEST_HOLDS(calls < 3 * TIMERS, "%u calls for %u timers", calls, TIMERS);
    test_property("a crowd spreads in little work");
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    for (unsigned n = 0; n < RUNS; n++)
        run(TIMERS, 1 + (unsigned)test_below(60), 20);
    test_property("many timers");
    for (unsigned n = 0; n < RUNS; n++)
        run(1 + (unsigned)test_below(6), 1 + (unsigned)test_below(60), 20);
    test_property("few timers");
    for (unsigned n = 0; n < RUNS; n++)
        run(60, 30, 1);
    test_property("one step at a time");
    test_crowd();
    return tap_done();
}
