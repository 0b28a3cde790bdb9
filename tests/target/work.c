/*
 * Work queues: order, delays, cancelling in each state, by the work itself too, flushing, from
 * interrupt handlers, several CPUs. With the word "exact" (under -icount) a delayed work may be
 * late by some hundred instructions only.
 */
#include <errno.h>
#include "raise_interrupt.h"
#include "tap.h"

#define WORKS   8
#define ROUNDS  300
#define THREADS 4

static bool is_exact;

/* Above main(), so that what is submitted runs at once; and below. */
KILN_WORK_QUEUE(above, KILN_PRIORITY_DEFAULT + 1);
KILN_WORK_QUEUE(below, KILN_PRIORITY_DEFAULT - 1);

static uint32_t calls; /* atomic */

static void count(void *argument)
{
    (void)argument;
    __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
}

static uint32_t called(void)
{
    return __atomic_load_n(&calls, __ATOMIC_SEQ_CST);
}

/* Holds a queue's thread until it is let go. */
static KILN_SEMAPHORE(held, 0);
static KILN_SEMAPHORE(let_go, 0);

static void hold(void *argument)
{
    (void)argument;
    kiln_semaphore_post(&held);
    kiln_semaphore_wait(&let_go);
}

static KILN_WORK(holder, &above, hold, NULL);

static void hold_queue(void)
{
    kiln_work_submit(&holder);
    kiln_semaphore_wait(&held);
}

static void release_queue(void)
{
    kiln_semaphore_post(&let_go);
}

static KILN_WORK(counter, &above, count, NULL);

static struct {
    unsigned order[WORKS];
    unsigned count;
} noted;

static void note(void *argument)
{
    noted.order[noted.count++] = (unsigned)(uintptr_t)argument;
}

static void test_order(void)
{
    struct kiln_work works[WORKS];
    bool in_order = true;

    hold_queue();
    for (unsigned i = 0; i < WORKS; i++) {
        kiln_work_init(&works[i], &above, note, (void *)(uintptr_t)i);
        TAP_EQUAL(kiln_work_submit(&works[i]), 0);
    }
    TAP_EQUAL(kiln_work_submit(&works[0]), -EALREADY);
    TAP_CHECK(kiln_work_is_pending(&works[0]));
    release_queue();
    TAP_EQUAL(kiln_work_flush(&works[WORKS - 1]), 0);
    for (unsigned i = 0; i < WORKS; i++)
        in_order &= noted.order[i] == i;
    TAP_EQUAL(noted.count, WORKS);
    TAP_CHECK(in_order);
    TAP_CHECK(!kiln_work_is_pending(&works[0]));
}

static void test_cancel_queued(void)
{
    uint32_t before = called();

    TAP_EQUAL(kiln_work_cancel(&counter), -EALREADY);
    TAP_EQUAL(kiln_work_cancel_and_wait(&counter), -EALREADY);
    hold_queue();
    kiln_work_submit(&counter);
    TAP_EQUAL(kiln_work_cancel(&counter), 0);
    TAP_EQUAL(kiln_work_cancel(&counter), -EALREADY);
    kiln_work_submit(&counter);
    TAP_EQUAL(kiln_work_cancel_and_wait(&counter), 0);
    release_queue();
    TAP_EQUAL(kiln_work_queue_flush(&above), 0);
    TAP_EQUAL(called(), before);
    TAP_EQUAL(kiln_work_submit(&counter), 0);
    kiln_work_flush(&counter);
    TAP_EQUAL(called(), before + 1);
}

static void test_cancel_delayed(void)
{
    uint32_t before = called();

    TAP_EQUAL(kiln_work_submit_for(&counter, KILN_SECONDS(100)), 0);
    TAP_CHECK(kiln_work_is_pending(&counter));
    TAP_EQUAL(kiln_work_submit(&counter), -EALREADY);
    TAP_EQUAL(kiln_work_submit_for(&counter, 1000), -EALREADY);
    TAP_EQUAL(kiln_work_flush(&counter), 0);
    TAP_EQUAL(kiln_work_queue_flush(&above), 0);
    TAP_EQUAL(kiln_work_cancel(&counter), 0);
    TAP_EQUAL(kiln_work_submit_until(&counter, KILN_FOREVER), 0);
    TAP_EQUAL(kiln_work_cancel_and_wait(&counter), 0);
    TAP_CHECK(!kiln_work_is_pending(&counter));
    TAP_EQUAL(called(), before);
    TAP_EQUAL(kiln_work_submit_until(&counter, KILN_NOWAIT), 0);
    kiln_work_flush(&counter);
    TAP_EQUAL(called(), before + 1);
}

/* One that always submits itself again, and waits in between. */
static struct {
    struct kiln_work work;
    int last_error;
    uint32_t turns; /* atomic */
    bool is_delayed;
} again;

static void run_again(void *argument)
{
    (void)argument;
    __atomic_add_fetch(&again.turns, 1, __ATOMIC_SEQ_CST);
    kiln_sleep_for(KILN_MICROSECONDS(20));
    again.last_error = again.is_delayed ? kiln_work_submit_for(&again.work, KILN_MICROSECONDS(50))
                                        : kiln_work_submit(&again.work);
}

static void test_again(bool is_delayed)
{
    uint32_t turns;

    again.is_delayed = is_delayed;
    kiln_work_init(&again.work, &above, run_again, NULL);
    kiln_work_submit(&again.work);
    while (__atomic_load_n(&again.turns, __ATOMIC_SEQ_CST) < 5)
        kiln_sleep_for(KILN_MICROSECONDS(10));
    TAP_EQUAL(kiln_work_flush(&again.work), 0);
    kiln_work_cancel_and_wait(&again.work);
    turns = again.turns;
    TAP_CHECK(!kiln_work_is_pending(&again.work));
    kiln_sleep_for(KILN_MICROSECONDS(500));
    TAP_EQUAL(again.turns, turns);
    again.turns = 0;
}

/* A cancellation that waits refuses what the function submits meanwhile. */
static int refused;

static void hold_then_submit(void *argument)
{
    hold(NULL);
    refused = kiln_work_submit(argument);
}

static void *cancel_and_tell(void *argument)
{
    return (void *)(intptr_t)kiln_work_cancel_and_wait(argument);
}

static void test_refused(void)
{
    struct kiln_work work;
    struct kiln_thread *canceller;
    void *result;

    kiln_work_init(&work, &above, hold_then_submit, &work);
    kiln_work_submit(&work);
    kiln_semaphore_wait(&held);
    TAP_NEED(kiln_thread_create(&canceller,
                                KILN_THREAD_ATTRIBUTES(.priority = KILN_PRIORITY_DEFAULT + 2),
                                cancel_and_tell, &work) == 0);
    while (kiln_work_submit(&work) != -ECANCELED)
        kiln_sleep_for(KILN_MICROSECONDS(10));
    TAP_EQUAL(kiln_thread_join_until(canceller, &result, KILN_NOWAIT), -EBUSY);
    while (kiln_thread_interrupt(canceller) == -EAGAIN)
        kiln_sleep_for(KILN_MICROSECONDS(10));
    TAP_EQUAL(kiln_thread_cancel(canceller), 0);
    release_queue();
    kiln_thread_join(canceller, &result);
    TAP_EQUAL(refused, -ECANCELED);
    TAP_CHECK(result == NULL || (intptr_t)result == -EALREADY);
    TAP_EQUAL(kiln_work_submit(&counter), 0);
    TAP_EQUAL(kiln_work_flush(&counter), 0);
}

/* What the function itself may call. */
static struct {
    struct kiln_work work;
    int nothing_to_cancel, submitted, cancelled, flushed, queue_flushed, destroyed;
} inside;

static void call_inside(void *argument)
{
    (void)argument;
    inside.nothing_to_cancel = kiln_work_cancel_and_wait(&inside.work);
    inside.submitted = kiln_work_submit(&inside.work);
    inside.flushed = kiln_work_flush(&inside.work);
    inside.queue_flushed = kiln_work_queue_flush(&above);
    inside.cancelled = kiln_work_cancel_and_wait(&inside.work);
    inside.destroyed = kiln_work_queue_destroy(&above);
}

static void test_inside(void)
{
    kiln_work_init(&inside.work, &above, call_inside, NULL);
    kiln_work_submit(&inside.work);
    kiln_work_flush(&inside.work);
    TAP_EQUAL(inside.nothing_to_cancel, -EALREADY);
    TAP_EQUAL(inside.submitted, 0);
    TAP_EQUAL(inside.flushed, -EDEADLK);
    TAP_EQUAL(inside.queue_flushed, -EDEADLK);
    TAP_EQUAL(inside.cancelled, 0);
    TAP_EQUAL(inside.destroyed, -EINVAL);
    TAP_CHECK(!kiln_work_is_pending(&inside.work));
}

static void free_own(void *work)
{
    free(work);
    count(NULL);
}

static void test_free(void)
{
    uint32_t before = called();

    for (unsigned i = 0; i < 10; i++) {
        struct kiln_work *work = malloc(sizeof(*work));

        TAP_NEED(work != NULL);
        kiln_work_init(work, &above, free_own, work);
        kiln_work_submit(work);
    }
    kiln_work_queue_flush(&above);
    TAP_EQUAL(called(), before + 10);
}

/* Delays: at the time, not before it, whatever the order in which they were asked for. */
static struct late {
    int64_t deadline, late;
} lates[WORKS];

static void see_time(void *argument)
{
    struct late *late = argument;

    late->late = kiln_time_now() - late->deadline;
}

static void test_delays(void)
{
    struct kiln_work works[WORKS];
    int64_t start = kiln_time_after(KILN_MILLISECONDS(1)), least = INT64_MAX, most = 0;

    for (unsigned i = 0; i < WORKS; i++) {
        lates[i].deadline = start + (int64_t)(i * 5 % WORKS) * KILN_MICROSECONDS(100);
        kiln_work_init(&works[i], &above, see_time, &lates[i]);
        TAP_EQUAL(kiln_work_submit_until(&works[i], lates[i].deadline), 0);
    }
    kiln_sleep_until(start + WORKS * KILN_MICROSECONDS(100));
    for (unsigned i = 0; i < WORKS; i++) {
        while (kiln_work_is_pending(&works[i]))
            kiln_sleep_for(KILN_MICROSECONDS(100));
        kiln_work_flush(&works[i]);
        least = lates[i].late < least ? lates[i].late : least;
        most = lates[i].late > most ? lates[i].late : most;
    }
    printf("# late by %lld to %lld ns\n", (long long)least, (long long)most);
    TAP_CHECK(least >= 0);
    TAP_CHECK(most <= (is_exact ? 1000 : KILN_SECONDS(10)));
}

/* The system queue, whose first use is in an interrupt handler. */
static KILN_WORK(by_interrupt, &kiln_system_work, count, NULL);
static struct raised_interrupt interrupt;
static int interrupt_results[2];

static KILN_INTERRUPT_HANDLER void submit_in_handler(void *argument)
{
    silence_interrupt(&interrupt);
    interrupt_results[0] = kiln_work_submit(argument);
    interrupt_results[1] = kiln_work_submit(argument);
}

static void test_in_handler(void)
{
    interrupt = test_interrupt(0);
    TAP_EQUAL(kiln_irq_attach(interrupt.irq, submit_in_handler, &by_interrupt), 0);
    for (uint32_t i = 1; i <= 3; i++) {
        uint32_t before = called();

        raise_interrupt(&interrupt);
        while (called() == before)
            kiln_sleep_for(KILN_MICROSECONDS(10));
        TAP_EQUAL(interrupt_results[0], 0);
        TAP_CHECK(interrupt_results[1] == -EALREADY ||
                  (kiln_cpu_count() > 1 && interrupt_results[1] == 0));
    }
    kiln_work_queue_flush(&kiln_system_work);
    kiln_irq_detach(interrupt.irq);
}

/* A queue below the caller runs when the caller waits. */
static void test_below(void)
{
    struct kiln_work work;
    uint32_t before = called();

    kiln_work_init(&work, &below, count, NULL);
    kiln_work_submit(&work);
    TAP_CHECK(kiln_cpu_count() > 1 || called() == before);
    TAP_EQUAL(kiln_work_queue_flush(&below), 0);
    TAP_EQUAL(called(), before + 1);
}

static void test_queues(void)
{
    struct kiln_work_queue queue;
    struct kiln_work works[WORKS];
    uint32_t before = called();

    TAP_EQUAL(kiln_work_queue_create(&queue, KILN_THREAD_ATTRIBUTES(.priority = 200)), -EINVAL);
    TAP_NEED(kiln_work_queue_create(&queue, KILN_THREAD_ATTRIBUTES(.name = "own", .priority = 1,
                                                                   .is_detached = true)) == 0);
    for (unsigned i = 0; i < WORKS; i++) {
        kiln_work_init(&works[i], &queue, count, NULL);
        kiln_work_submit(&works[i]);
    }
    kiln_work_flush(&works[WORKS - 1]);
    kiln_work_submit_for(&works[0], KILN_SECONDS(100));
    TAP_EQUAL(kiln_work_queue_destroy(&queue), -EBUSY);
    kiln_work_cancel(&works[0]);
    kiln_work_submit(&works[1]);
    TAP_EQUAL(kiln_work_queue_destroy(&queue), 0);
    TAP_EQUAL(called(), before + WORKS + 1);
    TAP_EQUAL(kiln_work_submit(&works[2]), -ECANCELED);
    TAP_EQUAL(kiln_work_queue_destroy(&queue), -EINVAL);
    TAP_NEED(kiln_work_queue_create(&queue, NULL) == 0);
    TAP_EQUAL(kiln_work_queue_destroy(&queue), 0);
    TAP_EQUAL(kiln_work_queue_destroy(&above), -EINVAL);
}

/* Threads on all CPUs do everything at once to the same works; at the end each submission that was
 * accepted has been called or taken back. */
static struct {
    struct kiln_work works[WORKS];
    uint32_t accepted, taken_back, wrong; /* atomic */
} torture;

static uint32_t runs_inside[WORKS]; /* atomic: never above 1 */

static void run_tortured(void *argument)
{
    unsigned i = (unsigned)(uintptr_t)argument;

    if (__atomic_add_fetch(&runs_inside[i], 1, __ATOMIC_SEQ_CST) != 1)
        __atomic_add_fetch(&torture.wrong, 1, __ATOMIC_SEQ_CST);
    count(NULL);
    if (i % 4 == 0)
        kiln_thread_yield();
    __atomic_sub_fetch(&runs_inside[i], 1, __ATOMIC_SEQ_CST);
}

static void torture_once(struct kiln_work *work, uint32_t choice)
{
    int result;

    switch (choice % 8) {
    case 0 ... 2:
        result = choice % 8 ? kiln_work_submit(work)
                            : kiln_work_submit_for(work, KILN_MICROSECONDS(choice % 50));
        if (result == 0)
            __atomic_add_fetch(&torture.accepted, 1, __ATOMIC_SEQ_CST);
        break;
    case 3:
        if (kiln_work_submit_for(work, KILN_MICROSECONDS(choice / 8 % 30)) == 0)
            __atomic_add_fetch(&torture.accepted, 1, __ATOMIC_SEQ_CST);
        break;
    case 4:
    case 5:
        result = choice % 2 ? kiln_work_cancel(work) : kiln_work_cancel_and_wait(work);
        if (result == 0)
            __atomic_add_fetch(&torture.taken_back, 1, __ATOMIC_SEQ_CST);
        break;
    case 6:
        kiln_work_flush(work);
        break;
    default:
        kiln_work_queue_flush(work->queue);
    }
}

static void *torture_all(void *argument)
{
    uint32_t seed = (uint32_t)(uintptr_t)argument;

    for (unsigned i = 0; i < ROUNDS; i++) {
        seed = seed * 1664525 + 1013904223;
        torture_once(&torture.works[seed >> 8 & (WORKS - 1)], seed >> 12);
        if (i % 16 == 0)
            kiln_sleep_for(KILN_MICROSECONDS(seed >> 24));
    }
    return NULL;
}

static void test_torture(void)
{
    struct kiln_thread *threads[THREADS];
    uint32_t before = called(), done;

    for (unsigned i = 0; i < WORKS; i++)
        kiln_work_init(&torture.works[i], i % 2 ? &above : &below, run_tortured,
                       (void *)(uintptr_t)i);
    for (unsigned i = 0; i < THREADS; i++)
        TAP_NEED(kiln_thread_create(
                     &threads[i],
                     KILN_THREAD_ATTRIBUTES(.priority = KILN_PRIORITY_DEFAULT - 2 + (int)i,
                                            .cpus = 1u << i % kiln_cpu_count()),
                     torture_all, (void *)(uintptr_t)(i + 1)) == 0);
    for (unsigned i = 0; i < THREADS; i++)
        kiln_thread_join(threads[i], NULL);
    for (unsigned i = 0; i < WORKS; i++) {
        while (kiln_work_is_pending(&torture.works[i]))
            kiln_sleep_for(KILN_MICROSECONDS(50));
        kiln_work_flush(&torture.works[i]);
    }
    done = called() - before;
    printf("# %u accepted, %u called, %u taken back\n", (unsigned)torture.accepted, (unsigned)done,
           (unsigned)torture.taken_back);
    TAP_EQUAL(done + torture.taken_back, torture.accepted);
    TAP_CHECK(done > 0 && torture.taken_back > 0);
    TAP_EQUAL(torture.wrong, 0);
}

int main(int argc, char **argv)
{
    is_exact = argc > 1 && strcmp(argv[1], "exact") == 0;
    test_in_handler();
    test_order();
    test_cancel_queued();
    test_cancel_delayed();
    test_again(false);
    test_again(true);
    test_refused();
    test_inside();
    test_free();
    test_delays();
    test_below();
    test_queues();
    test_torture();
    return tap_done();
}
