/*
 * Work queues on threads of the host, under ThreadSanitizer: all calls at once on the same works,
 * and works that are freed as soon as they may be. A thread plays the alarm.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <core/thread_create.h>
#include <core/timer.h>
#include <core/wait.h>
#include <kiln/work.h>
#include "test.h"

#define THREADS 4
#define WORKS   6
#define ROUNDS  3000

_Thread_local struct kiln_thread *thread_self;

int64_t kiln_time_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t kiln_time_after(int64_t duration)
{
    return kiln_time_now() + duration;
}

/* Threads. */

static void *enter(void *thread)
{
    thread_self = thread;
    return thread_self->function(thread_self->argument);
}

static struct kiln_thread *make(void *(*function)(void *argument), void *argument)
{
    struct kiln_thread *thread = calloc(1, sizeof(*thread));

    thread->function = function;
    thread->argument = argument;
    return thread;
}

struct kiln_thread *core_thread_prepare(void *memory, size_t bytes,
                                        const struct kiln_thread_attributes *attributes,
                                        void *(*function)(void *argument), void *argument)
{
    (void)memory;
    (void)bytes;
    (void)attributes;
    return make(function, argument);
}

void core_thread_start(struct kiln_thread *thread, uintptr_t irq_state)
{
    (void)irq_state;
    pthread_create(&thread->thread, NULL, enter, thread);
}

int kiln_thread_create(struct kiln_thread **thread, const struct kiln_thread_attributes *attributes,
                       void *(*function)(void *argument), void *argument)
{
    (void)attributes;
    *thread = make(function, argument);
    core_thread_start(*thread, 0);
    return 0;
}

int kiln_thread_join(struct kiln_thread *thread, void **result)
{
    pthread_join(thread->thread, result);
    free(thread);
    return 0;
}

bool kiln_thread_set_cancellable(bool is_cancellable)
{
    return is_cancellable;
}

/* The alarm's thread calls what is due, as an interrupt of another CPU does. */

static pthread_mutex_t timers_lock = PTHREAD_MUTEX_INITIALIZER;
static struct core_timer *timers;
static bool alarm_ends; /* the lock */

void core_timer_start(struct core_timer *timer, uint64_t deadline)
{
    pthread_mutex_lock(&timers_lock);
    timer->deadline = deadline;
    timer->next = timers;
    timer->link = &timers;
    if (timers)
        timers->link = &timer->next;
    timers = timer;
    pthread_mutex_unlock(&timers_lock);
}

/* The lock. */
static bool take_out(struct core_timer *timer)
{
    if (!timer->link)
        return false;
    *timer->link = timer->next;
    if (timer->next)
        timer->next->link = timer->link;
    timer->link = NULL;
    return true;
}

bool core_timer_stop(struct core_timer *timer)
{
    pthread_mutex_lock(&timers_lock);
    bool was_started = take_out(timer);

    pthread_mutex_unlock(&timers_lock);
    return was_started;
}

static struct core_timer *take_due(bool *ends)
{
    uint64_t now = core_clock();
    struct core_timer *timer;

    pthread_mutex_lock(&timers_lock);
    *ends = alarm_ends;
    for (timer = timers; timer && timer->deadline > now;)
        timer = timer->next;
    if (timer)
        take_out(timer);
    pthread_mutex_unlock(&timers_lock);
    return timer;
}

static void *play_alarm(void *unused)
{
    bool ends = false;

    while (!ends) {
        struct core_timer *timer = take_due(&ends);

        if (timer)
            timer->expired(timer);
        else
            sched_yield();
    }
    return unused;
}

/* The test. */

static struct kiln_work_queue own;
static struct kiln_work works[WORKS];
static uint32_t calls, accepted, taken_back, overlaps; /* atomic */
static uint32_t inside[WORKS];                         /* atomic */

static uint32_t add(uint32_t *number)
{
    return __atomic_add_fetch(number, 1, __ATOMIC_RELAXED);
}

static void run(void *argument)
{
    uint32_t *running = argument;

    if (add(running) != 1)
        add(&overlaps);
    add(&calls);
    __atomic_sub_fetch(running, 1, __ATOMIC_RELAXED);
}

static void torture(struct kiln_work *work, uint32_t choice)
{
    int64_t delay = choice / 8 % 64 * 500;

    if (choice % 8 < 4) {
        if ((choice % 2 ? kiln_work_submit(work) : kiln_work_submit_for(work, delay)) == 0)
            add(&accepted);
    } else if (choice % 8 < 6) {
        if ((choice % 2 ? kiln_work_cancel(work) : kiln_work_cancel_and_wait(work)) == 0)
            add(&taken_back);
    } else if (choice % 8 == 6) {
        kiln_work_flush(work);
    } else {
        kiln_work_queue_flush(work->queue);
    }
}

/* What is freed as soon as its work may be: the function must not run any more. */
struct short_lived {
    struct kiln_work work;
    volatile unsigned runs;
};

static void run_short_lived(void *argument)
{
    struct short_lived *mine = argument;

    add(&calls);
    sched_yield();
    mine->runs++;
}

/* Nobody else knows this one: it is freed once it can neither be submitted nor run. */
static void use_and_free(uint32_t choice)
{
    struct short_lived *mine = calloc(1, sizeof(*mine));
    struct kiln_work *work = &mine->work;

    kiln_work_init(work, choice % 2 ? &own : &kiln_system_work, run_short_lived, mine);
    if (kiln_work_submit_for(work, choice / 2 % 64 * 500) == 0)
        add(&accepted);
    if (choice & 0x100)
        sched_yield();
    if (kiln_work_cancel_and_wait(work) == 0)
        add(&taken_back);
    free(mine);
}

static void *work_on(void *argument)
{
    uint32_t seed = (uint32_t)(uintptr_t)argument;

    for (unsigned i = 0; i < ROUNDS; i++) {
        seed = seed * 1664525 + 1013904223;
        if (i % 4 == 0)
            use_and_free(seed >> 8);
        else
            torture(&works[(seed >> 8) % WORKS], seed >> 12);
    }
    return NULL;
}

static void run_all(void)
{
    struct kiln_thread *threads[THREADS];

    for (unsigned i = 0; i < WORKS; i++)
        kiln_work_init(&works[i], i % 2 ? &own : &kiln_system_work, run, &inside[i]);
    for (uintptr_t i = 0; i < THREADS; i++)
        kiln_thread_create(&threads[i], NULL, work_on, (void *)(i + 1));
    for (unsigned i = 0; i < THREADS; i++)
        kiln_thread_join(threads[i], NULL);
}

int main(void)
{
    struct kiln_thread *alarm_thread, self = {0};

    thread_self = &self;
    TAP_EQUAL(kiln_work_queue_create(&own, NULL), 0);
    kiln_thread_create(&alarm_thread, NULL, play_alarm, NULL);
    run_all();
    for (unsigned i = 0; i < WORKS; i++) {
        while (kiln_work_is_pending(&works[i]))
            sched_yield();
        kiln_work_flush(&works[i]);
    }
    pthread_mutex_lock(&timers_lock);
    alarm_ends = true;
    pthread_mutex_unlock(&timers_lock);
    kiln_thread_join(alarm_thread, NULL);
    TAP_EQUAL(kiln_work_queue_destroy(&own), 0);
    printf("# %u accepted, %u called, %u taken back\n", accepted, calls, taken_back);
    TAP_EQUAL(calls + taken_back, accepted);
    TAP_CHECK(calls > 0 && taken_back > 0);
    TAP_EQUAL(overlaps, 0);
    return tap_done();
}
