/* Mutexes: one owner, handed over in order, priorities inherited and given back. */
#include <explore.h>

#include <errno.h>
#include <core/mutex.h>
#include <core/priority.h>
#include <kiln/mutex.h>

#define THREADS 3

static KILN_MUTEX(mutex);
static KILN_MUTEX(inner);
static struct kiln_thread *threads[THREADS];
static unsigned turns[THREADS]; /* how often each has had the mutex */
static unsigned inside;

static void work_inside(unsigned self)
{
    EXPLORE_CHECK(inside++ == 0);
    turns[self]++;
    EXPLORE_CHECK(--inside == 0);
}

static unsigned who_waits(void)
{
    unsigned waiting = 0;

    for (unsigned i = 0; i < THREADS; i++)
        if (threads[i] && explore_waits(threads[i], &mutex.queue))
            waiting |= 1u << i;
    return waiting;
}

/* Nobody who waited before the caller came, at its priority or above, waits still. */
static void lock_in_turn(unsigned self)
{
    unsigned before = who_waits(), after, had[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        had[i] = turns[i];
    EXPLORE_CHECK(kiln_mutex_lock(&mutex) == 0);
    after = who_waits();
    for (unsigned i = 0; i < THREADS; i++)
        EXPLORE_CHECK(!(before & after & 1u << i) || turns[i] != had[i] ||
                      threads[i]->base_priority < threads[self]->base_priority);
}

static void lock_once(void *argument)
{
    unsigned self = (unsigned)(uintptr_t)argument;

    lock_in_turn(self);
    work_inside(self);
    EXPLORE_CHECK(kiln_mutex_unlock(&mutex) == 0);
}

static void lock_twice(void *argument)
{
    lock_once(argument);
    explore_forget(1);
    lock_once(argument);
}

static void lock_until(void *argument)
{
    int error = kiln_mutex_lock_until(&mutex, 1000);

    EXPLORE_CHECK(error == 0 || error == -ETIMEDOUT);
    if (error)
        return;
    work_inside((unsigned)(uintptr_t)argument);
    EXPLORE_CHECK(kiln_mutex_unlock(&mutex) == 0);
}

/* Holds the inner one, for which the owner of the other one waits. */
static void lock_inner(void *argument)
{
    (void)argument;
    EXPLORE_CHECK(kiln_mutex_lock(&inner) == 0);
    EXPLORE_CHECK(kiln_mutex_unlock(&inner) == 0);
}

static void lock_both(void *argument)
{
    EXPLORE_CHECK(kiln_mutex_lock(&mutex) == 0);
    lock_inner(NULL);
    work_inside((unsigned)(uintptr_t)argument);
    EXPLORE_CHECK(kiln_mutex_unlock(&mutex) == 0);
}

static void try_once(void *argument)
{
    if (kiln_mutex_try(&mutex))
        return;
    work_inside((unsigned)(uintptr_t)argument);
    EXPLORE_CHECK(kiln_mutex_unlock(&mutex) == 0);
}

/* A program with threads has said so. */
static void add(unsigned number, int priority, unsigned cpu, void (*function)(void *argument))
{
    static const char *const names[THREADS] = {"first", "second", "third"};

    core_mutex_begin();
    threads[number] =
        explore_thread(names[number], priority, cpu, function, (void *)(uintptr_t)number);
    explore_name(&mutex, sizeof(mutex), "mutex");
    explore_name(&inner, sizeof(inner), "inner");
}

/* Whoever waits is inherited from, but for the moment in which that is worked out. */
static void owner_has_priority(const struct kiln_mutex *wanted)
{
    const struct kiln_thread *owner =
        (const struct kiln_thread *)(uintptr_t)(wanted->owner & ~UINT64_C(1));

    for (unsigned i = 0; i < THREADS; i++)
        if (threads[i] && explore_waits(threads[i], &wanted->queue) && threads[i]->wants)
            EXPLORE_CHECK(owner && owner->wanted_priority >= threads[i]->wanted_priority);
}

static void always(void)
{
#if KILN_CONFIG_SMP
    if (core_inheritance_lock.tickets)
        return;
#endif
    owner_has_priority(&mutex);
    owner_has_priority(&inner);
}

static void end(void)
{
    EXPLORE_CHECK(mutex.owner == 0 && !mutex.queue.first);
    EXPLORE_CHECK(inner.owner == 0 && !inner.queue.first);
    for (unsigned i = 0; i < THREADS; i++)
        if (threads[i])
            EXPLORE_CHECK(threads[i]->wanted_priority == threads[i]->base_priority &&
                          threads[i]->priority == threads[i]->base_priority && !threads[i]->held);
}

static void two_cpus(void)
{
    add(0, 64, 0, lock_twice);
    add(1, 64, 1, lock_twice);
}

static void three_cpus(void)
{
    add(0, 64, 0, lock_once);
    add(1, 64, 1, lock_once);
    add(2, 65, 2, lock_once);
}

static void time_out(void)
{
    add(0, 64, 0, lock_once);
    add(1, 70, 1, lock_until);
}

static void handed_over_late(void)
{
    add(0, 64, 0, lock_once);
    add(1, 70, 1, lock_until);
    add(2, 60, 0, lock_once);
}

static void chain(void)
{
    add(0, 30, 0, lock_inner);
    add(1, 40, 1, lock_both);
    add(2, 50, 1, lock_until);
}

static void try(void)
{
    add(0, 64, 0, lock_once);
    add(1, 64, 1, try_once);
}

/* Turns end while the mutex is held; the one above comes with its interrupt. */
static void one_cpu(void)
{
    add(0, 64, 0, lock_twice);
    add(1, 64, 0, lock_until);
    add(2, 64, 0, lock_once);
    explore_interrupt("turn", 0, explore_end_turn);
    explore_interrupt("turn", 0, explore_end_turn);
    explore_interrupt("turn", 0, explore_end_turn);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"two_cpus", "two CPUs take it twice each, in turn", 2, two_cpus, always, end, EXPLORE_ALL, 0},
    {"three_cpus", "three take it, one of them above the others", 3, three_cpus, always, end, 2, 3},
    {"time_out", "a time-out, and handing over at the same time", 2, time_out, always, end,
     EXPLORE_ALL, 0},
    {"handed_over_late", "the same, and others who wait", 2, handed_over_late, always, end, 3,
     EXPLORE_ALL},
    {"chain", "a priority goes along a chain of owners, and back", 2, chain, always, end, 2, 4},
    {"try", "who only tries is inside alone, too", 2, try, always, end, EXPLORE_ALL, 0},
#endif
    {"one_cpu", "turns end anywhere, and a wait by time", 1, one_cpu, NULL, end, EXPLORE_ALL, 0},
    {0},
};
