/* Threads that go from CPU to CPU: each runs on one at a time, wherever it was woken or sent. */
#include <explore.h>

#include <errno.h>
#include <core/percpu.h>
#include <core/thread.h>
#include <kiln/semaphore.h>
#include <kiln/thread.h>
#include <kiln/time.h>

#define THREADS 3

static KILN_SEMAPHORE(semaphore, 0);
static struct kiln_thread *threads[THREADS];
static unsigned passes;

static void pass(void)
{
    __atomic_fetch_add(&passes, 1, __ATOMIC_RELAXED);
}

/* What each does: a pass, where it may be, and another one. */

static void yield(void *unused)
{
    (void)unused;
    pass();
    kiln_thread_yield();
    pass();
}

static void wait(void *unused)
{
    (void)unused;
    pass();
    EXPLORE_CHECK(kiln_semaphore_wait(&semaphore) == 0);
    pass();
}

static void wait_until(void *unused)
{
    int error;

    (void)unused;
    pass();
    error = kiln_semaphore_wait_until(&semaphore, 1000);
    EXPLORE_CHECK(error == 0 || error == -ETIMEDOUT);
    pass();
}

static void post(void *unused)
{
    (void)unused;
    pass();
    kiln_semaphore_post(&semaphore);
    pass();
}

/* Sends the first one to the other CPU, wherever it is. */
static void send_first(void *unused)
{
    int error = kiln_thread_set_cpus(threads[0], 1u << 1);

    (void)unused;
    EXPLORE_CHECK(error == 0 || error == -ESRCH);
    pass();
    kiln_semaphore_post(&semaphore);
    pass();
}

/* Anywhere, beginning on a CPU. */
static void add(unsigned number, unsigned cpu, void (*function)(void *argument))
{
    static const char *const names[THREADS] = {"first", "second", "third"};

    threads[number] = explore_thread(names[number], 64, cpu, function, NULL);
    threads[number]->cpus = 3;
    explore_name(&semaphore, sizeof(semaphore), "semaphore");
}

static void idle_takes(void)
{
    add(0, 0, yield);
    add(1, 0, yield);
}

static void wakes_elsewhere(void)
{
    add(0, 0, wait);
    add(1, 0, post);
    add(2, 0, yield);
}

static void sent(void)
{
    add(0, 0, wait);
    add(1, 1, send_first);
}

static void sent_by_neighbour(void)
{
    add(0, 0, wait_until);
    add(1, 0, send_first);
}

static void all_passed_by(unsigned count)
{
    uint32_t known = 0;

    EXPLORE_CHECK(passes == 2 * count);
    for (unsigned cpu = 0; cpu < 2; cpu++)
        known += core_percpu(cpu)->threads;
    EXPLORE_CHECK(known == count);
    for (unsigned i = 0; i < count; i++)
        EXPLORE_CHECK(threads[i]->cpu < 2 && !threads[i]->queue);
}

static void two_passed(void)
{
    all_passed_by(2);
}

static void three_passed(void)
{
    all_passed_by(3);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"idle_takes", "an idle CPU takes one of two", 2, idle_takes, NULL, two_passed, 3, 5},
    {"wakes_elsewhere", "one is woken where nothing else runs", 2, wakes_elsewhere, NULL,
     three_passed, 2, 3},
    {"sent", "one is sent while it runs, waits or wakes", 2, sent, NULL, two_passed, 3, 6},
    {"sent_by_neighbour", "the same from its own CPU, with a time-out", 2, sent_by_neighbour, NULL,
     two_passed, 3, 5},
#endif
    {0},
};
