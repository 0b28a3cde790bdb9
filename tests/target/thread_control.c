/* What threads ask of each other: cancel, interrupt, suspend, resume, and who runs when. */
#include "thread_order.h"

static KILN_SEMAPHORE(go, 0);
static KILN_SEMAPHORE(first, 0);
static KILN_MUTEX(mutex);
static struct kiln_thread *target;

static void *waits(void *letter)
{
    int error = kiln_semaphore_wait(&go);

    note(letter ? *(char *)letter : 'w');
    return (void *)(intptr_t)error;
}

static void *waits_until(void *unused)
{
    (void)unused;
    return (void *)(intptr_t)kiln_semaphore_wait_until(&go, kiln_time_after(KILN_SECONDS(100)));
}

static void *sleeps(void *unused)
{
    (void)unused;
    return (void *)(intptr_t)kiln_sleep_for(KILN_SECONDS(100));
}

static void *joins(void *unused)
{
    (void)unused;
    return (void *)(intptr_t)kiln_thread_join(target, NULL);
}

static void *locks(void *unused)
{
    int error = kiln_mutex_lock(&mutex);

    (void)unused;
    kiln_mutex_unlock(&mutex);
    return (void *)(intptr_t)error;
}

static void *(*const waiting[])(void *) = {waits, waits_until, sleeps, joins};
#define WAITS (sizeof waiting / sizeof waiting[0])

static struct kiln_thread *begin_waiting(unsigned which, int priority)
{
    return BEGIN(waiting[which], NULL, .priority = priority);
}

/* In each wait: before it begins and while it lasts. */
static void test_cancel_waiting(void)
{
    target = BEGIN(waits, NULL, .priority = BASE - 1);
    for (unsigned i = 0; i < WAITS; i++)
        for (int above = -1; above <= 1; above += 2) {
            struct kiln_thread *thread = begin_waiting(i, BASE + above);

            TAP_EQUAL(kiln_thread_cancel(thread), 0);
            TAP_CHECK(end_of(thread) == KILN_CANCELLED);
        }
    kiln_semaphore_post(&go);
    check_end(target);
    TAP_EQUAL(kiln_semaphore_count(&go), 0);
    check_order("w");
}

static void *is_careful(void *unused)
{
    TAP_CHECK(kiln_thread_set_cancellable(false));
    TAP_EQUAL(kiln_semaphore_wait(&go), 0);
    kiln_thread_test_cancel();
    note('o');
    TAP_CHECK(!kiln_thread_set_cancellable(true));
    TAP_EQUAL(kiln_mutex_lock(&mutex), 0);
    TAP_EQUAL(kiln_mutex_unlock(&mutex), 0);
    note('l');
    kiln_thread_test_cancel();
    note('n');
    return unused;
}

static void *cancels_itself(void *unused)
{
    TAP_EQUAL(kiln_thread_cancel(kiln_thread_self()), 0);
    note('s');
    kiln_sleep_for(0);
    note('n');
    return unused;
}

static void test_cancel_otherwise(void)
{
    struct kiln_thread *thread = BEGIN(is_careful, NULL, .priority = BASE + 1);

    TAP_EQUAL(kiln_thread_cancel(thread), 0);
    TAP_EQUAL(state_of(thread), KILN_THREAD_BLOCKED);
    kiln_semaphore_post(&go);
    TAP_CHECK(end_of(thread) == KILN_CANCELLED);
    check_order("ol");
    thread = BEGIN(cancels_itself, NULL, .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_cancel(thread), -ESRCH);
    TAP_CHECK(end_of(thread) == KILN_CANCELLED);
    check_order("s");
    thread = BEGIN(waits, NULL, .priority = BASE + 1, .is_suspended = true);
    TAP_EQUAL(kiln_thread_cancel(thread), 0);
    kiln_thread_resume(thread);
    TAP_CHECK(end_of(thread) == KILN_CANCELLED);
    thread = BEGIN(waits, NULL, .priority = BASE + 1);
    kiln_thread_suspend(thread);
    kiln_thread_cancel(thread);
    TAP_EQUAL(kiln_thread_join_until(thread, NULL, KILN_NOWAIT), -EBUSY);
    kiln_thread_resume(thread);
    TAP_CHECK(end_of(thread) == KILN_CANCELLED);
    check_order("");
}

/* What was taken by a wait that has ended is kept, though it is to be cancelled before it runs. */
static void test_cancel_woken(void)
{
    struct kiln_thread *thread = BEGIN(waits, NULL, .priority = BASE - 1);

    kiln_sleep_for(KILN_MILLISECONDS(1));
    kiln_semaphore_post(&go);
    kiln_thread_cancel(thread);
    check_end(thread);
    check_order("w");
    TAP_EQUAL(kiln_semaphore_count(&go), 0);
}

static void test_interrupt(void)
{
    struct kiln_thread *thread;

    target = BEGIN(waits, NULL, .priority = BASE - 1);
    TAP_EQUAL(kiln_thread_interrupt(target), -EAGAIN);
    TAP_EQUAL(kiln_thread_interrupt(kiln_thread_self()), -EAGAIN);
    for (unsigned i = 0; i < WAITS; i++) {
        thread = begin_waiting(i, BASE + 1);
        TAP_EQUAL(kiln_thread_interrupt(thread), 0);
        TAP_EQUAL(kiln_thread_interrupt(thread), -EAGAIN);
        TAP_EQUAL((intptr_t)end_of(thread), -EINTR);
    }
    kiln_semaphore_post(&go);
    check_end(target);
    kiln_mutex_lock(&mutex);
    thread = BEGIN(locks, NULL, .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_interrupt(thread), -EAGAIN);
    kiln_thread_cancel(thread);
    TAP_EQUAL(state_of(thread), KILN_THREAD_BLOCKED);
    kiln_mutex_unlock(&mutex);
    check_end(thread);
    check_order("ww");
}

static void *notes(void *letter)
{
    note(*(char *)letter);
    return NULL;
}

static void *suspends_itself(void *unused)
{
    note('1');
    TAP_EQUAL(kiln_thread_suspend(kiln_thread_self()), 0);
    note('2');
    return unused;
}

static void test_suspend(void)
{
    struct kiln_thread *thread = BEGIN(notes, "r", .priority = BASE - 1);

    TAP_EQUAL(kiln_thread_suspend(thread), 0);
    TAP_EQUAL(kiln_thread_suspend(thread), 0);
    kiln_sleep_for(KILN_MILLISECONDS(1));
    check_order("");
    TAP_EQUAL(kiln_thread_resume(thread), 0);
    TAP_EQUAL(kiln_thread_resume(thread), 0);
    check_end(thread);
    check_order("r");
    thread = BEGIN(suspends_itself, NULL, .priority = BASE + 1);
    check_order("1");
    kiln_thread_set_priority(thread, BASE - 1);
    kiln_thread_resume(thread);
    check_order("");
    kiln_thread_set_priority(thread, BASE + 1);
    check_order("2");
    TAP_EQUAL(kiln_thread_suspend(thread), -ESRCH);
    TAP_EQUAL(kiln_thread_resume(thread), -ESRCH);
    TAP_EQUAL(kiln_thread_set_priority(thread, 5), -ESRCH);
    check_end(thread);
}

/* Suspended in a wait, a thread goes on with it, and no further. */
static void test_suspend_waiting(void)
{
    struct kiln_thread *thread = BEGIN(waits, NULL, .priority = BASE + 1);

    kiln_thread_suspend(thread);
    kiln_thread_resume(thread);
    TAP_EQUAL(state_of(thread), KILN_THREAD_BLOCKED);
    kiln_thread_suspend(thread);
    kiln_semaphore_post(&go);
    TAP_EQUAL(kiln_semaphore_count(&go), 0);
    check_order("");
    kiln_thread_resume(thread);
    check_order("w");
    check_end(thread);
    thread = BEGIN(sleeps, NULL, .priority = BASE + 1);
    kiln_thread_suspend(thread);
    TAP_EQUAL(kiln_thread_interrupt(thread), 0);
    TAP_EQUAL(state_of(thread), KILN_THREAD_SUSPENDED);
    kiln_thread_resume(thread);
    TAP_EQUAL((intptr_t)end_of(thread), -EINTR);
    kiln_mutex_lock(&mutex);
    thread = BEGIN(locks, NULL, .priority = BASE + 1);
    kiln_thread_suspend(thread);
    kiln_mutex_unlock(&mutex);
    TAP_EQUAL(kiln_mutex_try(&mutex), -EBUSY);
    kiln_thread_resume(thread);
    check_end(thread);
}

static volatile bool was_called;

static KILN_INTERRUPT_HANDLER void suspend_there(void *unused)
{
    (void)unused;
    kiln_thread_suspend(target);
    was_called = true;
}

static KILN_INTERRUPT_HANDLER void suspend_and_resume_there(void *unused)
{
    suspend_there(unused);
    kiln_thread_resume(target);
}

static KILN_INTERRUPT_HANDLER void cancel_there(void *unused)
{
    (void)unused;
    kiln_thread_cancel(target);
    was_called = true;
}

static KILN_INTERRUPT_HANDLER void resume_and_post_there(void *unused)
{
    (void)unused;
    kiln_thread_resume(target);
    kiln_semaphore_post(&first);
    kiln_semaphore_post(&go);
    was_called = true;
}

static void (*in_handler)(void *unused);

static void *spins(void *unused)
{
    note('<');
    call_in_handler(in_handler);
    while (!was_called)
        ;
    note('>');
    kiln_thread_test_cancel();
    note('|');
    return unused;
}

static void in_handler_while_it_spins(void (*function)(void *))
{
    was_called = false;
    in_handler = function;
    target = BEGIN(spins, NULL, .priority = BASE - 1);
    while (!was_called)
        kiln_sleep_for(KILN_MILLISECONDS(1));
}

static void test_running_by_handler(void)
{
    in_handler_while_it_spins(suspend_there);
    check_order("<");
    TAP_EQUAL(state_of(target), KILN_THREAD_SUSPENDED);
    kiln_thread_resume(target);
    check_end(target);
    check_order(">|");
    in_handler_while_it_spins(suspend_and_resume_there);
    check_end(target);
    check_order("<>|");
    in_handler_while_it_spins(cancel_there);
    TAP_CHECK(end_of(target) == KILN_CANCELLED);
    check_order("<>");
}

static void *waits_for_first(void *unused)
{
    (void)unused;
    int error = kiln_semaphore_wait(&first);

    note('f');
    return (void *)(intptr_t)error;
}

/* While nobody is ready a CPU is idle, with UP in the place of who was the last to wait. */
static void test_idle_by_handler(void)
{
    struct kiln_thread *other = BEGIN(waits_for_first, NULL, .priority = BASE + 1);

    target = BEGIN(waits, NULL, .priority = BASE + 1);
    call_in_handler(cancel_there);
    TAP_CHECK(end_of(target) == KILN_CANCELLED);
    target = kiln_thread_self();
    call_in_handler(suspend_and_resume_there);
    TAP_EQUAL(kiln_sleep_for(KILN_MILLISECONDS(2)), 0);
    kiln_thread_set_priority(other, BASE);
    kiln_thread_yield();
    call_in_handler(resume_and_post_there);
    TAP_EQUAL(kiln_semaphore_wait(&go), 0);
    kiln_thread_yield();
    check_order("f");
    check_end(other);
}

static void test_cancel_idle(void)
{
    for (unsigned i = 0; i < WAITS - 1; i++) {
        target = begin_waiting(i, BASE - 1);
        call_in_handler(cancel_there);
        TAP_CHECK(end_of(target) == KILN_CANCELLED);
    }
    check_order("");
}

static void test_priority(void)
{
    static const char letters[] = "abc";
    struct kiln_thread *threads[3], *self = kiln_thread_self();

    TAP_EQUAL(kiln_thread_set_priority(self, -1), -EINVAL);
    TAP_EQUAL(kiln_thread_set_priority(self, KILN_PRIORITIES), -EINVAL);
    TAP_EQUAL(kiln_thread_priority(self), BASE);
    for (unsigned i = 0; i < 3; i++)
        threads[i] = BEGIN(notes, &letters[i], .priority = BASE - 10);
    kiln_thread_set_priority(threads[1], BASE + 1);
    check_order("b");
    kiln_thread_set_priority(threads[2], BASE - 9);
    kiln_thread_set_priority(self, BASE - 20);
    check_order("ca");
    kiln_thread_set_priority(self, BASE);
    for (unsigned i = 0; i < 3; i++)
        check_end(threads[i]);
    for (unsigned i = 0; i < 3; i++)
        threads[i] = BEGIN(waits, &letters[i], .priority = BASE + 1);
    kiln_thread_set_priority(threads[2], BASE + 2);
    kiln_thread_set_priority(threads[0], BASE + 3);
    kiln_thread_set_priority(threads[0], BASE - 1);
    for (unsigned i = 0; i < 3; i++)
        kiln_semaphore_post(&go);
    check_order("cb");
    check_end(threads[0]);
    check_order("a");
    check_end(threads[1]);
    check_end(threads[2]);
}

static void test_scheduler_lock(void)
{
    struct kiln_thread *thread, *lower = BEGIN(waits, "l", .priority = BASE - 1);

    kiln_scheduler_lock();
    thread = BEGIN(notes, "h", .priority = BASE + 1);
    kiln_scheduler_lock();
    kiln_scheduler_unlock();
    kiln_thread_set_priority(thread, BASE + 2);
    check_order("");
    kiln_scheduler_unlock();
    check_order("h");
    check_end(thread);
    kiln_scheduler_lock();
    thread = BEGIN(waits, "h", .priority = BASE + 1);
    kiln_sleep_for(KILN_MILLISECONDS(1));
    kiln_semaphore_post(&go);
    check_order("");
    kiln_thread_yield();
    check_order("h");
    kiln_semaphore_post(&go);
    kiln_scheduler_unlock();
    check_order("");
    check_end(thread);
    check_end(lower);
    check_order("l");
}

static void *has_threshold(void *unused)
{
    kiln_semaphore_post(&go);
    note('t');
    TAP_EQUAL(kiln_thread_set_threshold(0), BASE + 10);
    note('u');
    kiln_thread_set_threshold(BASE + 10);
    kiln_semaphore_post(&first);
    note('v');
    return unused;
}

static void test_threshold(void)
{
    struct kiln_thread *within = BEGIN(waits, "w", .priority = BASE + 10);
    struct kiln_thread *above = BEGIN(waits_for_first, NULL, .priority = BASE + 11);
    struct kiln_thread *thread =
        BEGIN(has_threshold, NULL, .priority = BASE + 1, .threshold = BASE + 10);

    check_order("twufv");
    check_end(within);
    check_end(above);
    check_end(thread);
    TAP_EQUAL(kiln_thread_set_threshold(BASE + 1), 0);
    thread = BEGIN(notes, "n", .priority = BASE + 1);
    check_order("");
    TAP_EQUAL(kiln_thread_set_threshold(0), BASE + 1);
    check_order("n");
    check_end(thread);
}

static void *tests(void *unused)
{
    test_cancel_waiting();
    test_cancel_otherwise();
    test_cancel_woken();
    test_interrupt();
    test_suspend();
    test_suspend_waiting();
    test_running_by_handler();
    test_idle_by_handler();
    test_cancel_idle();
    test_priority();
    test_scheduler_lock();
    test_threshold();
    return unused;
}

int main(void)
{
    return run_on_first_cpu(tests);
}
