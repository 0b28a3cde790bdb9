/*
 * Mutexes of all kinds: locking again, what owners that end leave, ceilings, their errors, owners,
 * and destruction while threads wait. A word names a misuse instead.
 */
#include "thread_order.h"

static KILN_MUTEX(plain);
static KILN_MUTEX_RECURSIVE(recursive);
static KILN_MUTEX_ERROR_CHECKING(checking);
static KILN_MUTEX_ROBUST(robust);
static KILN_MUTEX_CEILING(ceiling, BASE + 10);
static KILN_SEMAPHORE(go, 0);

static struct kiln_mutex *const all[] = {&plain, &recursive, &checking, &robust, &ceiling};

static int priority_of(const struct kiln_thread *thread)
{
    struct kiln_thread_info info;

    kiln_thread_get_info(thread, &info);
    return info.priority;
}

/* Locks it, leaves a letter, gives it back; its result is the error. */
struct user {
    struct kiln_mutex *mutex;
    char letter;
};

static void *uses(void *argument)
{
    const struct user *user = argument;
    int error = kiln_mutex_lock(user->mutex);

    note(user->letter);
    if (error == 0)
        kiln_mutex_unlock(user->mutex);
    return (void *)(intptr_t)error;
}

/* What all kinds have in common: who waits gets it in order, is inherited from, and times out. */
static void test_common(struct kiln_mutex *mutex)
{
    struct user users[] = {{mutex, 'a'}, {mutex, 'b'}};
    struct kiln_thread *threads[2];

    TAP_CHECK(kiln_mutex_owner(mutex) == NULL);
    TAP_EQUAL(kiln_mutex_lock(mutex), 0);
    TAP_CHECK(kiln_mutex_owner(mutex) == kiln_thread_self());
    for (int i = 0; i < 2; i++)
        threads[i] = BEGIN(uses, &users[i], .priority = BASE + 1 + i);
    kiln_thread_yield();
    kiln_sleep_for(KILN_MICROSECONDS(100));
    check_order("");
    TAP_CHECK(priority_of(kiln_thread_self()) >= BASE + 2);
    TAP_EQUAL(kiln_thread_interrupt(threads[0]), -EAGAIN);
    TAP_EQUAL(kiln_mutex_unlock(mutex), 0);
    check_order("ba");
    TAP_EQUAL(priority_of(kiln_thread_self()), BASE);
    check_end(threads[0]);
    check_end(threads[1]);
    TAP_CHECK(kiln_mutex_owner(mutex) == NULL);
    TAP_EQUAL(kiln_mutex_try(mutex), 0);
    TAP_EQUAL(kiln_mutex_unlock(mutex), 0);
}

static void *holds_a_while(void *mutex)
{
    kiln_mutex_lock(mutex);
    kiln_semaphore_wait(&go);
    kiln_mutex_unlock(mutex);
    return NULL;
}

static void test_time_out(struct kiln_mutex *mutex)
{
    struct kiln_thread *holder = BEGIN(holds_a_while, mutex, .priority = BASE + 5);

    TAP_CHECK(kiln_mutex_owner(mutex) == holder);
    TAP_EQUAL(kiln_mutex_try(mutex), -EBUSY);
    TAP_EQUAL(kiln_mutex_lock_until(mutex, KILN_NOWAIT), -EBUSY);
    TAP_EQUAL(kiln_mutex_lock_until(mutex, kiln_time_after(KILN_MILLISECONDS(1))), -ETIMEDOUT);
    kiln_semaphore_post(&go);
    check_end(holder);
    TAP_EQUAL(kiln_mutex_lock_until(mutex, 1), 0);
    TAP_EQUAL(kiln_mutex_unlock(mutex), 0);
}

static void test_recursive(void)
{
    struct user user = {&recursive, 'a'};
    struct kiln_thread *thread;

    TAP_EQUAL(kiln_mutex_lock(&recursive), 0);
    TAP_EQUAL(kiln_mutex_lock(&recursive), 0);
    TAP_EQUAL(kiln_mutex_try(&recursive), 0);
    thread = BEGIN(uses, &user, .priority = BASE + 1);
    TAP_EQUAL(kiln_mutex_unlock(&recursive), 0);
    TAP_EQUAL(kiln_mutex_unlock(&recursive), 0);
    check_order("");
    TAP_EQUAL(kiln_mutex_unlock(&recursive), 0);
    check_order("a");
    check_end(thread);
}

static void test_checking(void)
{
    TAP_EQUAL(kiln_mutex_unlock(&checking), -EPERM);
    TAP_EQUAL(kiln_mutex_lock(&checking), 0);
    TAP_EQUAL(kiln_mutex_lock(&checking), -EDEADLK);
    TAP_EQUAL(kiln_mutex_lock_until(&checking, 1), -EDEADLK);
    TAP_EQUAL(kiln_mutex_try(&checking), -EBUSY);
    TAP_EQUAL(kiln_mutex_unlock(&checking), 0);
}

static void *ends_with(void *mutex)
{
    kiln_mutex_lock(mutex);
    kiln_semaphore_wait(&go);
    return NULL;
}

/* Its owner ends while nobody waits, and while two do, of which the first makes it right. */
static void *repairs(void *argument)
{
    int error = kiln_mutex_lock(&robust);

    note(error == -EOWNERDEAD ? 'd' : 'n');
    if (argument && error == -EOWNERDEAD)
        kiln_mutex_consistent(&robust);
    if (error != -ENOTRECOVERABLE)
        kiln_mutex_unlock(&robust);
    return (void *)(intptr_t)error;
}

static void test_robust(void)
{
    struct kiln_thread *owner = BEGIN(ends_with, &robust, .priority = BASE + 1), *first, *second;

    TAP_EQUAL(kiln_mutex_consistent(&robust), -EINVAL);
    kiln_semaphore_post(&go);
    check_end(owner);
    TAP_EQUAL(kiln_mutex_try(&robust), -EOWNERDEAD);
    TAP_EQUAL(kiln_mutex_consistent(&robust), 0);
    TAP_EQUAL(kiln_mutex_consistent(&robust), -EINVAL);
    TAP_EQUAL(kiln_mutex_unlock(&robust), 0);
    owner = BEGIN(ends_with, &robust, .priority = BASE + 1);
    first = BEGIN(repairs, "repairs", .priority = BASE + 3);
    second = BEGIN(repairs, "repairs", .priority = BASE + 2);
    TAP_EQUAL(priority_of(owner), BASE + 3);
    kiln_thread_cancel(owner);
    TAP_CHECK(end_of(owner) == KILN_CANCELLED);
    check_order("dn");
    TAP_EQUAL((intptr_t)end_of(first), -EOWNERDEAD);
    check_end(second);
}

static void test_not_recoverable(void)
{
    struct kiln_thread *owner = BEGIN(ends_with, &robust, .priority = BASE + 1), *first, *second;

    first = BEGIN(repairs, NULL, .priority = BASE + 3);
    second = BEGIN(repairs, NULL, .priority = BASE + 2);
    kiln_semaphore_post(&go);
    check_end(owner);
    check_order("dn");
    TAP_EQUAL((intptr_t)end_of(first), -EOWNERDEAD);
    TAP_EQUAL((intptr_t)end_of(second), -ENOTRECOVERABLE);
    TAP_EQUAL(kiln_mutex_lock(&robust), -ENOTRECOVERABLE);
    TAP_EQUAL(kiln_mutex_try(&robust), -ENOTRECOVERABLE);
    TAP_EQUAL(kiln_mutex_lock_until(&robust, 1), -ENOTRECOVERABLE);
    TAP_EQUAL(kiln_mutex_consistent(&robust), -EINVAL);
    kiln_mutex_init_of(&robust, &kiln_mutex_robust, 0);
    TAP_EQUAL(kiln_mutex_lock(&robust), 0);
    TAP_EQUAL(kiln_mutex_unlock(&robust), 0);
}

static void *notes(void *letter)
{
    note(*(char *)letter);
    return NULL;
}

/* Those between the owner and the ceiling run when it is given back; who is above may not use it.
 */
static void test_ceiling(void)
{
    struct kiln_thread *below, *above;

    TAP_EQUAL(kiln_mutex_lock(&ceiling), 0);
    TAP_EQUAL(priority_of(kiln_thread_self()), BASE + 10);
    TAP_EQUAL(kiln_thread_priority(kiln_thread_self()), BASE);
    below = BEGIN(notes, "b", .priority = BASE + 9);
    above = BEGIN(notes, "a", .priority = BASE + 11);
    check_order("a");
    TAP_EQUAL(kiln_mutex_lock(&plain), 0);
    TAP_EQUAL(kiln_mutex_unlock(&plain), 0);
    TAP_EQUAL(priority_of(kiln_thread_self()), BASE + 10);
    TAP_EQUAL(kiln_mutex_unlock(&ceiling), 0);
    check_order("b");
    TAP_EQUAL(priority_of(kiln_thread_self()), BASE);
    check_end(below);
    check_end(above);
    kiln_thread_set_priority(kiln_thread_self(), BASE + 11);
    TAP_EQUAL(kiln_mutex_lock(&ceiling), -EINVAL);
    kiln_thread_set_priority(kiln_thread_self(), BASE);
}

/* Handed over it gives its new owner the priority, too. */
static void *looks_at_itself(void *unused)
{
    kiln_mutex_lock(&ceiling);
    note(priority_of(kiln_thread_self()) == BASE + 10 ? 'y' : 'n');
    kiln_mutex_unlock(&ceiling);
    note(priority_of(kiln_thread_self()) == BASE + 1 ? 'y' : 'n');
    return unused;
}

static void test_ceiling_handed_over(void)
{
    struct kiln_thread *holder = BEGIN(holds_a_while, &ceiling, .priority = BASE + 2);
    struct kiln_thread *next = BEGIN(looks_at_itself, NULL, .priority = BASE + 1);

    kiln_semaphore_post(&go);
    check_end(holder);
    check_end(next);
    check_order("yy");
}

static void test_destroy(struct kiln_mutex *mutex)
{
    struct user users[] = {{mutex, 'a'}, {mutex, 'b'}};

    kiln_mutex_destroy(mutex);
#if KILN_CONFIG_CHECKS
    (void)users;
#else
    TAP_EQUAL(kiln_mutex_lock(mutex), -EIDRM);
    TAP_EQUAL(kiln_mutex_try(mutex), -EIDRM);
    TAP_EQUAL(kiln_mutex_lock_until(mutex, 1), -EIDRM);
    TAP_EQUAL(kiln_mutex_unlock(mutex), -EIDRM);
    kiln_mutex_init(mutex);
    kiln_mutex_lock(mutex);
    struct kiln_thread *threads[] = {BEGIN(uses, &users[0], .priority = BASE + 1),
                                     BEGIN(uses, &users[1], .priority = BASE + 2)};

    kiln_mutex_destroy(mutex);
    check_order("ba");
    TAP_EQUAL((intptr_t)end_of(threads[0]), -EIDRM);
    TAP_EQUAL((intptr_t)end_of(threads[1]), -EIDRM);
    TAP_EQUAL(priority_of(kiln_thread_self()), BASE);
    TAP_EQUAL(kiln_mutex_unlock(mutex), -EIDRM);
#endif
    kiln_mutex_init(mutex);
    TAP_EQUAL(kiln_mutex_lock(mutex), 0);
    TAP_EQUAL(kiln_mutex_unlock(mutex), 0);
}

/* Without checks what others wait for is handed to them. */
static void test_owner_ends(void)
{
#if !KILN_CONFIG_CHECKS
    for (unsigned i = 0; i < 2; i++) {
        struct user user = {all[i], 'a'};
        struct kiln_thread *owner = BEGIN(ends_with, all[i], .priority = BASE + 1);
        struct kiln_thread *next = BEGIN(uses, &user, .priority = BASE + 2);

        kiln_semaphore_post(&go);
        check_end(owner);
        check_end(next);
        check_order("a");
    }
#endif
}

/* On all CPUs: one at a time, whatever the kind, also for owners that spin. */
#define THREADS 4
#define ROUNDS  300

static volatile unsigned counter;

static void *counts(void *mutex)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (kiln_mutex_lock(mutex))
            return mutex;
        unsigned seen = counter;

        if (i % 64 == 0)
            kiln_sleep_for(KILN_MICROSECONDS(1));
        counter = seen + 1;
        kiln_mutex_unlock(mutex);
    }
    return NULL;
}

static void test_exclusion(struct kiln_mutex *mutex)
{
    struct kiln_thread *threads[THREADS];

    counter = 0;
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] =
            begin_thread(counts, mutex, KILN_THREAD_ATTRIBUTES(.priority = BASE + (int)i % 2));
    for (unsigned i = 0; i < THREADS; i++)
        check_end(threads[i]);
    TAP_EQUAL(counter, THREADS * ROUNDS);
}

static void misuse(const char *word)
{
    if (strcmp(word, "ends") == 0) {
        kiln_semaphore_post(&go);
        end_of(BEGIN(ends_with, &recursive));
    }
    if (strcmp(word, "ends-plain") == 0) {
        kiln_semaphore_post(&go);
        end_of(BEGIN(ends_with, &plain));
    }
    if (strcmp(word, "unlock") == 0)
        kiln_mutex_unlock(&recursive);
    if (strcmp(word, "held") == 0) {
        kiln_mutex_lock(&plain);
        kiln_mutex_destroy(&plain);
    }
    if (strcmp(word, "again") == 0) {
        kiln_mutex_lock(&robust);
        kiln_mutex_lock(&robust);
    }
    kiln_mutex_destroy(&plain);
    kiln_mutex_lock(&plain);
    printf("survived\n");
}

static void *tests(void *unused)
{
    for (unsigned i = 0; i < 5; i++) {
        test_common(all[i]);
        test_time_out(all[i]);
        test_exclusion(all[i]);
    }
    test_recursive();
    test_checking();
    test_robust();
    test_not_recoverable();
    test_ceiling();
    test_ceiling_handed_over();
    test_owner_ends();
    test_destroy(&plain);
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
