/*
 * Reader-writer locks: who goes on when, in which order, after time-outs and when a writer becomes
 * a reader, what does not end a wait, destruction; readers and writers on all CPUs. A word names a
 * misuse instead.
 */
#include "thread_order.h"

static KILN_RWLOCK(lock);

static void *reads(void *letter)
{
    int error = kiln_rwlock_read_lock(&lock);

    note(*(char *)letter);
    if (error == 0)
        kiln_rwlock_read_unlock(&lock);
    return (void *)(intptr_t)error;
}

static void *writes(void *letter)
{
    int error = kiln_rwlock_write_lock(&lock);

    note(*(char *)letter);
    if (error == 0)
        kiln_rwlock_write_unlock(&lock);
    return (void *)(intptr_t)error;
}

static void test_alone(void)
{
    TAP_EQUAL(kiln_rwlock_read_lock(&lock), 0);
    TAP_EQUAL(kiln_rwlock_read_try(&lock), 0);
    TAP_EQUAL(kiln_rwlock_write_try(&lock), -EBUSY);
    TAP_EQUAL(kiln_rwlock_write_lock_until(&lock, 1), -ETIMEDOUT);
    TAP_EQUAL(kiln_rwlock_read_lock_until(&lock, 1), 0);
    for (unsigned i = 0; i < 3; i++)
        TAP_EQUAL(kiln_rwlock_read_unlock(&lock), 0);
    TAP_EQUAL(kiln_rwlock_write_lock(&lock), 0);
    TAP_EQUAL(kiln_rwlock_read_try(&lock), -EBUSY);
    TAP_EQUAL(kiln_rwlock_write_try(&lock), -EBUSY);
    TAP_EQUAL(kiln_rwlock_downgrade(&lock), 0);
    TAP_EQUAL(kiln_rwlock_read_try(&lock), 0);
    TAP_EQUAL(kiln_rwlock_read_unlock(&lock), 0);
    TAP_EQUAL(kiln_rwlock_read_unlock(&lock), 0);
    TAP_EQUAL(kiln_rwlock_write_try(&lock), 0);
    TAP_EQUAL(kiln_rwlock_write_unlock(&lock), 0);
}

static struct kiln_thread *threads[5];

/* Two readers, then two writers, then a reader above all, while the lock is held. */
static void begin_five(void)
{
    static const char letters[] = "rswxq";
    static const int above[] = {1, 2, 1, 2, 3};

    for (unsigned i = 0; i < 5; i++)
        threads[i] =
            BEGIN(i == 2 || i == 3 ? writes : reads, &letters[i], .priority = BASE + above[i]);
    kiln_sleep_for(KILN_MICROSECONDS(100));
}

static void end_five(void)
{
    for (unsigned i = 0; i < 5; i++)
        check_end(threads[i]);
}

/* After a writer all readers, then one writer after the other; after a reader a writer first. */
static void test_turns(void)
{
    kiln_rwlock_write_lock(&lock);
    begin_five();
    check_order("");
    TAP_EQUAL(kiln_thread_interrupt(threads[0]), -EAGAIN);
    TAP_EQUAL(kiln_thread_interrupt(threads[2]), -EAGAIN);
    kiln_rwlock_write_unlock(&lock);
    check_order("qsrxw");
    end_five();
    kiln_rwlock_read_lock(&lock);
    begin_five();
    check_order("rs");
    TAP_EQUAL(kiln_rwlock_read_try(&lock), -EBUSY);
    kiln_rwlock_read_unlock(&lock);
    check_order("xqw");
    end_five();
    kiln_rwlock_write_lock(&lock);
    begin_five();
    kiln_rwlock_downgrade(&lock);
    check_order("qsr");
    kiln_rwlock_read_unlock(&lock);
    check_order("xw");
    end_five();
}

static void *writes_shortly(void *unused)
{
    TAP_EQUAL(kiln_rwlock_write_lock_until(&lock, kiln_time_after(KILN_MILLISECONDS(5))),
              -ETIMEDOUT);
    return unused;
}

/* Readers that only wait for a writer go on when it gives up. */
static void test_time_out(void)
{
    struct kiln_thread *writer, *reader;

    kiln_rwlock_read_lock(&lock);
    writer = BEGIN(writes_shortly, NULL, .priority = BASE + 1);
    reader = BEGIN(reads, "r", .priority = BASE + 1);
    check_order("");
    check_end(writer);
    check_end(reader);
    check_order("r");
    TAP_EQUAL(kiln_rwlock_read_unlock(&lock), 0);
    TAP_EQUAL(kiln_rwlock_write_try(&lock), 0);
    TAP_EQUAL(kiln_rwlock_read_lock_until(&lock, KILN_NOWAIT), -EBUSY);
    reader = BEGIN(reads, "r", .priority = BASE + 1);
    kiln_thread_cancel(reader);
    TAP_EQUAL(kiln_rwlock_write_unlock(&lock), 0);
    check_end(reader);
    check_order("r");
}

static void test_destroy(void)
{
    kiln_rwlock_write_lock(&lock);
    begin_five();
    kiln_rwlock_destroy(&lock);
    for (unsigned i = 0; i < 5; i++)
        TAP_EQUAL((intptr_t)end_of(threads[i]), -EIDRM);
    check_order("qsrxw");
#if !KILN_CONFIG_CHECKS
    TAP_EQUAL(kiln_rwlock_write_unlock(&lock), -EIDRM);
    TAP_EQUAL(kiln_rwlock_read_lock(&lock), -EIDRM);
    TAP_EQUAL(kiln_rwlock_write_try(&lock), -EIDRM);
    TAP_EQUAL(kiln_rwlock_read_unlock(&lock), -EIDRM);
    kiln_rwlock_init(&lock);
    TAP_EQUAL(kiln_rwlock_read_unlock(&lock), -EPERM);
    TAP_EQUAL(kiln_rwlock_write_unlock(&lock), -EPERM);
    TAP_EQUAL(kiln_rwlock_downgrade(&lock), -EPERM);
    kiln_rwlock_write_lock(&lock);
    TAP_EQUAL(kiln_rwlock_read_lock(&lock), -EDEADLK);
    TAP_EQUAL(kiln_rwlock_write_lock(&lock), -EDEADLK);
#endif
    kiln_rwlock_init(&lock);
    TAP_EQUAL(kiln_rwlock_write_lock(&lock), 0);
    TAP_EQUAL(kiln_rwlock_write_unlock(&lock), 0);
}

/* On all CPUs: no writer among readers or beside another, and what is read belongs together. */
#define USERS  6
#define ROUNDS 200

static volatile unsigned both[2];
static unsigned torn, written; /* atomic */

static void *uses(void *argument)
{
    uintptr_t number = (uintptr_t)argument;

    for (unsigned i = 0; i < ROUNDS; i++) {
        if ((i + number) % 4 == 0) {
            kiln_rwlock_write_lock(&lock);
            unsigned seen = both[0];

            both[0] = seen + 1;
            if (i % 16 == 0)
                kiln_thread_yield();
            both[1] = seen + 1;
            __atomic_add_fetch(&written, 1, __ATOMIC_RELAXED);
            kiln_rwlock_write_unlock(&lock);
        } else if (kiln_rwlock_read_lock_until(&lock, kiln_time_after(KILN_MILLISECONDS(50))) ==
                   0) {
            if (both[0] != both[1])
                __atomic_add_fetch(&torn, 1, __ATOMIC_RELAXED);
            kiln_rwlock_read_unlock(&lock);
        }
    }
    return NULL;
}

static void test_all_cpus(void)
{
    struct kiln_thread *users[USERS];

    for (uintptr_t i = 0; i < USERS; i++)
        users[i] =
            begin_thread(uses, (void *)i, KILN_THREAD_ATTRIBUTES(.priority = BASE + (int)i % 2));
    for (unsigned i = 0; i < USERS; i++)
        check_end(users[i]);
    TAP_EQUAL(torn, 0);
    TAP_EQUAL(both[0], written);
    TAP_EQUAL(kiln_rwlock_write_try(&lock), 0);
    TAP_EQUAL(kiln_rwlock_write_unlock(&lock), 0);
}

static void misuse(const char *word)
{
    if (strcmp(word, "read") == 0)
        kiln_rwlock_read_unlock(&lock);
    if (strcmp(word, "write") == 0)
        kiln_rwlock_write_unlock(&lock);
    if (strcmp(word, "again") == 0) {
        kiln_rwlock_write_lock(&lock);
        kiln_rwlock_read_lock(&lock);
    }
    kiln_rwlock_destroy(&lock);
    kiln_rwlock_write_lock(&lock);
    printf("survived\n");
}

static void *tests(void *unused)
{
    test_alone();
    test_turns();
    test_time_out();
    test_all_cpus();
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
