/*
 * A run queue and a wait queue with many threads of all priorities: their rings after every step,
 * and that a thread finds its place among as many others as there are priorities, not threads.
 */
#include <core/wait.h>
#include "thread_machine.h"

#define THREADS 600
#define STEPS   6000
#define CHECKED 16 /* every so many steps */

static struct kiln_thread threads[THREADS];
static uint64_t arrivals[THREADS]; /* 0: it is in no queue */
static struct kiln_wait_queue queue = KILN_WAIT_QUEUE_INIT("test");
static uint64_t last_arrival;
static unsigned most_levels;

static void machine_tell(void)
{
}

static bool comes_before(const struct kiln_thread *one, const struct kiln_thread *other)
{
    if (one->priority != other->priority)
        return one->priority > other->priority;
    return arrivals[one - threads] < arrivals[other - threads];
}

static unsigned count_present(void)
{
    unsigned count = 0;

    for (unsigned n = 0; n < THREADS; n++)
        count += arrivals[n] != 0;
    return count;
}

/* From the first, each comes before the next one. Returns how many there are. */
static unsigned check_order(const struct kiln_thread *first)
{
    const struct kiln_thread *thread = first;
    unsigned count = 0;

    if (!first)
        return 0;
    do {
        TEST_HOLDS(arrivals[thread - threads], "thread %td", thread - threads);
        TEST_HOLDS(thread->next->previous == thread, "thread %td", thread - threads);
        TEST_HOLDS(thread->next == first || comes_before(thread, thread->next), "thread %td",
                   thread - threads);
        thread = thread->next;
    } while (++count < THREADS && thread != first);
    return count;
}

static void check_levels(void)
{
    const struct kiln_thread *level = queue.first;
    uint64_t seen[2] = {0, 0};
    unsigned levels = 0, with_level = 0;

    for (unsigned n = 0; n < THREADS; n++) {
        if (!arrivals[n])
            continue;
        seen[threads[n].priority / 64] |= UINT64_C(1) << threads[n].priority % 64;
        with_level += threads[n].next_level != NULL;
        TEST_HOLDS(threads[n].queue == &queue, "thread %u", n);
    }
    for (; level && (levels == 0 || level != queue.first); levels++) {
        TEST_HOLDS(level->previous->priority != level->priority || level->previous == level ||
                       level == queue.first,
                   "level %u", levels);
        TEST_HOLDS(level->next_level->previous_level == level, "level %u", levels);
        level = level->next_level;
    }
    TEST_HOLDS(levels == with_level, "%u, %u", levels, with_level);
    TEST_HOLDS(levels == (unsigned)(__builtin_popcountll(seen[0]) + __builtin_popcountll(seen[1])),
               "%u", levels);
    most_levels = levels > most_levels ? levels : most_levels;
}

static void check_wait_queue(void)
{
    TEST_HOLDS(check_order(queue.first) == count_present(), "the ring is not whole");
    check_levels();
}

static void come(unsigned n)
{
    core_wait_add(&queue, &threads[n]);
    arrivals[n] = ++last_arrival;
}

static void go(unsigned n)
{
    core_wait_remove(&queue, &threads[n]);
    TEST_HOLDS(!threads[n].queue, "thread %u", n);
    arrivals[n] = 0;
}

static void take_first(void)
{
    struct kiln_thread *first = queue.first, *taken = core_wait_take(&queue);

    TEST_HOLDS(taken == first, "the first is taken");
    if (taken)
        arrivals[taken - threads] = 0;
}

/* As a change of its priority does. */
static void change(unsigned n, uint8_t priority)
{
    core_wait_unlink(&queue, &threads[n]);
    threads[n].priority = priority;
    core_wait_add(&queue, &threads[n]);
    arrivals[n] = ++last_arrival;
}

static void test_wait_queue(unsigned priorities)
{
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned n = (unsigned)test_below(THREADS);
        bool mostly_comes = step / 1000 % 2 == 0;
        uint8_t priority = (uint8_t)(test_below(priorities) * (127 / priorities));

        if (!arrivals[n]) {
            threads[n].priority = priority;
            if (mostly_comes || test_below(4) == 0)
                come(n);
        } else if (test_below(3) == 0) {
            change(n, priority);
        } else if (!mostly_comes || test_below(4) == 0) {
            go(n);
        } else if (test_below(4) == 0) {
            take_first();
        }
        if (step % CHECKED == 0)
            check_wait_queue();
    }
    while (queue.first)
        take_first();
    test_property("a wait queue is sorted, and has a level for each priority");
    TAP_EQUAL(count_present(), 0);
    TAP_EQUAL(most_levels, priorities);
    most_levels = 0;
}

/* The run queue. */

static void check_run_queue(void)
{
    const struct percpu *percpu = &core_boot_percpu;
    const struct kiln_thread *best = NULL;
    unsigned found = 0;

    for (unsigned priority = 0; priority < KILN_PRIORITIES; priority++)
        if (percpu->ready[priority / 64] >> priority % 64 & 1) {
            best = core_boot_run_queue.first[priority];
            TEST_HOLDS(best->priority == priority, "priority %u", priority);
            found += check_order(best);
        }
    TEST_HOLDS(found == count_present(), "%u", found);
    TEST_HOLDS(run_queue_first(&core_boot_percpu) == best, "the first is another one");
}

/* In front of its equals. */
static void go_first(unsigned n)
{
    const struct kiln_thread *thread = &threads[n];

    run_queue_remove(&threads[n]);
    run_queue_add(&threads[n]);
    run_queue_to_front(&threads[n]);
    for (unsigned other = 0; other < THREADS; other++)
        if (arrivals[other] && threads[other].priority == thread->priority)
            arrivals[other] += THREADS;
    arrivals[n] = 1;
    for (unsigned other = 0; other < THREADS; other++)
        if (other != n && arrivals[other] && threads[other].priority == thread->priority &&
            arrivals[other] <= arrivals[n])
            arrivals[n] = arrivals[other] - 1;
    last_arrival += 2 * THREADS;
}

static void test_run_queue(void)
{
    run_queue_remove(&core_main_thread);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned n = (unsigned)test_below(THREADS);

        if (!arrivals[n]) {
            threads[n].priority = (uint8_t)test_below(KILN_PRIORITIES);
            core_set_ring(&core_boot_percpu, &threads[n]);
            run_queue_add(&threads[n]);
            arrivals[n] = ++last_arrival;
        } else if (test_below(4) == 0) {
            go_first(n);
        } else {
            run_queue_remove(&threads[n]);
            arrivals[n] = 0;
        }
        if (step % CHECKED == 0)
            check_run_queue();
    }
    test_property("a run queue has a ring for each priority, in the order of arrival");
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 21);
    last_arrival = UINT64_C(1) << 32;
    machine_begin();
    test_wait_queue(1);
    test_wait_queue(3);
    test_wait_queue(64);
    test_run_queue();
    return tap_done();
}
