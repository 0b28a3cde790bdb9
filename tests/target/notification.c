/* Notifications: as flags, as a count, as a value; waiting, time-outs, handlers, sleepers. */
#include "thread_order.h"

static uint32_t got;

static void *waits(void *unused)
{
    uint32_t value = 0;
    int error = kiln_notification_wait(&value);

    note(error == 0 ? 'w' : error == -EINTR ? 'e' : '?');
    got = value;
    return unused;
}

static void *waits_for_four(void *unused)
{
    uint32_t found = 0;

    note(kiln_notification_wait_bits(4, &found, KILN_FOREVER) == 0 && found == 4 ? 'b' : '?');
    kiln_notification_wait(&got);
    return unused;
}

static void *counts(void *unused)
{
    for (unsigned i = 0; i < 3; i++)
        note(kiln_notification_wait_one(KILN_FOREVER) == 0 ? 'c' : '?');
    return unused;
}

static void *sleeps(void *unused)
{
    note(kiln_sleep_for(KILN_MILLISECONDS(200)) == 0 ? 's' : '?');
    note(kiln_notification_wait_until(&got, KILN_NOWAIT) == 0 ? 'n' : '?');
    return unused;
}

/* One's own, without waiting. */
static void test_own(void)
{
    struct kiln_thread *self = kiln_thread_self();
    uint32_t value = 0;

    TAP_EQUAL(kiln_notification_wait_until(&value, KILN_NOWAIT), -EAGAIN);
    kiln_notify_set(self, 5);
    kiln_notify_set(self, 2);
    TAP_EQUAL(kiln_notification_peek(self), 7);
    TAP_EQUAL(kiln_notification_wait_bits(6, &value, KILN_NOWAIT), 0);
    TAP_EQUAL(value, 6);
    TAP_EQUAL(kiln_notification_wait_bits(6, &value, KILN_NOWAIT), -EAGAIN);
    TAP_EQUAL(kiln_notify_try(self, 9), -EBUSY);
    kiln_notify_overwrite(self, 8);
    TAP_EQUAL(kiln_notification_wait(&value), 0);
    TAP_EQUAL(value, 8);
    TAP_EQUAL(kiln_notify_try(self, UINT32_MAX), 0);
    kiln_notify_add(self, 3);
    TAP_EQUAL(kiln_notification_peek(self), 2);
    TAP_EQUAL(kiln_notification_wait_one(KILN_NOWAIT), 0);
    TAP_EQUAL(kiln_notification_wait_one(1), 0);
    TAP_EQUAL(kiln_notification_wait_one(KILN_NOWAIT), -EAGAIN);
    TAP_EQUAL(kiln_notification_wait_one(1), -ETIMEDOUT);
    TAP_EQUAL(kiln_notification_wait_until(&value, kiln_time_after(1000)), -ETIMEDOUT);
}

static void test_waiting(void)
{
    struct kiln_thread *thread = BEGIN(waits, NULL, .priority = BASE + 1);
    struct kiln_thread_info info;

    kiln_thread_get_info(thread, &info);
    TAP_CHECK(info.state == KILN_THREAD_BLOCKED && strcmp(info.waits_for, "notification") == 0);
    kiln_notify_set(thread, 0);
    note('.');
    kiln_notify_set(thread, 6);
    check_end(thread);
    TAP_EQUAL(got, 6);
    thread = BEGIN(waits, NULL, .priority = BASE + 1);
    TAP_EQUAL(kiln_notify_try(thread, 11), 0);
    check_end(thread);
    TAP_EQUAL(got, 11);
    thread = BEGIN(waits_for_four, NULL, .priority = BASE + 1);
    kiln_notify_add(thread, 3);
    note('.');
    kiln_notify_overwrite(thread, 12);
    check_end(thread);
    TAP_EQUAL(got, 8);
    thread = BEGIN(counts, NULL, .priority = BASE + 1);
    kiln_notify_add(thread, 2);
    note('.');
    kiln_notify_add(thread, 1);
    check_end(thread);
    check_order(".ww.bcc.c");
}

/* A sleeper goes on sleeping, and who has joined it is not woken by what it is told either. */
static void test_others(void)
{
    struct kiln_thread *thread = BEGIN(sleeps, NULL, .priority = BASE + 1);

    kiln_notify_set(thread, 1);
    note('.');
    check_end(thread);
    thread = BEGIN(waits, NULL, .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_interrupt(thread), 0);
    check_end(thread);
    thread = BEGIN(waits, NULL, .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_cancel(thread), 0);
    TAP_CHECK(end_of(thread) == KILN_CANCELLED);
    thread = BEGIN(waits, NULL, .priority = BASE - 1);
    kiln_notify_set(thread, 3); /* has not begun to wait */
    check_end(thread);
    TAP_EQUAL(got, 3);
    check_order(".snew");
}

static struct kiln_thread *told;

static KILN_INTERRUPT_HANDLER void tell(void *unused)
{
    (void)unused;
    note('h');
    kiln_notify_set(told, 2);
    note('i');
}

static void test_handler(void)
{
    told = BEGIN(waits, NULL, .priority = BASE + 1);
    call_in_handler(tell);
    check_end(told);
    TAP_EQUAL(got, 2);
    check_order("hiw");
}

static void *tests(void *unused)
{
    test_own();
    test_waiting();
    test_others();
    test_handler();
    return unused;
}

#define EACH    1000
#define TELLERS 3
static struct kiln_thread *counter;

static void *tells(void *unused)
{
    for (unsigned i = 0; i < EACH; i++)
        kiln_notify_add(counter, 1);
    return unused;
}

static void *counts_all(void *unused)
{
    for (unsigned i = 0; i < TELLERS * EACH; i++) {
        if (kiln_notification_wait_one(KILN_FOREVER))
            return &counter;
    }
    return unused;
}

/* On all CPUs that there are none is lost. */
static void test_many(void)
{
    struct kiln_thread *threads[TELLERS];

    counter = begin_thread(counts_all, NULL, KILN_THREAD_ATTRIBUTES());
    for (unsigned i = 0; i < TELLERS; i++)
        threads[i] = begin_thread(tells, NULL, KILN_THREAD_ATTRIBUTES());
    for (unsigned i = 0; i < TELLERS; i++)
        check_end(threads[i]);
    check_end(counter);
}

int main(void)
{
    test_many();
    return run_on_first_cpu(tests);
}
