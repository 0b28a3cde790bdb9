/*
 * Waiting for words: values that differ, order, words that share a queue, several woken at once and
 * from an interrupt handler, time-outs, and a mutex made of it that several CPUs take.
 */
#include "thread_order.h"

#define WORDS 300 /* more than there are queues */

static uint32_t words[WORDS];

struct waiter {
    char letter;
    unsigned word;
};

static void *waits(void *argument)
{
    const struct waiter *waiter = argument;
    int error = kiln_address_wait(&words[waiter->word], 0, KILN_FOREVER);

    note(waiter->letter);
    return (void *)(intptr_t)error;
}

static void test_calls(void)
{
    static const struct waiter waiters[] = {{'a', 0}, {'b', 0}, {'c', 1}, {'d', 0}};
    static const int above[] = {1, 2, 3, 1};
    struct kiln_thread *threads[4];

    TAP_EQUAL(kiln_address_wait(words, 1, KILN_FOREVER), -EAGAIN);
    TAP_EQUAL(kiln_address_wait(words, 0, KILN_NOWAIT), -EAGAIN);
    TAP_EQUAL(kiln_address_wait(words, 0, kiln_time_after(KILN_MILLISECONDS(1))), -ETIMEDOUT);
    TAP_EQUAL(kiln_address_wake(words, 1), 0);
    for (unsigned i = 0; i < 4; i++)
        threads[i] = BEGIN(waits, &waiters[i], .priority = BASE + above[i]);
    TAP_EQUAL(kiln_address_wake(words, 0), 0);
    TAP_EQUAL(kiln_address_wake(words, 1), 1);
    check_order("b");
    TAP_EQUAL(kiln_address_wake(words, UINT32_MAX), 2);
    check_order("ad");
    TAP_EQUAL(kiln_thread_interrupt(threads[2]), 0);
    for (unsigned i = 0; i < 4; i++)
        TAP_EQUAL((intptr_t)end_of(threads[i]), i == 2 ? -EINTR : 0);
    check_order("c");
}

static void *waits_for_word(void *word)
{
    return (void *)(intptr_t)kiln_address_wait(word, 0, KILN_FOREVER);
}

/* Those of other words go on waiting, also where they share a queue. */
static void test_others(void)
{
    static struct kiln_thread *threads[WORDS];
    unsigned woken = 0, ended = 0;

    for (unsigned i = 0; i < WORDS; i++) {
        if (kiln_thread_create(
                &threads[i],
                KILN_THREAD_ATTRIBUTES(.cpus = 1, .priority = BASE + 1, .stack_bytes = 4096),
                waits_for_word, &words[i]))
            threads[i] = NULL;
    }
    for (unsigned i = WORDS; i-- > 0;)
        woken += kiln_address_wake(&words[i], 2) == (threads[i] != NULL);
    for (unsigned i = 0; i < WORDS; i++)
        ended += !threads[i] || end_of(threads[i]) == NULL;
    TAP_EQUAL(ended, WORDS);
    TAP_EQUAL(woken, WORDS);
}

static KILN_INTERRUPT_HANDLER void wake_there(void *unused)
{
    (void)unused;
    note('h');
    kiln_address_wake(words, 1);
    note('i');
}

static void test_handler(void)
{
    static const struct waiter waiter = {'w', 0};
    struct kiln_thread *thread = BEGIN(waits, &waiter, .priority = BASE + 1);

    call_in_handler(wake_there);
    check_end(thread);
    check_order("hiw");
}

/* A mutex of one word: 0 is free, 1 taken, 2 waited for. */
#define THREADS 4
#define ROUNDS  500

static uint32_t mutex;
static volatile unsigned counter;

static void lock(void)
{
    uint32_t free = 0;

    if (__atomic_compare_exchange_n(&mutex, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&mutex, 2, __ATOMIC_ACQUIRE))
        kiln_address_wait(&mutex, 2, KILN_FOREVER);
}

static void unlock(void)
{
    if (__atomic_exchange_n(&mutex, 0, __ATOMIC_RELEASE) == 2)
        kiln_address_wake(&mutex, 1);
}

static void *counts(void *unused)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        lock();
        unsigned seen = counter;

        if (i % 16 == 0)
            kiln_thread_yield();
        counter = seen + 1;
        unlock();
    }
    return unused;
}

static void test_mutex(void)
{
    struct kiln_thread *threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = begin_thread(counts, NULL, KILN_THREAD_ATTRIBUTES(.priority = BASE));
    for (unsigned i = 0; i < THREADS; i++)
        check_end(threads[i]);
    TAP_EQUAL(counter, THREADS * ROUNDS);
}

static void *tests(void *unused)
{
    test_calls();
    test_others();
    test_handler();
    test_mutex();
    return unused;
}

int main(void)
{
    return run_on_first_cpu(tests);
}
