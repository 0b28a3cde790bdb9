/*
 * Functions that interrupt handlers leave for the end of the interrupt: where and when they run,
 * nesting, what they wake, an idle CPU, a thread that is suspended meanwhile, several CPUs. With
 * the word "wait" one waits, which panics.
 */
#include <errno.h>
#include "raise_interrupt.h"
#include "tap.h"

#define MANY 200
#define CPUS 4

static struct raised_interrupt outer, inner;

/* What has happened, in order. */
static char events[64];
static uint32_t event_count; /* atomic */

static KILN_INTERRUPT_HANDLER void note(char event)
{
    events[__atomic_fetch_add(&event_count, 1, __ATOMIC_SEQ_CST)] = event;
}

static void check_events(const char *wanted, const char *what)
{
    events[event_count] = 0;
    if (!tap_check(strcmp(events, wanted) == 0, what))
        printf("# %s, should be %s\n", events, wanted);
    event_count = 0;
}

static KILN_SEMAPHORE(wake, 0);
static KILN_SEMAPHORE(seen, 0);

/* Above main(). */
static void *wait_and_note(void *argument)
{
    while (kiln_semaphore_wait(&wake) == 0) {
        note('t');
        kiln_semaphore_post(&seen);
    }
    return argument;
}

static volatile bool was_masked;

static KILN_INTERRUPT_HANDLER void see(void *argument)
{
    was_masked = interrupts_are_masked();
    note(*(char *)argument);
}

static char letter_a = 'a', letter_b = 'b';
static KILN_DEFERRED(see_a, see, &letter_a);
static KILN_DEFERRED(see_b, see, &letter_b);
static int results[2];

static KILN_INTERRUPT_HANDLER void defer_both(void *argument)
{
    (void)argument;
    silence_interrupt(&outer);
    note('<');
    kiln_semaphore_post(&wake);
    results[0] = kiln_irq_defer(&see_a);
    results[1] = kiln_irq_defer(&see_a);
    kiln_irq_defer(&see_b);
    note('>');
}

static void test_order(void)
{
    TAP_EQUAL(kiln_irq_attach(outer.irq, defer_both, NULL), 0);
    raise_interrupt(&outer);
    kiln_semaphore_wait(&seen);
    check_events("<>abt", "in their order behind the handler, before the thread that it wakes");
    TAP_CHECK(!was_masked);
    TAP_EQUAL(results[0], 0);
    TAP_EQUAL(results[1], -EALREADY);
    kiln_irq_detach(outer.irq);
}

static void test_thread(void)
{
    uintptr_t state;

    TAP_EQUAL(kiln_irq_defer(&see_a), 0);
    check_events("a", "at once where interrupts are on");
    state = kiln_irq_save();
    TAP_EQUAL(kiln_irq_defer(&see_b), 0);
    TAP_EQUAL(kiln_irq_defer(&see_b), -EALREADY);
    check_events("", "not while they are masked");
    kiln_irq_restore(state);
    check_events("b", "when they come through again");
}

/* Defers itself; wakes, yields and suspends, which does nothing before all have run. */
static struct kiln_deferred again;

static KILN_INTERRUPT_HANDLER void run_again(void *argument)
{
    unsigned *left = argument;

    note('r');
    kiln_semaphore_post(&wake);
    kiln_thread_yield();
    if (--*left > 0)
        kiln_irq_defer(&again);
    note('.');
}

static void test_again(void)
{
    unsigned left = 3;

    kiln_deferred_init(&again, run_again, &left);
    kiln_irq_defer(&again);
    for (unsigned i = 0; i < 3; i++)
        kiln_semaphore_wait(&seen);
    check_events("r.r.r.ttt", "one that defers itself runs again before any thread");
}

/* An interrupt within a function. */
static KILN_INTERRUPT_HANDLER void defer_inside(void *argument)
{
    (void)argument;
    silence_interrupt(&inner);
    note('[');
    kiln_semaphore_post(&wake);
    kiln_irq_defer(&see_b);
    note(']');
}

static KILN_INTERRUPT_HANDLER void raise_inside(void *argument)
{
    (void)argument;
    note('{');
    raise_interrupt(&inner);
    note('}');
}

static KILN_DEFERRED(nesting, raise_inside, NULL);

static void test_nested(void)
{
    TAP_EQUAL(kiln_irq_attach(inner.irq, defer_inside, NULL), 0);
    kiln_irq_defer(&nesting);
    kiln_semaphore_wait(&seen);
    check_events("{[]}bt", "what an interrupt within one defers follows it");
    kiln_irq_detach(inner.irq);
}

/* A CPU that has nothing to do. */
static KILN_INTERRUPT_HANDLER void post_seen(void *argument)
{
    (void)argument;
    note('i');
    kiln_thread_yield();
    kiln_semaphore_post(&seen);
}

static KILN_DEFERRED(idle_post, post_seen, NULL);

static KILN_INTERRUPT_HANDLER void defer_by_timer(void *argument)
{
    kiln_irq_defer(argument);
}

static void test_idle(void)
{
    KILN_TIMER(timer, defer_by_timer, &idle_post);

    for (unsigned i = 0; i < 3; i++) {
        kiln_timer_start_for(&timer, KILN_MICROSECONDS(300));
        kiln_semaphore_wait(&seen);
    }
    check_events("iii", "when the CPU is idle");
    kiln_timer_stop(&timer);
}

/* The interrupted thread is suspended by then. */
static struct kiln_thread *main_thread;

static KILN_INTERRUPT_HANDLER void suspend_and_defer(void *argument)
{
    silence_interrupt(&outer);
    kiln_thread_suspend(kiln_thread_self());
    kiln_irq_defer(argument);
}

static KILN_INTERRUPT_HANDLER void wake_resumer(void *argument)
{
    note('s');
    kiln_semaphore_post(argument);
}

static void *resume_main(void *argument)
{
    kiln_semaphore_wait(argument);
    note('m');
    kiln_thread_resume(main_thread);
    return NULL;
}

static void test_suspended(void)
{
    KILN_SEMAPHORE(resume, 0);
    KILN_DEFERRED(deferred, wake_resumer, &resume);
    struct kiln_thread *resumer;

    main_thread = kiln_thread_self();
    TAP_NEED(kiln_thread_create(&resumer,
                                KILN_THREAD_ATTRIBUTES(.priority = KILN_PRIORITY_DEFAULT - 1),
                                resume_main, &resume) == 0);
    TAP_EQUAL(kiln_irq_attach(outer.irq, suspend_and_defer, &deferred), 0);
    raise_interrupt(&outer);
    kiln_thread_join(resumer, NULL);
    check_events("sm", "on a thread that is suspended meanwhile");
    kiln_irq_detach(outer.irq);
}

/* Timers of all CPUs interrupt threads that post and yield. */
static struct cpu_state {
    struct kiln_timer timer;
    struct kiln_deferred deferred;
    uint32_t deferrals, runs; /* the deferrals that were accepted */
    uint32_t elsewhere;
    unsigned cpu;
} states[CPUS];

static KILN_INTERRUPT_HANDLER void run_counted(void *argument)
{
    struct cpu_state *state = argument;

    state->elsewhere += kiln_cpu_id() != state->cpu;
    state->runs++;
    kiln_semaphore_post(&seen);
}

static KILN_INTERRUPT_HANDLER void defer_counted(void *argument)
{
    struct cpu_state *state = argument;

    state->deferrals += kiln_irq_defer(&state->deferred) == 0;
}

static void *interrupt_often(void *argument)
{
    struct cpu_state *state = argument;

    kiln_timer_start_periodic(&state->timer, kiln_time_now(), KILN_MICROSECONDS(100));
    while (__atomic_load_n(&state->runs, __ATOMIC_RELAXED) < MANY) {
        kiln_thread_yield();
        if (state->cpu % 2)
            kiln_sleep_for(KILN_MICROSECONDS(150));
    }
    kiln_timer_stop(&state->timer);
    return NULL;
}

static void test_cpus(void)
{
    struct kiln_thread *threads[CPUS];
    unsigned count = kiln_cpu_count();

    for (unsigned cpu = 0; cpu < count; cpu++) {
        states[cpu].cpu = cpu;
        kiln_timer_init(&states[cpu].timer, defer_counted, &states[cpu]);
        kiln_deferred_init(&states[cpu].deferred, run_counted, &states[cpu]);
        TAP_NEED(kiln_thread_create(
                     &threads[cpu],
                     KILN_THREAD_ATTRIBUTES(.priority = KILN_PRIORITY_DEFAULT, .cpus = 1u << cpu),
                     interrupt_often, &states[cpu]) == 0);
    }
    for (unsigned cpu = 0; cpu < count; cpu++)
        kiln_thread_join(threads[cpu], NULL);
    for (unsigned cpu = 0; cpu < count; cpu++) {
        TAP_CHECK(states[cpu].runs >= MANY);
        TAP_EQUAL(states[cpu].runs, states[cpu].deferrals);
        TAP_EQUAL(states[cpu].elsewhere, 0);
    }
}

static KILN_INTERRUPT_HANDLER void wait_wrongly(void *argument)
{
    was_masked = kiln_semaphore_wait(argument) == 0;
}

static void misuse(void)
{
    KILN_DEFERRED(waits, wait_wrongly, &wake);

    kiln_irq_defer(&waits);
}

static void *test_all(void *argument)
{
    test_order();
    test_thread();
    test_again();
    test_nested();
    test_idle();
    test_suspended();
    return argument;
}

/* All but the last part stays on CPU 0, whose interrupts the test raises. */
int main(int argc, char **argv)
{
    struct kiln_thread *waiter, *tests;

    if (argc > 1 && strcmp(argv[1], "wait") == 0)
        misuse();
    outer = test_interrupt(0);
    inner = test_interrupt(1);
    TAP_NEED(kiln_thread_create(
                 &waiter, KILN_THREAD_ATTRIBUTES(.priority = KILN_PRIORITY_DEFAULT + 1, .cpus = 1),
                 wait_and_note, NULL) == 0);
    TAP_NEED(kiln_thread_create(
                 &tests, KILN_THREAD_ATTRIBUTES(.priority = KILN_PRIORITY_DEFAULT, .cpus = 1),
                 test_all, NULL) == 0);
    kiln_thread_join(tests, NULL);
    kiln_thread_cancel(waiter);
    kiln_thread_join(waiter, NULL);
    test_cpus();
    return tap_done();
}
