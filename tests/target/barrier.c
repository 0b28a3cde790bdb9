/*
 * Barriers: rounds of threads that wait for each other on one CPU and on several, one of which is
 * told that it came last; time-outs, what does not end the wait, destruction. A word names a misuse
 * instead.
 */
#include "thread_order.h"

#define THREADS 4
#define ROUNDS  200

static KILN_BARRIER(barrier, THREADS);
static unsigned places[THREADS], lasts; /* atomic */
static unsigned ahead;                  /* atomic: seen more than a round away */

/* Between two rounds nobody is more than one ahead. */
static void *goes_on(void *argument)
{
    unsigned *own = argument;
    bool is_last;

    for (unsigned round = 1; round <= ROUNDS; round++) {
        __atomic_store_n(own, round, __ATOMIC_RELAXED);
        if (kiln_barrier_wait(&barrier, &is_last))
            return argument;
        __atomic_add_fetch(&lasts, is_last, __ATOMIC_RELAXED);
        for (unsigned i = 0; i < THREADS; i++) {
            unsigned other = __atomic_load_n(&places[i], __ATOMIC_RELAXED);

            if (other != round && other != round + 1)
                __atomic_add_fetch(&ahead, 1, __ATOMIC_RELAXED);
        }
    }
    return NULL;
}

static void test_rounds(void)
{
    struct kiln_thread *threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = begin_thread(goes_on, &places[i],
                                  KILN_THREAD_ATTRIBUTES(.priority = BASE + (int)i % 2));
    for (unsigned i = 0; i < THREADS; i++)
        check_end(threads[i]);
    TAP_EQUAL(lasts, ROUNDS);
    TAP_EQUAL(ahead, 0);
}

static void *waits(void *letter)
{
    bool is_last = false;
    int error = kiln_barrier_wait(&barrier, &is_last);

    note(is_last ? 'l' : *(char *)letter);
    return (void *)(intptr_t)error;
}

/* Who has given up is not counted; nobody else ends the wait. */
static void test_ends(void)
{
    struct kiln_thread *threads[3];
    bool is_last = true;

    kiln_barrier_init(&barrier, 3);
    TAP_EQUAL(kiln_barrier_wait_until(&barrier, &is_last, kiln_time_after(KILN_MILLISECONDS(1))),
              -ETIMEDOUT);
    TAP_CHECK(!is_last);
    TAP_EQUAL(kiln_barrier_wait_until(&barrier, NULL, KILN_NOWAIT), -EAGAIN);
    threads[0] = BEGIN(waits, "a", .priority = BASE + 1);
    threads[1] = BEGIN(waits, "b", .priority = BASE + 2);
    TAP_EQUAL(kiln_thread_interrupt(threads[0]), -EAGAIN);
    kiln_thread_cancel(threads[1]);
    check_order("");
    TAP_EQUAL(kiln_barrier_wait_until(&barrier, &is_last, KILN_NOWAIT), 0);
    TAP_CHECK(is_last);
    check_order("ba");
    check_end(threads[0]);
    check_end(threads[1]);
    threads[0] = BEGIN(waits, "a", .priority = BASE + 1);
    kiln_barrier_destroy(&barrier);
    TAP_EQUAL((intptr_t)end_of(threads[0]), -EIDRM);
    check_order("a");
#if !KILN_CONFIG_CHECKS
    TAP_EQUAL(kiln_barrier_wait(&barrier, NULL), -EIDRM);
#endif
    kiln_barrier_init(&barrier, 1);
    TAP_EQUAL(kiln_barrier_wait(&barrier, NULL), 0);
}

static void misuse(const char *word)
{
    if (strcmp(word, "masked") == 0) {
        kiln_barrier_init(&barrier, 1);
        kiln_irq_save();
    } else {
        kiln_barrier_destroy(&barrier);
    }
    kiln_barrier_wait(&barrier, NULL);
    printf("survived\n");
}

static void *tests(void *unused)
{
    test_rounds();
    test_ends();
    return unused;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        misuse(argv[1]);
        return 1;
    }
    return run_on_first_cpu(tests);
}
