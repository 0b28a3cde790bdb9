/* Data of each CPU's own: counted by threads that stay on theirs, and by calls from another. */
#include "tap.h"

#include <kiln.h>

#define ROUNDS 1000

struct counts {
    unsigned by_threads, by_calls;
};

static KILN_PERCPU(struct counts, counts);

static void *count(void *unused)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        kiln_scheduler_lock();
        kiln_percpu(counts)->by_threads++;
        kiln_scheduler_unlock();
        kiln_thread_yield();
    }
    return unused;
}

static KILN_INTERRUPT_HANDLER void count_call(void *unused)
{
    (void)unused;
    kiln_percpu(counts)->by_calls++;
}

static void test_threads(unsigned cpus)
{
    struct kiln_thread *threads[2 * KILN_CPUS_MOST];
    unsigned total = 0;

    for (unsigned i = 0; i < 2 * cpus; i++)
        TAP_NEED(kiln_thread_create(&threads[i], KILN_THREAD_ATTRIBUTES(.cpus = 1u << i / 2), count,
                                    NULL) == 0);
    for (unsigned i = 0; i < 2 * cpus; i++)
        TAP_EQUAL(kiln_thread_join(threads[i], NULL), 0);
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        TAP_EQUAL(kiln_percpu_of(counts, cpu)->by_threads, 2 * ROUNDS);
        total += kiln_percpu_of(counts, cpu)->by_threads;
    }
    TAP_EQUAL(total, 2 * ROUNDS * cpus);
}

static void test_calls(unsigned cpus)
{
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        TAP_EQUAL(kiln_cpu_call(cpu, count_call, NULL), 0);
        TAP_EQUAL(kiln_percpu_of(counts, cpu)->by_calls, 1);
    }
}

static void test_lines(unsigned cpus)
{
    for (unsigned cpu = 0; cpu < cpus; cpu++)
        TAP_EQUAL((uintptr_t)kiln_percpu_of(counts, cpu) % KILN_PERCPU_ALIGN, 0);
}

int main(void)
{
    unsigned cpus = kiln_cpu_count();

    test_threads(cpus);
    test_calls(cpus);
    test_lines(cpus);
    return tap_done();
}
