/*
 * Semaphores and mutexes: each call, time-outs to the microsecond (by -icount), the order in which
 * those that wait go on, posts from handlers and under spinlocks. A word names a misuse instead.
 */
#include "takes_long.h"
#include "thread_order.h"

static KILN_SEMAPHORE(empty, 0);
static KILN_SEMAPHORE(full, 3);
static KILN_MUTEX(mutex);
static struct kiln_spinlock lock = KILN_SPINLOCK_INIT;
static bool is_exact;

static void *waits(void *letter)
{
    int error = kiln_semaphore_wait(&empty);

    note(*(char *)letter);
    return (void *)(intptr_t)error;
}

static void test_count(void)
{
    struct kiln_semaphore other;

    TAP_EQUAL(kiln_semaphore_count(&full), 3);
    TAP_EQUAL(kiln_semaphore_wait(&full), 0);
    TAP_EQUAL(kiln_semaphore_wait_until(&full, KILN_NOWAIT), 0);
    TAP_EQUAL(kiln_semaphore_try(&full), 0);
    TAP_EQUAL(kiln_semaphore_count(&full), 0);
    TAP_EQUAL(kiln_semaphore_try(&full), -EAGAIN);
    TAP_EQUAL(kiln_semaphore_wait_until(&full, KILN_NOWAIT), -EAGAIN);
    kiln_semaphore_post(&full);
    TAP_EQUAL(kiln_semaphore_count(&full), 1);
    kiln_semaphore_init(&other, 1);
    TAP_EQUAL(kiln_semaphore_wait_until(&other, 1), 0);
    TAP_EQUAL(kiln_semaphore_wait_until(&other, 1), -ETIMEDOUT);
    TAP_EQUAL(kiln_semaphore_count(&other), 0);
    kiln_semaphore_post(&other);
    TAP_EQUAL(kiln_semaphore_count(&other), 1);
}

/* Of equals the first who came; a post for each. */
static void test_order(void)
{
    static const char letters[] = "abcdef";
    static const int above[] = {1, 3, 2, 3, 1, 2};
    struct kiln_thread *threads[6];

    for (unsigned i = 0; i < 6; i++)
        threads[i] = BEGIN(waits, &letters[i], .priority = BASE + above[i]);
    TAP_EQUAL(kiln_semaphore_count(&empty), 0);
    kiln_semaphore_post(&empty);
    check_order("b");
    TAP_EQUAL(kiln_thread_interrupt(threads[2]), 0);
    check_order("c");
    for (unsigned i = 0; i < 4; i++)
        kiln_semaphore_post(&empty);
    check_order("dfae");
    for (unsigned i = 0; i < 6; i++)
        TAP_EQUAL((intptr_t)end_of(threads[i]), i == 2 ? -EINTR : 0);
    TAP_EQUAL(kiln_semaphore_count(&empty), 0);
}

/* Of a wait that has ended just now. */
static void check_end_of_wait(int64_t deadline, int error, int want)
{
    int64_t late = kiln_time_now() - deadline;

    TAP_EQUAL(error, want);
    TAP_CHECK(late >= 0);
    if (!tap_check(!is_exact || late < KILN_MICROSECONDS(3), "it is not late"))
        printf("# %lld ns late\n", (long long)late);
}

static void *holds(void *unused)
{
    kiln_mutex_lock(&mutex);
    kiln_semaphore_wait(&empty);
    kiln_mutex_unlock(&mutex);
    return unused;
}

static void test_time_outs(void)
{
    static const int64_t durations[] = {1000, 12345, 777777, 3000001};
    struct kiln_thread *holder = BEGIN(holds, NULL, .priority = BASE + 1);

    TAP_EQUAL(kiln_mutex_try(&mutex), -EBUSY);
    TAP_EQUAL(kiln_mutex_lock_until(&mutex, KILN_NOWAIT), -EBUSY);
    for (unsigned i = 0; i < 4; i++) {
        int64_t deadline = kiln_time_after(durations[i]);

        check_end_of_wait(deadline, kiln_semaphore_wait_until(&empty, deadline), -ETIMEDOUT);
        deadline = kiln_time_after(durations[i]);
        check_end_of_wait(deadline, kiln_mutex_lock_until(&mutex, deadline), -ETIMEDOUT);
        deadline = kiln_time_after(durations[i]);
        check_end_of_wait(deadline, kiln_sleep_until(deadline), 0);
    }
    kiln_semaphore_post(&empty);
    check_end(holder);
    TAP_EQUAL(kiln_mutex_lock_until(&mutex, 0), 0);
    TAP_EQUAL(kiln_mutex_unlock(&mutex), 0);
}

static KILN_INTERRUPT_HANDLER void post_there(void *unused)
{
    (void)unused;
    note('h');
    kiln_semaphore_post(&empty);
    kiln_semaphore_post(&empty);
    note('i');
}

static void test_handler(void)
{
    struct kiln_thread *threads[] = {BEGIN(waits, "a", .priority = BASE + 1),
                                     BEGIN(waits, "b", .priority = BASE + 2)};

    call_in_handler(post_there);
    check_end(threads[0]);
    check_end(threads[1]);
    check_order("hiba");
}

/* Whoever is woken runs when the last thing that holds it back is over. */
static void test_spinlock(void)
{
    struct kiln_thread *thread = BEGIN(waits, "w", .priority = BASE + 1);
    uintptr_t state = kiln_spin_lock(&lock), masked;

    kiln_semaphore_post(&empty);
    takes_long();
    check_order("");
    kiln_spin_unlock(&lock, state);
    check_order("w");
    check_end(thread);
    thread = BEGIN(waits, "w", .priority = BASE + 1);
    masked = kiln_irq_save();
    state = kiln_spin_lock(&lock);
    kiln_semaphore_post(&empty);
    kiln_spin_unlock(&lock, state);
    check_order("");
    kiln_irq_restore(masked);
    check_order("w");
    check_end(thread);
}

static void *locks(void *letter)
{
    kiln_mutex_lock(&mutex);
    note(*(char *)letter);
    kiln_mutex_unlock(&mutex);
    return NULL;
}

/* It is handed over: who unlocks does not get it back before those who waited. */
static void test_mutex(void)
{
    struct kiln_mutex other;

    kiln_mutex_init(&other);
    TAP_EQUAL(kiln_mutex_try(&other), 0);
    TAP_EQUAL(kiln_mutex_try(&other), -EBUSY);
    TAP_EQUAL(kiln_mutex_unlock(&other), 0);
    TAP_EQUAL(kiln_mutex_lock(&mutex), 0);
    struct kiln_thread *threads[] = {BEGIN(locks, "a", .priority = BASE),
                                     BEGIN(locks, "b", .priority = BASE)};

    kiln_thread_yield();
    TAP_EQUAL(kiln_mutex_unlock(&mutex), 0);
    TAP_EQUAL(kiln_mutex_try(&mutex), -EBUSY);
    TAP_EQUAL(kiln_mutex_lock(&mutex), 0);
    check_order("ab");
    TAP_EQUAL(kiln_mutex_unlock(&mutex), 0);
    check_end(threads[0]);
    check_end(threads[1]);
#if !KILN_CONFIG_CHECKS
    TAP_EQUAL(kiln_mutex_unlock(&mutex), -EPERM);
    kiln_mutex_lock(&mutex);
    TAP_EQUAL(kiln_mutex_lock(&mutex), -EDEADLK);
    kiln_mutex_unlock(&mutex);
#endif
}

static void *tests(void *unused)
{
    test_count();
    test_order();
    test_time_outs();
    test_handler();
    test_spinlock();
    test_mutex();
    return unused;
}

static KILN_INTERRUPT_HANDLER void wait_there(void *unused)
{
    (void)unused;
    kiln_semaphore_wait(&empty);
}

static void misuse(const char *what)
{
    if (strcmp(what, "deadlock") == 0) {
        kiln_mutex_lock(&mutex);
        kiln_mutex_lock(&mutex);
    } else if (strcmp(what, "not-owner") == 0) {
        BEGIN(holds, NULL, .priority = BASE + 1);
        kiln_mutex_unlock(&mutex);
    } else if (strcmp(what, "masked") == 0) {
        kiln_spin_lock(&lock);
        kiln_semaphore_wait(&empty);
    } else if (strcmp(what, "handler") == 0) {
        call_in_handler(wait_there);
        kiln_sleep_for(KILN_MILLISECONDS(5));
    } else if (strcmp(what, "exit") == 0) {
        kiln_thread_exit(NULL);
    } else if (strcmp(what, "unlock") == 0) {
        kiln_scheduler_unlock();
    }
    puts("survived");
}

int main(int argc, char **argv)
{
    is_exact = argc == 2 && strcmp(argv[1], "exact") == 0;
    if (argc == 2 && !is_exact) {
        misuse(argv[1]);
        return 0;
    }
    return run_on_first_cpu(tests);
}
