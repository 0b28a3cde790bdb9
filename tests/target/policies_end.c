/* Threads of each policy are cancelled in each state, and inherit priorities across policies. */
#include <errno.h>
#include <kiln.h>
#include <string.h>
#include "tap.h"

#define ABOVE 110 /* of main(), above all policies */

static KILN_SEMAPHORE(never, 0);
static KILN_SEMAPHORE(go, 0);
static KILN_SEMAPHORE(end, 0);
static struct kiln_mutex mutexes[2] = {KILN_MUTEX_INIT, KILN_MUTEX_INIT};
static char order[16];

static void note(char letter)
{
    order[strlen(order)] = letter;
}

static struct kiln_thread *begin(enum kiln_policy_kind kind, int priority,
                                 void *(*function)(void *argument))
{
    const struct kiln_policy policy = {
        .kind = kind,
        .length = KILN_MILLISECONDS(1),
        .runtime = KILN_MILLISECONDS(60),
        .period = KILN_MILLISECONDS(100),
    };
    struct kiln_thread *thread = NULL;

    TAP_NEED(kiln_thread_create_with_policy(&thread,
                                            KILN_THREAD_ATTRIBUTES(.priority = priority, .cpus = 1),
                                            &policy, function, NULL) == 0);
    return thread;
}

static void let_run(void)
{
    kiln_sleep_for(KILN_MILLISECONDS(2));
}

/* Until it waits, with what it took before. */
static void let_wait(const struct kiln_thread *thread)
{
    int64_t deadline = kiln_time_after(KILN_SECONDS(10));
    struct kiln_thread_info info;

    do {
        kiln_sleep_for(KILN_MICROSECONDS(500));
        kiln_thread_get_info(thread, &info);
    } while (info.state != KILN_THREAD_BLOCKED && kiln_time_now() < deadline);
}

static int priority_of(const struct kiln_thread *thread)
{
    struct kiln_thread_info info;

    kiln_thread_get_info(thread, &info);
    return info.priority;
}

static void *run(void *unused)
{
    for (;;) {
        kiln_thread_test_cancel();
        kiln_thread_yield();
    }
    return unused;
}

static void *wait_for_post(void *unused)
{
    kiln_semaphore_wait(&never);
    return unused;
}

static void *sleep_long(void *unused)
{
    kiln_sleep_for(KILN_SECONDS(1000));
    return unused;
}

static void *wait_with_mutex(void *unused)
{
    bool before = kiln_thread_set_cancellable(false);

    kiln_mutex_lock(&mutexes[0]);
    kiln_semaphore_wait(&go);
    kiln_mutex_unlock(&mutexes[0]);
    kiln_thread_set_cancellable(before);
    kiln_thread_test_cancel();
    return unused;
}

static void *want_mutex(void *unused)
{
    kiln_mutex_lock(&mutexes[0]);
    kiln_mutex_unlock(&mutexes[0]);
    return unused;
}

static void is_cancelled(struct kiln_thread *thread, const char *what)
{
    void *result = NULL;

    kiln_thread_join(thread, &result);
    tap_check(result == KILN_CANCELLED, what);
}

/* Some of these with another of their policy, which runs or waits in their place. */
static void test_cancel(enum kiln_policy_kind kind)
{
    struct kiln_thread *one, *other;

    one = begin(kind, 40, run);
    kiln_thread_cancel(one);
    is_cancelled(one, "before it has run");
    one = begin(kind, 40, run);
    let_run();
    kiln_thread_cancel(one);
    is_cancelled(one, "as it runs");
    one = begin(kind, 40, wait_for_post);
    other = begin(kind == KILN_POLICY_DEADLINE ? KILN_POLICY_NORMAL : kind, 40, run);
    let_wait(one);
    kiln_thread_cancel(one);
    is_cancelled(one, "as it waits");
    one = begin(kind, 40, sleep_long);
    let_run();
    kiln_thread_suspend(one);
    kiln_thread_cancel(one);
    let_run();
    kiln_thread_resume(one);
    kiln_thread_cancel(other);
    is_cancelled(one, "as it sleeps, suspended");
    is_cancelled(other, "beside it");
}

static void test_cancel_inheriting(enum kiln_policy_kind kind)
{
    struct kiln_thread *one = begin(kind, 40, wait_with_mutex), *other;

    let_wait(one);
    other = begin(KILN_POLICY_FIFO, ABOVE - 5, want_mutex);
    let_wait(other);
    TAP_EQUAL(priority_of(one), ABOVE - 5);
    kiln_thread_cancel(one);
    kiln_semaphore_post(&go);
    is_cancelled(one, "once it inherits nothing any more");
    kiln_thread_join(other, NULL);
}

/* What its deadlines took of the CPU is free again. */
static void test_deadlines_end(void)
{
    struct kiln_thread *thread;

    for (unsigned i = 0; i < 3; i++) {
        thread = begin(KILN_POLICY_DEADLINE, 40, run);
        kiln_thread_cancel(thread);
        kiln_thread_join(thread, NULL);
    }
}

static void *lowest(void *unused)
{
    kiln_mutex_lock(&mutexes[0]);
    kiln_semaphore_wait(&go);
    note('l');
    kiln_mutex_unlock(&mutexes[0]);
    note('L');
    kiln_semaphore_wait(&end);
    return unused;
}

static void *middle(void *unused)
{
    kiln_mutex_lock(&mutexes[1]);
    kiln_mutex_lock(&mutexes[0]);
    note('n');
    kiln_mutex_unlock(&mutexes[0]);
    kiln_mutex_unlock(&mutexes[1]);
    note('N');
    kiln_semaphore_wait(&end);
    return unused;
}

static void *highest(void *unused)
{
    kiln_mutex_lock(&mutexes[1]);
    note('d');
    kiln_mutex_unlock(&mutexes[1]);
    kiln_semaphore_wait(&end);
    return unused;
}

static void *between(void *unused)
{
    int64_t until = kiln_time_after(KILN_MILLISECONDS(5));

    while (kiln_time_now() < until)
        ;
    note('f');
    return unused;
}

/* A deadline thread waits for a normal one, which waits for one of a lottery: all run above the
 * plain one between them, and each has its own policy again afterwards. */
static void test_chain(void)
{
    struct kiln_thread *lottery = begin(KILN_POLICY_LOTTERY, 30, lowest), *normal, *deadline, *fifo;

    let_wait(lottery);
    normal = begin(KILN_POLICY_NORMAL, 30, middle);
    let_wait(normal);
    TAP_EQUAL(priority_of(lottery), KILN_PRIORITY_NORMAL);
    deadline = begin(KILN_POLICY_DEADLINE, 30, highest);
    let_wait(deadline);
    TAP_EQUAL(priority_of(lottery), KILN_PRIORITY_DEADLINE);
    TAP_EQUAL(priority_of(normal), KILN_PRIORITY_DEADLINE);
    fifo = begin(KILN_POLICY_FIFO, 70, between);
    kiln_semaphore_post(&go);
    kiln_thread_join(fifo, NULL);
    let_wait(lottery);
    let_wait(normal);
    if (!tap_check(strcmp(order, "lndfNL") == 0, "the chain runs before the one between"))
        printf("# in the order %s\n", order);
    TAP_EQUAL(priority_of(lottery), KILN_PRIORITY_LOTTERY);
    TAP_EQUAL(priority_of(normal), KILN_PRIORITY_NORMAL);
    TAP_EQUAL(priority_of(deadline), KILN_PRIORITY_DEADLINE);
    TAP_EQUAL(kiln_thread_set_nice(normal, 5), 0);
    TAP_EQUAL(kiln_thread_set_nice(lottery, 5), -EINVAL);
    for (unsigned i = 0; i < 3; i++)
        kiln_semaphore_post(&end);
    kiln_thread_join(lottery, NULL);
    kiln_thread_join(normal, NULL);
    kiln_thread_join(deadline, NULL);
}

int main(void)
{
    kiln_thread_set_priority(kiln_thread_self(), ABOVE);
    kiln_thread_set_cpus(kiln_thread_self(), 1);
    for (int kind = KILN_POLICY_FIFO; kind <= KILN_POLICY_DEADLINE; kind++) {
        printf("# policy %d\n", kind);
        test_cancel((enum kiln_policy_kind)kind);
        test_cancel_inheriting((enum kiln_policy_kind)kind);
    }
    test_deadlines_end();
    test_chain();
    return tap_done();
}
