/* Threads that wait for each other for ever are told, each with what it waits for: a ring of
 * mutexes while others run, and all threads when nothing can wake one. What a timer or an
 * interrupt ends, or a program means, is none. */
#include <errno.h>
#include <kiln.h>
#include <string.h>
#include "tap.h"

static KILN_MUTEX(first);
static KILN_MUTEX(second);
static KILN_SEMAPHORE(never, 0);
static KILN_SEMAPHORE(both_hold, 0);
static KILN_SEMAPHORE(go_on, 0);

struct order {
    struct kiln_mutex *outer, *inner;
};

static void *lock_both(void *argument)
{
    const struct order *order = argument;

    kiln_mutex_lock(order->outer);
    kiln_semaphore_post(&both_hold);
    kiln_semaphore_wait(&go_on);
    kiln_mutex_lock(order->inner);
    kiln_mutex_unlock(order->inner);
    kiln_mutex_unlock(order->outer);
    return NULL;
}

static void *compute(void *unused)
{
    while (!unused)
        kiln_thread_yield();
    return NULL;
}

static struct kiln_thread *start(const char *name, void *(*function)(void *), void *argument)
{
    struct kiln_thread *thread;

    TAP_NEED(
        kiln_thread_create(&thread, KILN_THREAD_ATTRIBUTES(.name = name), function, argument) == 0);
    return thread;
}

/* Others run meanwhile. */
static void make_ring(void)
{
    static const struct order orders[] = {{&first, &second}, {&second, &first}};
    struct kiln_thread *thread = start("one", lock_both, (void *)&orders[0]);

    start("other", lock_both, (void *)&orders[1]);
    start("computes", compute, NULL);
    for (unsigned i = 0; i < 2; i++)
        kiln_semaphore_wait(&both_hold);
    for (unsigned i = 0; i < 2; i++)
        kiln_semaphore_post(&go_on);
    kiln_thread_join(thread, NULL);
}

static void *wait_for_main(void *unused)
{
    (void)unused;
    kiln_semaphore_wait(&never);
    return NULL;
}

static void stop_all(void)
{
    struct kiln_thread *thread = start("waits", wait_for_main, NULL);

    kiln_thread_join(thread, NULL);
}

static void give_later(void *unused)
{
    (void)unused;
    kiln_semaphore_post(&never);
}

/* All wait, and a timer is to come. */
static void go_on_later(void)
{
    struct kiln_timer timer;
    struct kiln_thread *thread = start("waits", wait_for_main, NULL);

    kiln_timer_init(&timer, give_later, NULL);
    kiln_timer_start_for(&timer, KILN_MILLISECONDS(20));
    TAP_EQUAL(kiln_thread_join(thread, NULL), 0);
    TAP_EQUAL(kiln_semaphore_wait_until(&never, kiln_time_now() + KILN_MILLISECONDS(5)),
              -ETIMEDOUT);
}

static void spin_for_ever(void *unused)
{
    (void)unused;
    for (;;)
        kiln_delay_for(KILN_MILLISECONDS(100));
}

static void lose_cpu(void)
{
    unsigned other = kiln_cpu_id() ? 0 : 1;

    kiln_cpu_call(other, spin_for_ever, NULL);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (strcmp(what, "ring") == 0)
        make_ring();
    else if (strcmp(what, "all") == 0)
        stop_all();
    else if (strcmp(what, "cpu") == 0)
        lose_cpu();
    else
        go_on_later();
    return tap_done();
}
