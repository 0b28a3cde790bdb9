/* Condition variables, kinds of mutexes, and doing something once. */
#include <explore.h>

#include <errno.h>
#include <core/mutex.h>
#include <core/thread.h>
#include <kiln/condition.h>
#include <kiln/once.h>
#include <kiln/thread.h>

#define LOW     40
#define MIDDLE  50
#define HIGH    60
#define CEILING 70

static KILN_MUTEX(mutex);
static KILN_MUTEX_RECURSIVE(recursive);
static KILN_MUTEX_ROBUST(robust);
static KILN_MUTEX_CEILING(ceiling, CEILING);
static KILN_CONDITION(condition);
static KILN_ONCE(once);
static bool holds;
static unsigned inside, passes, calls, dead;

static void enter(void)
{
    EXPLORE_CHECK(inside++ == 0);
    passes++;
    EXPLORE_CHECK(--inside == 0);
}

/* Condition variables. */

static void wait(void *unused)
{
    (void)unused;
    EXPLORE_CHECK(kiln_mutex_lock(&mutex) == 0);
    while (!holds)
        EXPLORE_CHECK(kiln_condition_wait(&condition, &mutex) == 0);
    enter();
    EXPLORE_CHECK(kiln_mutex_unlock(&mutex) == 0);
}

static void wait_until(void *unused)
{
    int error = 0;

    (void)unused;
    EXPLORE_CHECK(kiln_mutex_lock(&mutex) == 0);
    while (!holds && error == 0)
        error = kiln_condition_wait_until(&condition, &mutex, 1000);
    EXPLORE_CHECK(error == 0 || error == -ETIMEDOUT);
    EXPLORE_CHECK(kiln_mutex_owner(&mutex) == kiln_thread_self());
    enter();

    EXPLORE_CHECK(kiln_mutex_unlock(&mutex) == 0);
}

static void signal(void *unused)
{
    (void)unused;
    EXPLORE_CHECK(kiln_mutex_lock(&mutex) == 0);
    holds = true;
    kiln_condition_signal(&condition);
    EXPLORE_CHECK(kiln_mutex_unlock(&mutex) == 0);
}

static void broadcast_outside(void *unused)
{
    (void)unused;
    EXPLORE_CHECK(kiln_mutex_lock(&mutex) == 0);
    holds = true;
    EXPLORE_CHECK(kiln_mutex_unlock(&mutex) == 0);
    kiln_condition_broadcast(&condition);
}

static void begin(void)
{
    core_mutex_begin();
    explore_name(&mutex, sizeof(mutex), "mutex");
    explore_name(&condition, sizeof(condition), "condition");
    explore_name(&robust, sizeof(robust), "robust");
    explore_name(&ceiling, sizeof(ceiling), "ceiling");
    explore_name(&recursive, sizeof(recursive), "recursive");
}

static void signalled(void)
{
    begin();
    explore_thread("waits", HIGH, 0, wait, NULL);
    explore_thread("signals", LOW, 1, signal, NULL);
}

static void time_out(void)
{
    begin();
    explore_thread("waits", HIGH, 0, wait_until, NULL);
    explore_thread("signals", LOW, 1, signal, NULL);
}

static void broadcast(void)
{
    begin();
    explore_thread("waits", HIGH, 0, wait, NULL);
    explore_thread("waits too", LOW, 1, wait, NULL);
    explore_thread("broadcasts", LOW, 1, broadcast_outside, NULL);
}

static void one_cpu(void)
{
    begin();
    explore_thread("waits", LOW, 0, wait_until, NULL);
    explore_thread("waits too", LOW, 0, wait, NULL);
    explore_thread("broadcasts", LOW, 0, broadcast_outside, NULL);
    explore_interrupt("turn", 0, explore_end_turn);
    explore_interrupt("turn", 0, explore_end_turn);
}

static void is_free(const struct kiln_mutex *each)
{
    EXPLORE_CHECK(!kiln_mutex_owner(each) && !each->queue.first);
}

static void nobody_waits(void)
{
    is_free(&mutex);
    EXPLORE_CHECK(!condition.queue.first && passes > 0);
}

/* Kinds of mutexes. */

static void lock_twice(void *unused)
{
    (void)unused;
    EXPLORE_CHECK(kiln_mutex_lock(&recursive) == 0);
    EXPLORE_CHECK(kiln_mutex_lock(&recursive) == 0);
    enter();
    EXPLORE_CHECK(kiln_mutex_unlock(&recursive) == 0);
    EXPLORE_CHECK(inside++ == 0 && --inside == 0);
    EXPLORE_CHECK(kiln_mutex_unlock(&recursive) == 0);
}

static void end_over_it(void *unused)
{
    (void)unused;
    EXPLORE_CHECK(kiln_mutex_lock(&robust) == 0);
    kiln_thread_exit(NULL);
}

/* Before the other one has it, or after it has ended. */
static void lock_robust(void *unused)
{
    int error = kiln_mutex_lock_until(&robust, 1000);

    (void)unused;
    EXPLORE_CHECK(error == 0 || error == -EOWNERDEAD || error == -ETIMEDOUT);
    if (error == -EOWNERDEAD) {
        dead++;
        EXPLORE_CHECK(kiln_mutex_consistent(&robust) == 0);
    }
    if (error == -ETIMEDOUT)
        return;
    enter();
    EXPLORE_CHECK(kiln_mutex_unlock(&robust) == 0);
}

static void lock_ceiling(void *unused)
{
    struct kiln_thread *self = kiln_thread_self();

    (void)unused;
    EXPLORE_CHECK(kiln_mutex_lock(&ceiling) == 0);
    EXPLORE_CHECK(self->wanted_priority == CEILING);
    enter();
    EXPLORE_CHECK(kiln_mutex_unlock(&ceiling) == 0);
    EXPLORE_CHECK(self->wanted_priority == self->base_priority);
}

static void of_recursive(void)
{
    begin();
    explore_thread("first", LOW, 0, lock_twice, NULL);
    explore_thread("second", LOW, 1, lock_twice, NULL);
}

static void of_robust(void)
{
    begin();
    explore_server("ends", LOW, 0, end_over_it, NULL);
    explore_thread("locks", HIGH, 1, lock_robust, NULL);
}

static void of_ceiling(void)
{
    begin();
    explore_thread("first", LOW, 0, lock_ceiling, NULL);
    explore_thread("second", MIDDLE, 1, lock_ceiling, NULL);
}

static void of_ceiling_one_cpu(void)
{
    begin();
    explore_thread("first", MIDDLE, 0, lock_ceiling, NULL);
    explore_thread("second", MIDDLE, 0, lock_ceiling, NULL);
    explore_interrupt("turn", 0, explore_end_turn);
    explore_interrupt("turn", 0, explore_end_turn);
}

static void two_passed(void)
{
    is_free(&recursive);
    is_free(&ceiling);
    EXPLORE_CHECK(passes == 2);
}

static void one_dead(void)
{
    EXPLORE_CHECK(dead <= 1 && inside == 0);
}

/* Once. */

static void do_it(void *argument)
{
    EXPLORE_CHECK(argument == &once);
    EXPLORE_CHECK(inside++ == 0);
    calls++;
    EXPLORE_CHECK(--inside == 0);
}

static void call(void *unused)
{
    (void)unused;
    EXPLORE_CHECK(kiln_once_call(&once, do_it, &once) == 0);
    EXPLORE_CHECK(calls == 1);
}

static void call_once(void)
{
    begin();
    explore_thread("first", LOW, 0, call, NULL);
    explore_thread("second", HIGH, 1, call, NULL);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"signalled", "who waits goes on once it holds", 2, signalled, NULL, nobody_waits, EXPLORE_ALL,
     0},
    {"time_out", "a signal, a time-out and the mutex", 2, time_out, NULL, nobody_waits, 4,
     EXPLORE_ALL},
    {"broadcast", "two wait, one of them above the other", 2, broadcast, NULL, nobody_waits, 2, 4},
    {"recursive", "locked twice, and given back as often", 2, of_recursive, NULL, two_passed,
     EXPLORE_ALL, 0},
    {"robust", "its owner ends while another one comes, waits or gives up", 2, of_robust, NULL,
     one_dead, 3, 6},
    {"ceiling", "the priority is there with the mutex, and goes with it", 2, of_ceiling, NULL,
     two_passed, 4, EXPLORE_ALL},
    {"once", "it is done once, and then it is done", 2, call_once, NULL, NULL, 4, EXPLORE_ALL},
#endif
    {"one_cpu", "turns end anywhere, one gives up by time", 1, one_cpu, NULL, nobody_waits,
     EXPLORE_ALL, 0},
    {"ceiling_one_cpu", "turns end anywhere, nobody waits", 1, of_ceiling_one_cpu, NULL, two_passed,
     EXPLORE_ALL, 0},
    {0},
};
