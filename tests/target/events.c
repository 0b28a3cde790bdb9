/*
 * Event flags: each way of waiting, what is cleared and when, who goes on in which order, set in
 * interrupt handlers and under spinlocks, time-outs, interruption, cancellation and destruction. A
 * word names a misuse instead.
 */
#include "takes_long.h"
#include "thread_order.h"

static KILN_EVENTS(events);
static struct kiln_spinlock lock = KILN_SPINLOCK_INIT;

struct waiter {
    char letter;
    uint64_t flags;
    unsigned how;
    uint64_t got;
};

static void *waits(void *argument)
{
    struct waiter *waiter = argument;
    int error = kiln_events_wait(&events, waiter->flags, waiter->how, &waiter->got);

    note(waiter->letter);
    return (void *)(intptr_t)error;
}

static void test_alone(void)
{
    uint64_t got = 99;

    TAP_EQUAL(kiln_events_try(&events, 6, KILN_EVENTS_ANY, &got), -EAGAIN);
    TAP_EQUAL(got, 99);
    kiln_events_set(&events, 3);
    TAP_EQUAL(kiln_events_get(&events), 3);
    TAP_EQUAL(kiln_events_wait(&events, 6, KILN_EVENTS_ANY, &got), 0);
    TAP_EQUAL(got, 2);
    TAP_EQUAL(kiln_events_try(&events, 6, KILN_EVENTS_ALL, &got), -EAGAIN);
    TAP_EQUAL(kiln_events_wait_until(&events, 6, KILN_EVENTS_ALL, &got, 1), -ETIMEDOUT);
    TAP_EQUAL(kiln_events_wait_until(&events, 6, KILN_EVENTS_ALL, NULL, KILN_NOWAIT), -EAGAIN);
    kiln_events_set(&events, 4 + 8);
    TAP_EQUAL(kiln_events_wait(&events, 6, KILN_EVENTS_ALL | KILN_EVENTS_CLEAR, &got), 0);
    TAP_EQUAL(got, 6);
    TAP_EQUAL(kiln_events_get(&events), 9);
    TAP_EQUAL(kiln_events_try(&events, 3, KILN_EVENTS_CLEAR, NULL), 0);
    TAP_EQUAL(kiln_events_get(&events), 8);
    kiln_events_set(&events, UINT64_MAX);
    TAP_EQUAL(kiln_events_get(&events), (long long)KILN_EVENTS_ALL_FLAGS);
    kiln_events_clear(&events, UINT64_MAX);
    TAP_EQUAL(kiln_events_get(&events), 0);
}

/* One set lets all go on who wait for it, by priority; what each of them clears goes after that. */
static void test_order(void)
{
    static struct waiter waiters[] = {
        {'a', 1, KILN_EVENTS_ANY, 0},
        {'b', 3, KILN_EVENTS_ALL, 0},
        {'c', 3, KILN_EVENTS_CLEAR, 0},
        {'d', 4, KILN_EVENTS_ANY, 0},
        {'e', 5, KILN_EVENTS_CLEAR | KILN_EVENTS_ALL, 0},
    };
    static const int above[] = {1, 2, 3, 1, 2};
    struct kiln_thread *threads[5];

    for (unsigned i = 0; i < 5; i++)
        threads[i] = BEGIN(waits, &waiters[i], .priority = BASE + above[i]);
    kiln_events_set(&events, 8);
    check_order("");
    kiln_events_clear(&events, 8);
    kiln_events_set(&events, 1);
    check_order("ca");
    TAP_EQUAL(kiln_events_get(&events), 0);
    kiln_events_set(&events, 2);
    check_order("");
    kiln_events_set(&events, 5);
    check_order("bed");
    TAP_EQUAL(waiters[0].got, 1);
    TAP_EQUAL(waiters[1].got, 3);
    TAP_EQUAL(waiters[2].got, 1);
    TAP_EQUAL(waiters[3].got, 4);
    TAP_EQUAL(waiters[4].got, 5);
    TAP_EQUAL(kiln_events_get(&events), 2);
    kiln_events_clear(&events, 2);
    for (unsigned i = 0; i < 5; i++)
        check_end(threads[i]);
}

static KILN_INTERRUPT_HANDLER void set_there(void *unused)
{
    (void)unused;
    note('h');
    kiln_events_set(&events, 1);
    note('i');
}

static void test_contexts(void)
{
    struct waiter waiter = {'w', 1, KILN_EVENTS_CLEAR, 0};
    struct kiln_thread *thread = BEGIN(waits, &waiter, .priority = BASE + 1);

    call_in_handler(set_there);
    check_end(thread);
    check_order("hiw");
    thread = BEGIN(waits, &waiter, .priority = BASE + 1);
    uintptr_t state = kiln_spin_lock(&lock);

    kiln_events_set(&events, 1);
    takes_long();
    check_order("");
    kiln_spin_unlock(&lock, state);
    check_order("w");
    check_end(thread);
}

static void test_ends(void)
{
    struct waiter waiter = {'w', 1, KILN_EVENTS_ANY, 0};
    int64_t deadline = kiln_time_after(KILN_MILLISECONDS(1));
    struct kiln_thread *thread = BEGIN(waits, &waiter, .priority = BASE + 1);

    TAP_EQUAL(kiln_events_wait_until(&events, 2, KILN_EVENTS_ANY, NULL, deadline), -ETIMEDOUT);
    TAP_CHECK(kiln_time_now() >= deadline);
    TAP_EQUAL(kiln_thread_interrupt(thread), 0);
    TAP_EQUAL((intptr_t)end_of(thread), -EINTR);
    thread = BEGIN(waits, &waiter, .priority = BASE + 1);
    kiln_thread_cancel(thread);
    TAP_CHECK(end_of(thread) == KILN_CANCELLED);
    check_order("w");
    kiln_events_set(&events, 1);
    TAP_EQUAL(kiln_events_try(&events, 1, KILN_EVENTS_CLEAR, NULL), 0);
}

static void test_destroy(void)
{
    struct waiter waiters[] = {{'a', 1, KILN_EVENTS_ANY, 0}, {'b', 2, KILN_EVENTS_ANY, 0}};
    struct kiln_thread *threads[2];

    for (unsigned i = 0; i < 2; i++)
        threads[i] = BEGIN(waits, &waiters[i], .priority = BASE + 1);
    kiln_events_destroy(&events);
    check_order("ab");
    for (unsigned i = 0; i < 2; i++)
        TAP_EQUAL((intptr_t)end_of(threads[i]), -EIDRM);
#if !KILN_CONFIG_CHECKS
    TAP_EQUAL(kiln_events_wait(&events, 1, KILN_EVENTS_ANY, NULL), -EIDRM);
    TAP_EQUAL(kiln_events_try(&events, 1, KILN_EVENTS_ANY, NULL), -EIDRM);
    TAP_EQUAL(kiln_events_wait(&events, 0, KILN_EVENTS_ANY, NULL), -EINVAL);
    kiln_events_set(&events, 1);
    kiln_events_clear(&events, 1);
#endif
    kiln_events_init(&events);
    kiln_events_set(&events, 1);
    TAP_EQUAL(kiln_events_try(&events, 1, KILN_EVENTS_CLEAR, NULL), 0);
}

/* Two on any CPUs hand a turn to each other, each by a flag that the other one clears. */
#define TURNS 300

static void *takes_turns(void *argument)
{
    uint64_t mine = (uintptr_t)argument;

    for (unsigned i = 0; i < TURNS; i++) {
        if (kiln_events_wait(&events, mine, KILN_EVENTS_CLEAR, NULL))
            return argument;
        kiln_events_set(&events, 3 ^ mine);
    }
    return NULL;
}

static void test_turns(void)
{
    struct kiln_thread *threads[2];

    for (unsigned i = 0; i < 2; i++)
        threads[i] = begin_thread(takes_turns, (void *)(uintptr_t)(i + 1),
                                  KILN_THREAD_ATTRIBUTES(.priority = BASE));
    kiln_events_set(&events, 1);
    for (unsigned i = 0; i < 2; i++)
        check_end(threads[i]);
    TAP_EQUAL(kiln_events_get(&events), 1);
    kiln_events_clear(&events, 1);
}

static void misuse(const char *word)
{
    if (strcmp(word, "nothing") == 0)
        kiln_events_wait(&events, 0, KILN_EVENTS_ANY, NULL);
    kiln_events_destroy(&events);
    if (strcmp(word, "set") == 0)
        kiln_events_set(&events, 1);
    kiln_events_wait(&events, 1, KILN_EVENTS_ANY, NULL);
    printf("survived\n");
}

static void *tests(void *unused)
{
    test_alone();
    test_order();
    test_contexts();
    test_ends();
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
