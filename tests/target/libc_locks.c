/*
 * The C library's locks: taken again by the thread that holds them, and refused to an interrupt
 * handler as long as a thread is inside. The argument `handler` ends in a panic.
 */
#include <errno.h>
#include <string.h>
#include <sys/lock.h>
#include <kiln.h>
#include "raise_interrupt.h"
#include "tap.h"

/* picolibc 1.8.0 declares it, 1.8.10 no longer. */
int __retarget_lock_try_acquire_recursive(_LOCK_T lock);

static _LOCK_T lock;
static volatile int handled;

static KILN_INTERRUPT_HANDLER void use_lock(void *argument)
{
    silence_interrupt(argument);
    __lock_acquire_recursive(lock);
    __lock_acquire_recursive(lock);
    __lock_release_recursive(lock);
    __lock_release_recursive(lock);
    handled++;
}

static void interrupt(const struct raised_interrupt *raised)
{
    int before = handled;
    int64_t deadline = kiln_time_after(KILN_SECONDS(1));

    raise_interrupt(raised);
    while (handled == before && kiln_time_now() < deadline)
        ;
}

static void test_thread(void)
{
    TAP_EQUAL(__retarget_lock_try_acquire_recursive(lock), 1);
    __lock_acquire_recursive(lock);
    TAP_EQUAL(__retarget_lock_try_acquire_recursive(lock), 1);
    __lock_release_recursive(lock);
    __lock_release_recursive(lock);
    __lock_release_recursive(lock);
}

/* Nor may an interrupt handler on another CPU get in. Its errno is another thread's. */
static KILN_INTERRUPT_HANDLER void try_elsewhere(void *taken)
{
    errno = EDOM;
    *(int *)taken = __retarget_lock_try_acquire_recursive(lock);
}

static void test_other_cpus(void)
{
    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++) {
        int taken = -1;

        __lock_acquire_recursive(lock);
        errno = ERANGE;
        TAP_EQUAL(kiln_cpu_call(cpu, try_elsewhere, &taken), 0);
        TAP_EQUAL(taken, 0);
        TAP_EQUAL(errno, ERANGE);
        __lock_release_recursive(lock);
    }
}

static KILN_SEMAPHORE(is_held, 0);
static volatile bool is_mine, hog_is_done;

static void *hold(void *argument)
{
    __lock_acquire_recursive(lock);
    kiln_semaphore_post(&is_held);
    __lock_release_recursive(lock);
    return argument;
}

static void *hog(void *argument)
{
    int64_t deadline = kiln_time_after(KILN_SECONDS(2));

    while (!is_mine && kiln_time_now() < deadline)
        ;
    hog_is_done = true;
    return argument;
}

/* The holder is below one that never waits, and above it only by who waits for the lock. */
static void test_waiting(void)
{
    struct kiln_thread *holder, *between;

    TAP_NEED(kiln_thread_create(
                 &holder, KILN_THREAD_ATTRIBUTES(.priority = KILN_PRIORITY_DEFAULT - 2, .cpus = 1),
                 hold, NULL) == 0);
    TAP_EQUAL(kiln_semaphore_wait(&is_held), 0);
    TAP_NEED(kiln_thread_create(
                 &between, KILN_THREAD_ATTRIBUTES(.priority = KILN_PRIORITY_DEFAULT - 1, .cpus = 1),
                 hog, NULL) == 0);
    __lock_acquire_recursive(lock);
    TAP_CHECK(!hog_is_done);
    is_mine = true;
    __lock_release_recursive(lock);
    TAP_EQUAL(kiln_thread_join(between, NULL), 0);
    TAP_EQUAL(kiln_thread_join(holder, NULL), 0);
}

int main(int argc, char **argv)
{
    struct raised_interrupt raised = test_interrupt(0);

    __lock_init_recursive(lock);
    TAP_EQUAL(kiln_thread_set_cpus(kiln_thread_self(), 1), 0);
    TAP_EQUAL(kiln_irq_attach(raised.irq, use_lock, &raised), 0);
    test_thread();
    test_waiting();
    test_other_cpus();
    interrupt(&raised);
    TAP_EQUAL(handled, 1);
    if (argc > 1 && strcmp(argv[1], "handler") == 0) {
        fflush(stdout);
        __lock_acquire_recursive(lock);
        interrupt(&raised);
    }
    __lock_close_recursive(lock);
    return tap_done();
}
