/* Where all CPUs are busy, threads that wait go to those that would run them, or run them sooner;
 * and nothing happens where nobody waits. */
#include <kiln.h>
#include <kiln/trace.h>
#include "tap.h"

#define WORKERS 5

struct worker {
    struct kiln_thread *thread;
    uint64_t count; /* atomic */
    uint32_t seen;  /* atomic: bit n: ran on CPU n */
};

static struct worker workers[2 * WORKERS];
static unsigned worker_count;
static uint32_t stop;       /* atomic */
static uint32_t interrupts; /* atomic */

KILN_INTERRUPT_HANDLER void kiln_trace(enum kiln_trace_event event, uintptr_t object,
                                       uintptr_t value)
{
    (void)object;
    (void)value;
    if (event == KILN_TRACE_INTERRUPT_BEGIN)
        __atomic_fetch_add(&interrupts, 1, __ATOMIC_RELAXED);
}

static void *spin(void *argument)
{
    struct worker *self = argument;

    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        __atomic_fetch_add(&self->count, 1, __ATOMIC_RELAXED);
        __atomic_fetch_or(&self->seen, 1u << kiln_cpu_id(), __ATOMIC_RELAXED);
    }
    return NULL;
}

static struct worker *start(enum kiln_policy_kind kind, int priority, uint32_t cpus)
{
    struct worker *worker = &workers[worker_count++];

    worker->count = 0;
    TAP_NEED(kiln_thread_create_with_policy(
                 &worker->thread, KILN_THREAD_ATTRIBUTES(.priority = priority, .cpus = cpus),
                 &(struct kiln_policy){.kind = kind}, spin, worker) == 0);
    return worker;
}

static void end(void)
{
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < worker_count; i++)
        kiln_thread_join(workers[i].thread, NULL);
    __atomic_store_n(&stop, 0, __ATOMIC_RELAXED);
    worker_count = 0;
}

static bool have_all_gone(void)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        uint32_t seen = __atomic_load_n(&workers[i].seen, __ATOMIC_RELAXED);

        if ((seen & (seen - 1)) == 0)
            return false;
    }
    return true;
}

/* Two of them share a CPU at a time, which are others from time to time: left where they are three
 * would be alone for good. */
static void test_turns(enum kiln_policy_kind kind, const char *what)
{
    int64_t deadline = kiln_time_after(KILN_SECONDS(10));

    for (unsigned i = 0; i < WORKERS; i++)
        start(kind, 40, 0);
    kiln_sleep_for(KILN_MILLISECONDS(20));
    for (unsigned i = 0; i < WORKERS; i++)
        __atomic_store_n(&workers[i].seen, 0, __ATOMIC_RELAXED);
    while (!have_all_gone() && kiln_time_now() < deadline)
        kiln_sleep_for(KILN_MILLISECONDS(20));
    tap_check(have_all_gone(), what);
    end();
}

/* Three of the same priority on one CPU, and others keep the rest busy. */
static void test_above(void)
{
    int64_t deadline = kiln_time_after(KILN_SECONDS(10));
    uint64_t before[3];
    unsigned run;

    for (unsigned cpu = 1; cpu < 4; cpu++)
        start(KILN_POLICY_FIFO, 30, 1u << cpu);
    kiln_sleep_for(KILN_MILLISECONDS(1));
    for (unsigned i = 0; i < 3; i++)
        kiln_thread_set_cpus(start(KILN_POLICY_FIFO, 40, 1)->thread, 15);
    do {
        for (unsigned i = 0; i < 3; i++)
            before[i] = __atomic_load_n(&workers[3 + i].count, __ATOMIC_RELAXED);
        kiln_sleep_for(KILN_MILLISECONDS(20));
        run = 0;
        for (unsigned i = 0; i < 3; i++)
            run += __atomic_load_n(&workers[3 + i].count, __ATOMIC_RELAXED) > before[i];
    } while (run < 3 && kiln_time_now() < deadline);
    TAP_EQUAL(run, 3);
    end();
}

/* Another thread's wake-up ends the sleep. */
static void test_quiet(void)
{
    uint32_t before;

    for (unsigned i = 0; i < 4; i++)
        start(KILN_POLICY_FIFO, 40, 1u << i);
    kiln_sleep_for(KILN_MILLISECONDS(40));
    before = __atomic_load_n(&interrupts, __ATOMIC_RELAXED);
    kiln_sleep_for(KILN_MILLISECONDS(200));
    printf("# %u interrupts in 200 ms\n",
           (unsigned)(__atomic_load_n(&interrupts, __ATOMIC_RELAXED) - before));
    TAP_CHECK(__atomic_load_n(&interrupts, __ATOMIC_RELAXED) - before <= 8);
    end();
}

int main(void)
{
    kiln_thread_set_priority(kiln_thread_self(), 120);
    if (kiln_cpu_count() == 4) {
        test_turns(KILN_POLICY_NORMAL, "five normal threads share four CPUs");
        test_turns(KILN_POLICY_LOTTERY, "so do five of a lottery");
        test_turns(KILN_POLICY_ROUND_ROBIN, "and five that take turns");
        test_above();
        test_quiet();
    }
    TAP_CHECK(kiln_cpu_count() == 4 || kiln_cpu_count() == 1);
    return tap_done();
}
