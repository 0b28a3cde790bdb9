/* Threads on all CPUs are given policies and nice values, suspended and resumed, while they run. */
#include <kiln.h>
#include "tap.h"

#define THREADS 24
#define CHANGES 60

static bool stop;
static uint64_t count[THREADS];
static uint32_t seen[THREADS]; /* bit n: ran on CPU n */

static void *work(void *argument)
{
    unsigned i = (unsigned)(uintptr_t)argument;

    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        seen[i] |= 1u << kiln_cpu_id();
        if (++count[i] % 20000 == 0)
            kiln_sleep_for(KILN_MICROSECONDS(100));
    }
    return NULL;
}

static struct kiln_policy policy_of(uint64_t kind)
{
    return (struct kiln_policy){
        .kind = (enum kiln_policy_kind)(kind % (KILN_POLICY_DEADLINE + 1)),
        .length = KILN_MILLISECONDS(1),
        .runtime = KILN_MILLISECONDS(1),
        .period = KILN_MILLISECONDS(50),
    };
}

static unsigned cpu_of(unsigned i)
{
    return i / 6 % kiln_cpu_count();
}

static bool create_all(struct kiln_thread **threads)
{
    for (unsigned i = 0; i < THREADS; i++) {
        struct kiln_policy policy = policy_of(i);
        const struct kiln_thread_attributes *attributes =
            KILN_THREAD_ATTRIBUTES(.priority = 30, .cpus = 1u << cpu_of(i));

        if (kiln_thread_create_with_policy(&threads[i], attributes, &policy, work,
                                           (void *)(uintptr_t)i))
            return false;
    }
    return true;
}

static bool change_some(struct kiln_thread **threads)
{
    bool holds = true;

    for (unsigned i = 0; i < CHANGES; i++) {
        struct kiln_policy policy = policy_of(kiln_random());
        struct kiln_thread *other = threads[kiln_random() % THREADS];

        holds = holds && !kiln_thread_set_policy(threads[kiln_random() % THREADS], &policy);
        kiln_thread_set_nice(threads[kiln_random() % THREADS], (int)(kiln_random() % 40) - 20);
        kiln_thread_suspend(other);
        kiln_sleep_for(KILN_MICROSECONDS(500));
        kiln_thread_resume(other);
    }
    return holds;
}

int main(void)
{
    struct kiln_thread *threads[THREADS];
    bool is_placed = true;

    TAP_NEED(create_all(threads));
    tap_check(change_some(threads), "running threads are given policies, here and there");
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < THREADS; i++) {
        kiln_thread_join(threads[i], NULL);
        is_placed = is_placed && (seen[i] & ~(1u << cpu_of(i))) == 0;
    }
    tap_check(is_placed, "and end, having run only where they may");
    return tap_done();
}
