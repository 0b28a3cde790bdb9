/*
 * Condition variables: signals and broadcasts with and without the mutex, whose queue those who are
 * woken go to; time-outs that lose no signal, interruption, cancellation, destruction, mutexes of
 * all kinds; a buffer between several producers and consumers. A word names a misuse instead.
 */
#include "thread_order.h"

static KILN_MUTEX(plain);
static KILN_MUTEX_RECURSIVE(recursive);
static KILN_MUTEX_ROBUST(robust);
static KILN_MUTEX_CEILING(ceiling, BASE + 10);
static KILN_CONDITION(condition);
static struct kiln_mutex *mutex = &plain;

static int priority_of(const struct kiln_thread *thread)
{
    struct kiln_thread_info info;

    kiln_thread_get_info(thread, &info);
    return info.priority;
}

static const char *waits_for(const struct kiln_thread *thread)
{
    struct kiln_thread_info info;

    kiln_thread_get_info(thread, &info);
    return info.waits_for ? info.waits_for : "nothing";
}

static void *waits(void *letter)
{
    int error = kiln_mutex_lock(mutex);

    if (error)
        return mutex;
    error = kiln_condition_wait(&condition, mutex);
    note(kiln_mutex_owner(mutex) == kiln_thread_self() ? *(char *)letter : '!');
    kiln_mutex_unlock(mutex);
    return (void *)(intptr_t)error;
}

static struct kiln_thread *threads[3];

static void begin_three(void)
{
    static const char letters[] = "abc";
    static const int above[] = {1, 3, 2};

    for (unsigned i = 0; i < 3; i++)
        threads[i] = BEGIN(waits, &letters[i], .priority = BASE + above[i]);
    TAP_CHECK(kiln_mutex_owner(mutex) == NULL);
}

static void end_three(void)
{
    for (unsigned i = 0; i < 3; i++)
        check_end(threads[i]);
}

/* With the mutex: nobody runs before it is given back, and its owner inherits. */
static void test_wake(void)
{
    begin_three();
    kiln_condition_signal(&condition);
    check_order("b");
    kiln_mutex_lock(mutex);
    kiln_condition_signal(&condition);
    check_order("");
    TAP_CHECK(strcmp(waits_for(threads[2]), "mutex") == 0);
    TAP_CHECK(strcmp(waits_for(threads[0]), "condition") == 0);
    TAP_CHECK(priority_of(kiln_thread_self()) >= BASE + 2);
    kiln_condition_signal(&condition);
    kiln_condition_signal(&condition);
    check_order("");
    kiln_mutex_unlock(mutex);
    check_order("ca");
    end_three();
    begin_three();
    kiln_condition_broadcast(&condition);
    check_order("bca");
    end_three();
    begin_three();
    kiln_mutex_lock(mutex);
    kiln_condition_broadcast(&condition);
    check_order("");
    TAP_EQUAL(kiln_thread_interrupt(threads[0]), -EAGAIN);
    kiln_mutex_unlock(mutex);
    check_order("bca");
    end_three();
    kiln_condition_broadcast(&condition);
}

static void test_all_kinds(void)
{
    static struct kiln_mutex *const kinds[] = {&plain, &recursive, &robust, &ceiling};

    for (unsigned i = 0; i < 4; i++) {
        mutex = kinds[i];
        test_wake();
    }
    mutex = &plain;
}

static void *waits_twice_locked(void *unused)
{
    kiln_mutex_lock(&recursive);
    kiln_mutex_lock(&recursive);
    TAP_EQUAL(kiln_condition_wait(&condition, &recursive), 0);
    kiln_mutex_unlock(&recursive);
    TAP_CHECK(kiln_mutex_owner(&recursive) == kiln_thread_self());
    kiln_mutex_unlock(&recursive);
    return unused;
}

static void test_recursive(void)
{
    struct kiln_thread *thread = BEGIN(waits_twice_locked, NULL, .priority = BASE + 1);

    TAP_EQUAL(kiln_mutex_try(&recursive), 0);
    kiln_mutex_unlock(&recursive);
    kiln_condition_signal(&condition);
    check_end(thread);
}

static void *times_out(void *argument)
{
    int64_t *duration = argument;

    kiln_mutex_lock(mutex);
    int error = kiln_condition_wait_until(&condition, mutex, kiln_time_after(*duration));

    note(kiln_mutex_owner(mutex) == kiln_thread_self() ? 't' : '!');
    kiln_mutex_unlock(mutex);
    return (void *)(intptr_t)error;
}

/* One that was woken before its deadline does not time out, however long it waits for the mutex. */
static void test_ends(void)
{
    int64_t duration = KILN_MILLISECONDS(2);
    struct kiln_thread *thread = BEGIN(times_out, &duration, .priority = BASE + 1);

    TAP_EQUAL((intptr_t)end_of(thread), -ETIMEDOUT);
    thread = BEGIN(times_out, &duration, .priority = BASE + 1);
    kiln_mutex_lock(mutex);
    kiln_sleep_for(3 * duration);
    check_order("t");
    kiln_mutex_unlock(mutex);
    TAP_EQUAL((intptr_t)end_of(thread), -ETIMEDOUT);
    duration = KILN_MILLISECONDS(20);
    thread = BEGIN(times_out, &duration, .priority = BASE + 1);
    kiln_mutex_lock(mutex);
    kiln_condition_signal(&condition);
    kiln_sleep_for(3 * duration);
    kiln_mutex_unlock(mutex);
    TAP_EQUAL((intptr_t)end_of(thread), 0);
    kiln_mutex_lock(mutex);
    TAP_EQUAL(kiln_condition_wait_until(&condition, mutex, KILN_NOWAIT), -ETIMEDOUT);
    kiln_mutex_unlock(mutex);
    check_order("tt");
}

static void *is_cancelled_before(void *unused)
{
    kiln_mutex_lock(&recursive);
    kiln_mutex_lock(&recursive);
    kiln_thread_cancel(kiln_thread_self());
    kiln_condition_wait(&condition, &recursive);
    return unused;
}

static void test_interruption(void)
{
    begin_three();
    TAP_EQUAL(kiln_thread_interrupt(threads[1]), 0);
    TAP_EQUAL((intptr_t)end_of(threads[1]), -EINTR);
    kiln_thread_cancel(threads[0]);
    TAP_CHECK(end_of(threads[0]) == KILN_CANCELLED);
    kiln_condition_destroy(&condition);
    TAP_EQUAL((intptr_t)end_of(threads[2]), -EIDRM);
    check_order("bc");
#if !KILN_CONFIG_CHECKS
    kiln_mutex_lock(mutex);
    TAP_EQUAL(kiln_condition_wait(&condition, mutex), -EIDRM);
    kiln_mutex_unlock(mutex);
    kiln_condition_signal(&condition);
#endif
    kiln_condition_init(&condition);
#if !KILN_CONFIG_CHECKS
    TAP_EQUAL(kiln_condition_wait(&condition, mutex), -EPERM);
#endif
    TAP_CHECK(end_of(BEGIN(is_cancelled_before, NULL, .priority = BASE + 1)) == KILN_CANCELLED);
    TAP_EQUAL(kiln_mutex_try(&recursive), 0);
    kiln_mutex_unlock(&recursive);
}

static KILN_INTERRUPT_HANDLER void signal_there(void *unused)
{
    (void)unused;
    kiln_condition_signal(&condition);
    note('h');
}

static void test_handler(void)
{
    struct kiln_thread *thread = BEGIN(waits, "w", .priority = BASE + 1);

    call_in_handler(signal_there);
    check_end(thread);
    check_order("hw");
}

/* A buffer of three places. */
#define PLACES 3
#define EACH   300
#define PAIRS  3

static KILN_CONDITION(has_room);
static KILN_CONDITION(has_items);
static unsigned items[PLACES], first, filled;
static uint64_t sum;

static void *produces(void *unused)
{
    for (unsigned i = 1; i <= EACH; i++) {
        kiln_mutex_lock(&plain);
        while (filled == PLACES)
            kiln_condition_wait(&has_room, &plain);
        items[(first + filled++) % PLACES] = i;
        kiln_condition_signal(&has_items);
        kiln_mutex_unlock(&plain);
    }
    return unused;
}

static void *consumes(void *unused)
{
    for (unsigned i = 1; i <= EACH; i++) {
        kiln_mutex_lock(&plain);
        while (filled == 0)
            kiln_condition_wait_until(&has_items, &plain,
                                      kiln_time_after(KILN_MICROSECONDS(500 + i % 100)));
        sum += items[first];
        first = (first + 1) % PLACES;
        filled--;
        kiln_mutex_unlock(&plain);
        kiln_condition_broadcast(&has_room);
    }
    return unused;
}

static void test_buffer(void)
{
    struct kiln_thread *all[2 * PAIRS];

    for (unsigned i = 0; i < 2 * PAIRS; i++)
        all[i] = begin_thread(i % 2 ? produces : consumes, NULL,
                              KILN_THREAD_ATTRIBUTES(.priority = BASE + (int)i % 3));
    for (unsigned i = 0; i < 2 * PAIRS; i++)
        check_end(all[i]);
    TAP_EQUAL(sum, PAIRS * EACH * (EACH + 1) / 2);
    TAP_EQUAL(filled, 0);
}

static void misuse(const char *word)
{
    if (strcmp(word, "destroyed") == 0) {
        kiln_condition_destroy(&condition);
        kiln_condition_signal(&condition);
    }
    kiln_condition_wait(&condition, mutex);
    printf("survived\n");
}

static void *tests(void *unused)
{
    test_all_kinds();
    test_recursive();
    test_ends();
    test_interruption();
    test_handler();
    test_buffer();
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
