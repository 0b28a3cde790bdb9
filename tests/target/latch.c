/*
 * Latches: counting down from threads and interrupt handlers, waiting before and after, time-outs,
 * interruption and destruction. A word names a misuse instead.
 */
#include "thread_order.h"

static KILN_LATCH(latch, 3);

static void *waits(void *letter)
{
    int error = kiln_latch_wait(&latch);

    note(*(char *)letter);
    return (void *)(intptr_t)error;
}

static KILN_INTERRUPT_HANDLER void count_down(void *unused)
{
    (void)unused;
    kiln_latch_count_down(&latch, 1);
    note('h');
}

static void test_open(void)
{
    static const char letters[] = "abc";
    static const int above[] = {1, 2, 1};
    struct kiln_thread *threads[3];

    TAP_EQUAL(kiln_latch_left(&latch), 3);
    TAP_EQUAL(kiln_latch_wait_until(&latch, KILN_NOWAIT), -EAGAIN);
    TAP_EQUAL(kiln_latch_wait_until(&latch, 1), -ETIMEDOUT);
    for (unsigned i = 0; i < 3; i++)
        threads[i] = BEGIN(waits, &letters[i], .priority = BASE + above[i]);
    TAP_EQUAL(kiln_latch_count_down(&latch, 2), 0);
    check_order("");
    call_in_handler(count_down);
    TAP_EQUAL(kiln_latch_wait_until(&latch, kiln_time_after(KILN_SECONDS(10))), 0);
    check_order("hbac");
    for (unsigned i = 0; i < 3; i++)
        check_end(threads[i]);
    TAP_EQUAL(kiln_latch_left(&latch), 0);
    TAP_EQUAL(kiln_latch_wait(&latch), 0);
    TAP_EQUAL(kiln_latch_wait_until(&latch, KILN_NOWAIT), 0);
}

static void test_ends(void)
{
    struct kiln_thread *thread;

    kiln_latch_init(&latch, 1);
    thread = BEGIN(waits, "a", .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_interrupt(thread), 0);
    TAP_EQUAL((intptr_t)end_of(thread), -EINTR);
    thread = BEGIN(waits, "b", .priority = BASE + 1);
    kiln_thread_cancel(thread);
    TAP_CHECK(end_of(thread) == KILN_CANCELLED);
    thread = BEGIN(waits, "c", .priority = BASE + 1);
    kiln_latch_destroy(&latch);
    TAP_EQUAL((intptr_t)end_of(thread), -EIDRM);
    check_order("ac");
#if !KILN_CONFIG_CHECKS
    TAP_EQUAL(kiln_latch_wait(&latch), -EIDRM);
    TAP_EQUAL(kiln_latch_count_down(&latch, 1), 0);
    kiln_latch_init(&latch, 1);
    TAP_EQUAL(kiln_latch_count_down(&latch, 2), -EINVAL);
    TAP_EQUAL(kiln_latch_left(&latch), 0);
#endif
}

#define WORKERS 8
#define ROUNDS  100

static struct kiln_latch start = KILN_LATCH_INIT(1), done = KILN_LATCH_INIT(WORKERS * ROUNDS);
static unsigned sum; /* atomic */

static void *works(void *unused)
{
    kiln_latch_wait(&start);
    for (unsigned i = 0; i < ROUNDS; i++) {
        __atomic_add_fetch(&sum, 1, __ATOMIC_RELAXED);
        kiln_latch_count_down(&done, 1);
    }
    return unused;
}

/* On all CPUs. */
static void test_many(void)
{
    struct kiln_thread *threads[WORKERS];

    for (unsigned i = 0; i < WORKERS; i++)
        threads[i] = begin_thread(works, NULL, KILN_THREAD_ATTRIBUTES(.priority = BASE));
    kiln_latch_count_down(&start, 1);
    TAP_EQUAL(kiln_latch_wait(&done), 0);
    TAP_EQUAL(sum, WORKERS * ROUNDS);
    for (unsigned i = 0; i < WORKERS; i++)
        check_end(threads[i]);
}

static void misuse(const char *word)
{
    if (strcmp(word, "below") == 0)
        kiln_latch_count_down(&latch, 4);
    kiln_latch_destroy(&latch);
    kiln_latch_wait(&latch);
    printf("survived\n");
}

static void *tests(void *unused)
{
    test_open();
    test_ends();
    test_many();
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
