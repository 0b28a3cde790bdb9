/*
 * Doing something once: alone, with others who come meanwhile, when the thread that does it is
 * cancelled, and on all CPUs. A word names a misuse instead.
 */
#include "thread_order.h"

static KILN_ONCE(once);
static KILN_SEMAPHORE(go, 0);
static unsigned calls; /* atomic */

static void does(void *letter)
{
    __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    note(*(char *)letter);
    kiln_semaphore_wait(&go);
}

static void *comes(void *letter)
{
    int error = kiln_once_call(&once, does, letter);

    note('.');
    return (void *)(intptr_t)error;
}

static void test_others(void)
{
    struct kiln_thread *threads[] = {BEGIN(comes, "a", .priority = BASE + 1),
                                     BEGIN(comes, "b", .priority = BASE + 3),
                                     BEGIN(comes, "c", .priority = BASE + 2)};

    check_order("a");
    kiln_thread_cancel(threads[0]);
    TAP_CHECK(end_of(threads[0]) == KILN_CANCELLED);
    check_order("b");
    kiln_semaphore_post(&go);
    check_order("..");
    check_end(threads[1]);
    check_end(threads[2]);
    TAP_EQUAL(kiln_once_call(&once, does, "d"), 0);
    check_order("");
    TAP_EQUAL(calls, 2);
}

#define ROUNDS  50
#define THREADS 4

static struct kiln_once onces[ROUNDS];
static unsigned done[ROUNDS]; /* atomic */
static unsigned early;        /* atomic */

static void does_round(void *argument)
{
    unsigned *own = argument;

    kiln_delay_for(KILN_MICROSECONDS(5));
    __atomic_add_fetch(own, 1, __ATOMIC_RELAXED);
}

static void *goes_round(void *unused)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        kiln_once_call(&onces[i], does_round, &done[i]);
        if (__atomic_load_n(&done[i], __ATOMIC_RELAXED) != 1)
            __atomic_add_fetch(&early, 1, __ATOMIC_RELAXED);
    }
    return unused;
}

static void test_all_cpus(void)
{
    struct kiln_thread *threads[THREADS];

    for (unsigned i = 0; i < ROUNDS; i++)
        onces[i] = (struct kiln_once)KILN_ONCE_INIT;
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = begin_thread(goes_round, NULL, KILN_THREAD_ATTRIBUTES(.priority = BASE));
    for (unsigned i = 0; i < THREADS; i++)
        check_end(threads[i]);
    TAP_EQUAL(early, 0);
}

static void calls_itself(void *result)
{
    *(int *)result = kiln_once_call(&once, calls_itself, result);
}

static void test_itself(void)
{
#if !KILN_CONFIG_CHECKS
    int result = 0;

    once = (struct kiln_once)KILN_ONCE_INIT;
    TAP_EQUAL(kiln_once_call(&once, calls_itself, &result), 0);
    TAP_EQUAL(result, -EDEADLK);
#endif
}

static void *tests(void *unused)
{
    test_others();
    test_all_cpus();
    test_itself();
    return unused;
}

int main(int argc, char **argv)
{
    int result = 0;

    (void)argv;
    if (argc > 1) {
        kiln_once_call(&once, calls_itself, &result);
        return 1;
    }
    return run_on_first_cpu(tests);
}
