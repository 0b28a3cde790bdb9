/*
 * FP and SIMD registers of threads that are preempted, and that leave their CPU by themselves: each
 * has its own, whatever others do with theirs, and who uses none has none. On every CPU.
 */
#include <fenv.h>
#include <kiln.h>
#include "../tap.h"
#include "threads.h"

#define CPUS    4
#define SLICE   (700 * 1000) /* ns */
#define WORKERS 5

static void *(*const functions[])(void *) = {use_preempted, use_preempted, use_and_yield,
                                             use_and_yield, use_none};
_Static_assert(sizeof functions / sizeof functions[0] == WORKERS, "one for each");

static struct {
    struct kiln_thread *ticker, *workers[WORKERS];
    struct user tick, users[WORKERS];
} cpus[CPUS];

static struct kiln_thread *start(unsigned cpu, int priority, void *(*function)(void *),
                                 struct user *user)
{
    static uint32_t started;
    struct kiln_thread *thread = NULL;
    const struct kiln_policy policy = {.kind = KILN_POLICY_ROUND_ROBIN, .slice = SLICE};
    const struct kiln_thread_attributes *attributes =
        KILN_THREAD_ATTRIBUTES(.name = "user", .priority = priority, .cpus = 1u << cpu);
    int error = kiln_thread_create_with_policy(&thread, attributes, &policy, function, user);

    user->cpu = cpu;
    user->number = 16 * ++started;
    TAP_NEED(error == 0);
    return thread;
}

static void join(struct kiln_thread *thread)
{
    TAP_EQUAL(kiln_thread_join(thread, NULL), 0);
}

static void check(const struct user *user, bool uses_fp)
{
    TAP_EQUAL(user->began_clean, uses_fp);
    TAP_EQUAL(user->lost, 0);
    TAP_EQUAL(user->unlike, 0);
}

static void check_cpu(unsigned cpu)
{
    printf("# CPU %u, %u ticks\n", cpu, ticks[cpu]);
    for (unsigned i = 0; i < WORKERS; i++)
        check(&cpus[cpu].users[i], functions[i] != use_none);
    check(&cpus[cpu].tick, true);
    TAP_CHECK(ticks[cpu] >= ROUNDS);
}

/* Rounded as main() has asked for, while others round as they do. */
static bool rounds_up(void)
{
    volatile double one = 1, three = 3;

    return one / three > 0x1.5555555555555p-2;
}

int main(void)
{
    registers_begin();
    fesetround(FE_UPWARD);
    TAP_CHECK(rounds_up());
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++) {
        cpus[cpu].ticker = start(cpu, KILN_PRIORITY_DEFAULT + 1, tick, &cpus[cpu].tick);
        for (unsigned i = 0; i < WORKERS; i++)
            cpus[cpu].workers[i] =
                start(cpu, KILN_PRIORITY_DEFAULT - 1, functions[i], &cpus[cpu].users[i]);
    }
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++)
        for (unsigned i = 0; i < WORKERS; i++)
            join(cpus[cpu].workers[i]);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++)
        join(cpus[cpu].ticker);
    TAP_CHECK(rounds_up());
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++)
        check_cpu(cpu);
    return tap_done();
}
