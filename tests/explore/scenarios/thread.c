/* Threads: one that ends is joined once, by whoever waits for it, or by nobody once detached. */
#include <explore.h>

#include <errno.h>
#include <arch/spin.h>
#include <core/thread.h>
#include <kiln/time.h>

#define RESULT ((void *)42)

static struct kiln_thread *ends;
static unsigned joined;

static void end_now(void *unused)
{
    (void)unused;
    kiln_thread_exit(RESULT);
}

static void sleep_then_end(void *unused)
{
    (void)unused;
    kiln_sleep_until(1000);
    kiln_thread_exit(RESULT);
}

/* Its memory is the joiner's: nothing of it runs any more. */
static void has_ended(const void *result, const void *expected)
{
    EXPLORE_CHECK(result == expected);
    EXPLORE_CHECK(ends->state == THREAD_SPARE);
    EXPLORE_CHECK(!KILN_CONFIG_SMP || __atomic_load_n(&ends->has_left, __ATOMIC_RELAXED));
    __atomic_fetch_add(&joined, 1, __ATOMIC_RELAXED);
}

static void join(void *unused)
{
    void *result;

    (void)unused;
    EXPLORE_CHECK(kiln_thread_join(ends, &result) == 0);
    has_ended(result, RESULT);
}

/* Who gives up by time leaves it to somebody else. */
static void join_until(void *unused)
{
    void *result;
    int error = kiln_thread_join_until(ends, &result, 500);

    (void)unused;
    EXPLORE_CHECK(error == 0 || error == -ETIMEDOUT);
    if (error == 0)
        has_ended(result, RESULT);
    else
        join(NULL);
}

/* It is nobody's then. */
static void detach(void *unused)
{
    (void)unused;
    EXPLORE_CHECK(kiln_thread_detach(ends) == 0);
    while (__atomic_load_n(&ends->state, __ATOMIC_RELAXED) != THREAD_SPARE)
        arch_spin_relax();
}

static void cancel_and_join(void *unused)
{
    void *result;
    int error = kiln_thread_cancel(ends);

    (void)unused;
    EXPLORE_CHECK(error == 0 || error == -ESRCH);
    EXPLORE_CHECK(kiln_thread_join(ends, &result) == 0);
    has_ended(result, result == RESULT ? RESULT : KILN_CANCELLED);
}

static void interrupt_and_join(void *unused)
{
    int error = kiln_thread_interrupt(ends);

    EXPLORE_CHECK(error == 0 || error == -EAGAIN);
    join(unused);
}

static void suspend_and_join(void *unused)
{
    int error = kiln_thread_suspend(ends);

    EXPLORE_CHECK(error == 0 || error == -ESRCH);
    error = kiln_thread_resume(ends);
    EXPLORE_CHECK(error == 0 || error == -ESRCH);
    join(unused);
}

static void two_cpus(void)
{
    ends = explore_server("ends", 64, 0, end_now, NULL);
    explore_thread("joins", 64, 1, join, NULL);
}

static void join_by_time(void)
{
    ends = explore_server("ends", 64, 0, end_now, NULL);
    explore_thread("joins", 64, 1, join_until, NULL);
}

static void one_cpu(void)
{
    ends = explore_server("ends", 64, 0, sleep_then_end, NULL);
    explore_thread("joins", 64, 0, join_until, NULL);
    explore_interrupt("turn", 0, explore_end_turn);
}

static void detached(void)
{
    ends = explore_server("ends", 64, 0, end_now, NULL);
    explore_thread("detaches", 64, 1, detach, NULL);
}

static void cancelled(void)
{
    ends = explore_server("ends", 64, 0, sleep_then_end, NULL);
    explore_thread("cancels", 64, 1, cancel_and_join, NULL);
}

static void interrupted(void)
{
    ends = explore_server("ends", 64, 0, sleep_then_end, NULL);
    explore_thread("interrupts", 64, 1, interrupt_and_join, NULL);
}

static void suspended(void)
{
    ends = explore_server("ends", 64, 0, sleep_then_end, NULL);
    explore_thread("suspends", 64, 1, suspend_and_join, NULL);
}

static void joined_once(void)
{
    EXPLORE_CHECK(joined == 1);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"two_cpus", "joined from another CPU", 2, two_cpus, NULL, joined_once, EXPLORE_ALL, 0},
    {"join_by_time", "joined until a deadline, and again", 2, join_by_time, NULL, joined_once,
     EXPLORE_ALL, 0},
    {"detached", "detached as it ends", 2, detached, NULL, NULL, EXPLORE_ALL, 0},
    {"cancelled", "cancelled as it sleeps, wakes and ends", 2, cancelled, NULL, joined_once, 4,
     EXPLORE_ALL},
    {"interrupted", "interrupted as it sleeps and wakes", 2, interrupted, NULL, joined_once, 4,
     EXPLORE_ALL},
    {"suspended", "suspended and resumed at any time", 2, suspended, NULL, joined_once, 4,
     EXPLORE_ALL},
#endif
    {"one_cpu", "sleeps, ends and is joined", 1, one_cpu, NULL, joined_once, EXPLORE_ALL, 0},
    {0},
};
