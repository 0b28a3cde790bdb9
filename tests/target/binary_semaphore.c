/*
 * Binary semaphores, which are semaphores that a limit keeps at 1, and destroying either while
 * threads wait. A word names a misuse instead.
 */
#include "thread_order.h"

static KILN_BINARY_SEMAPHORE(binary, 0);
static KILN_SEMAPHORE(semaphore, 0);

static void *takes(void *letter)
{
    int error = kiln_binary_semaphore_take(&binary);

    note(*(char *)letter);
    return (void *)(intptr_t)error;
}

static void test_binary(void)
{
    struct kiln_thread *thread;

    TAP_CHECK(!kiln_binary_semaphore_is_given(&binary));
    TAP_EQUAL(kiln_binary_semaphore_try(&binary), -EAGAIN);
    TAP_EQUAL(kiln_binary_semaphore_take_until(&binary, 1), -ETIMEDOUT);
    TAP_EQUAL(kiln_binary_semaphore_give(&binary), 0);
    TAP_EQUAL(kiln_binary_semaphore_give(&binary), -EOVERFLOW);
    TAP_CHECK(kiln_binary_semaphore_is_given(&binary));
    TAP_EQUAL(kiln_binary_semaphore_take(&binary), 0);
    TAP_EQUAL(kiln_binary_semaphore_try(&binary), -EAGAIN);
    thread = BEGIN(takes, "a", .priority = BASE + 1);
    TAP_EQUAL(kiln_binary_semaphore_give(&binary), 0);
    check_order("a");
    check_end(thread);
    TAP_CHECK(!kiln_binary_semaphore_is_given(&binary));
    kiln_binary_semaphore_init(&binary, true);
    TAP_EQUAL(kiln_binary_semaphore_try(&binary), 0);
}

static void test_limit(void)
{
    TAP_EQUAL(kiln_semaphore_post_below(&semaphore, 2), 0);
    TAP_EQUAL(kiln_semaphore_post_below(&semaphore, 2), 0);
    TAP_EQUAL(kiln_semaphore_post_below(&semaphore, 2), -EOVERFLOW);
    TAP_EQUAL(kiln_semaphore_count(&semaphore), 2);
    TAP_EQUAL(kiln_semaphore_wait(&semaphore), 0);
    TAP_EQUAL(kiln_semaphore_wait(&semaphore), 0);
}

static KILN_INTERRUPT_HANDLER void give(void *unused)
{
    (void)unused;
    kiln_binary_semaphore_give(&binary);
    kiln_binary_semaphore_give(&binary);
    kiln_binary_semaphore_give(&binary);
    note('h');
}

/* The first to be given goes to who waits, the second stays, the third is nothing. */
static void test_handler(void)
{
    struct kiln_thread *thread = BEGIN(takes, "a", .priority = BASE + 1);

    call_in_handler(give);
    check_end(thread);
    check_order("ha");
    TAP_EQUAL(kiln_binary_semaphore_try(&binary), 0);
    TAP_EQUAL(kiln_binary_semaphore_try(&binary), -EAGAIN);
}

static void *waits(void *letter)
{
    int error = kiln_semaphore_wait_until(&semaphore, kiln_time_after(KILN_SECONDS(100)));

    note(*(char *)letter);
    return (void *)(intptr_t)error;
}

static void test_destroy(void)
{
    struct kiln_thread *threads[] = {BEGIN(takes, "a", .priority = BASE + 1),
                                     BEGIN(takes, "b", .priority = BASE + 2),
                                     BEGIN(waits, "c", .priority = BASE + 1)};

    kiln_binary_semaphore_destroy(&binary);
    check_order("ba");
    kiln_semaphore_destroy(&semaphore);
    check_order("c");
    for (unsigned i = 0; i < 3; i++)
        TAP_EQUAL((intptr_t)end_of(threads[i]), -EIDRM);
    TAP_EQUAL(kiln_semaphore_try(&semaphore), -EAGAIN);
#if !KILN_CONFIG_CHECKS
    kiln_semaphore_post(&semaphore);
    TAP_EQUAL(kiln_semaphore_post_below(&semaphore, 1), 0);
    TAP_EQUAL(kiln_semaphore_wait(&semaphore), -EIDRM);
    TAP_EQUAL(kiln_semaphore_wait_until(&semaphore, 1), -EIDRM);
    kiln_semaphore_destroy(&semaphore);
#endif
    kiln_semaphore_init(&semaphore, 1);
    TAP_EQUAL(kiln_semaphore_wait(&semaphore), 0);
}

/* Each waits for the other by a semaphore that is only given or not. */
#define TURNS 300

static struct kiln_binary_semaphore turns[2];

static void *takes_turns(void *argument)
{
    uintptr_t mine = (uintptr_t)argument;

    for (unsigned i = 0; i < TURNS; i++)
        if (kiln_binary_semaphore_take(&turns[mine]) ||
            kiln_binary_semaphore_give(&turns[1 - mine]))
            return takes_turns;
    return NULL;
}

static void test_turns(void)
{
    struct kiln_thread *threads[2];

    for (unsigned i = 0; i < 2; i++)
        kiln_binary_semaphore_init(&turns[i], i == 0);
    for (unsigned i = 0; i < 2; i++)
        threads[i] = begin_thread(takes_turns, (void *)(uintptr_t)i,
                                  KILN_THREAD_ATTRIBUTES(.priority = BASE));
    for (unsigned i = 0; i < 2; i++)
        check_end(threads[i]);
    TAP_CHECK(kiln_binary_semaphore_is_given(&turns[0]));
}

static void misuse(const char *word)
{
    kiln_binary_semaphore_destroy(&binary);
    if (strcmp(word, "give") == 0)
        kiln_binary_semaphore_give(&binary);
    kiln_binary_semaphore_take(&binary);
    printf("survived\n");
}

static void *tests(void *unused)
{
    test_binary();
    test_limit();
    test_handler();
    test_turns();
    test_destroy();
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
