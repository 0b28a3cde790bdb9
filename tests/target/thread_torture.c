/*
 * A random mix of all that threads can do to each other, from a seed: ./kiln run this -- SEED.
 * Workers lock mutexes, take and post semaphores, sleep, create threads of their own, and suspend,
 * resume, cancel, interrupt each other and change their priorities, as a timer's handler does; who
 * has ended is replaced. What must hold whatever happens is checked, most of it in the end. On one
 * CPU by -icount a seed gives the same trace each time, whose hash is printed.
 */
#include <errno.h>
#include <inttypes.h>
#include "raise_interrupt.h"
#include "takes_long.h"
#include "tap.h"

#define WORKERS    10
#define MUTEXES    3
#define SEMAPHORES 2
#define TOKENS     3 /* of each semaphore at first */
#define HIGHEST    80
#define LOWEST     50

struct worker {
    struct kiln_thread *thread;
    struct kiln_mutex guard; /* who asks something of the thread; not the keeper, who joins it */
    uint64_t random;
};

static struct worker workers[WORKERS];
static struct kiln_mutex mutexes[MUTEXES];
static unsigned holders[MUTEXES];
static struct kiln_semaphore semaphores[SEMAPHORES];
static int64_t tokens[SEMAPHORES]; /* atomic: what was posted and not taken */
static unsigned violations, operations, cancelled, creations, children;
static uint64_t hash, handler_random;
static uint32_t stop; /* atomic */

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static unsigned below(uint64_t *state, unsigned limit)
{
    return (unsigned)(next_random(state) % limit);
}

static void bail_out(void)
{
    printf("Bail out! no memory for a thread\n");
    exit(1);
}

static void must(bool holds, const char *what)
{
    if (!holds && __atomic_fetch_add(&violations, 1, __ATOMIC_RELAXED) < 5)
        printf("# violated: %s\n", what);
}

static bool is_alone(void)
{
    return kiln_cpu_count() == 1;
}

static void trace(unsigned what)
{
    if (is_alone())
        hash = (hash ^ what) * 0x100000001B3u ^ (uint64_t)kiln_time_now();
}

/* Nobody has a hold on it any more: then its priority is its own. Elsewhere it may take a while. */
static void check_priority(void)
{
    struct kiln_thread_info info;
    uintptr_t state = kiln_irq_save();

    kiln_thread_get_info(kiln_thread_self(), &info);
    must(!is_alone() || info.priority == kiln_thread_priority(kiln_thread_self()),
         "a thread without mutexes inherits nothing");
    kiln_irq_restore(state);
}

static void compute(uint64_t *random)
{
    for (volatile unsigned left = below(random, 300); left > 0; left = left - 1)
        ;
}

static void check_result(int result, int other)
{
    must(result == 0 || result == -EINTR || result == other, "a wait's result is one of its own");
}

static void sleep_shortly(uint64_t *random)
{
    check_result(kiln_sleep_for(below(random, 100000)), 0);
}

static int lock(struct kiln_mutex *mutex, uint64_t *random)
{
    switch (below(random, 3)) {
    case 0:
        return kiln_mutex_lock(mutex);
    case 1:
        return kiln_mutex_lock_until(mutex, kiln_time_after(below(random, 100000)));
    default:
        return kiln_mutex_try(mutex);
    }
}

/* Some of them from the first on, each while those before are held. */
static void lock_from(unsigned first, uint64_t *random)
{
    int error;

    if (first >= MUTEXES)
        return;
    error = lock(&mutexes[first], random);
    must(error == 0 || error == -ETIMEDOUT || error == -EBUSY,
         "a mutex's result is one of its own");
    if (error == 0)
        must(__atomic_fetch_add(&holders[first], 1, __ATOMIC_RELAXED) == 0, "one holds a mutex");
    compute(random);
    if (below(random, 3) == 0)
        sleep_shortly(random);
    lock_from(first + 1 + below(random, 2 * MUTEXES) / (2 * MUTEXES - 1), random);
    if (error)
        return;
    must(__atomic_fetch_sub(&holders[first], 1, __ATOMIC_RELAXED) == 1, "one held a mutex");
    must(kiln_mutex_unlock(&mutexes[first]) == 0, "the holder unlocks");
}

static void use_mutexes(uint64_t *random)
{
    bool before = kiln_thread_set_cancellable(false);

    lock_from(below(random, MUTEXES), random);
    kiln_thread_set_cancellable(before);
    check_priority();
}

static int take(struct kiln_semaphore *semaphore, uint64_t *random)
{
    switch (below(random, 4)) {
    case 0:
        return kiln_semaphore_wait(semaphore);
    case 1:
        return kiln_semaphore_try(semaphore);
    default:
        return kiln_semaphore_wait_until(semaphore, kiln_time_after(below(random, 150000)));
    }
}

static KILN_INTERRUPT_HANDLER void post(unsigned n)
{
    __atomic_fetch_add(&tokens[n], 1, __ATOMIC_RELAXED);
    kiln_semaphore_post(&semaphores[n]);
}

static void use_semaphores(uint64_t *random)
{
    unsigned n = below(random, SEMAPHORES);
    int error;

    if (below(random, 2)) {
        post(n);
        return;
    }
    error = take(&semaphores[n], random);
    must(error == 0 || error == -EINTR || error == -ETIMEDOUT || error == -EAGAIN,
         "a semaphore's result is one of its own");
    if (error == 0)
        __atomic_fetch_sub(&tokens[n], 1, __ATOMIC_RELAXED);
}

/* What one thread asks of another. */
static KILN_INTERRUPT_HANDLER void ask(struct kiln_thread *thread, unsigned what, unsigned number)
{
    int error = 0;

    switch (what) {
    case 0:
        error = kiln_thread_suspend(thread);
        break;
    case 1:
        error = kiln_thread_resume(thread);
        break;
    case 2:
        error = kiln_thread_cancel(thread);
        break;
    case 3:
        error = kiln_thread_interrupt(thread);
        break;
    case 4:
        error = kiln_thread_set_cpus(thread, 1 + number % ((1u << kiln_cpu_count()) - 1));
        break;
    default:
        error = kiln_thread_set_priority(thread, (int)(LOWEST + number % (HIGHEST - LOWEST)));
    }
    must(error == 0 || error == -ESRCH || error == -EAGAIN || (what == 4 && error == -EBUSY) ||
             (what > 4 && error == -EINVAL),
         "a request's result is one of its own");
}

static void ask_somebody(uint64_t *random)
{
    struct worker *worker = &workers[below(random, WORKERS)];
    unsigned what = below(random, 30), number = below(random, 1000000);

    kiln_mutex_lock(&worker->guard);
    if (worker->thread)
        ask(worker->thread, what > 12 ? 5 : what % 6, number);
    kiln_mutex_unlock(&worker->guard);
    check_priority();
}

/* On one CPU. Of any level, but no lottery, whose draws are not the seed's; plain ones get theirs
 * back. */
static void change_policy(uint64_t *random)
{
    static const struct kiln_policy each[] = {
        {.kind = KILN_POLICY_FIFO},
        {.kind = KILN_POLICY_NORMAL, .nice = -3},
        {.kind = KILN_POLICY_SHORTEST, .length = 100000},
        {.kind = KILN_POLICY_DEADLINE, .runtime = 100000, .period = 1000000},
    };
    struct worker *worker = &workers[below(random, WORKERS)];
    const struct kiln_policy *policy = &each[below(random, sizeof each / sizeof each[0])];
    int nice = (int)below(random, 40) - 20, error = 0;

    if (!is_alone())
        return;
    kiln_mutex_lock(&worker->guard);
    if (worker->thread) {
        error = kiln_thread_set_policy(worker->thread, policy);
        must(error == 0 || error == -ESRCH || error == -EBUSY || error == -ENOMEM,
             "a policy is given");
        error = kiln_thread_set_nice(worker->thread, nice);
    }
    kiln_mutex_unlock(&worker->guard);
    must(error == 0 || error == -EINVAL, "a nice value is for the normal policy");
}

/* Their groups' threads stay from now on. */
static void begin_policies(void)
{
    static const struct kiln_policy each[] = {
        {.kind = KILN_POLICY_NORMAL},
        {.kind = KILN_POLICY_SHORTEST, .length = 100000},
        {.kind = KILN_POLICY_DEADLINE, .runtime = 100000, .period = 1000000},
        {.kind = KILN_POLICY_FIFO},
    };

    for (unsigned i = 0; i < sizeof each / sizeof each[0]; i++)
        if (kiln_thread_set_policy(kiln_thread_self(), &each[i]))
            bail_out();
}

static void *is_child(void *argument)
{
    uint64_t random = (uintptr_t)argument;

    use_semaphores(&random);
    compute(&random);
    if (below(&random, 2))
        kiln_thread_exit(argument);
    return argument;
}

static const struct kiln_thread_attributes *any_attributes(uint64_t *random)
{
    static const struct kiln_thread_attributes each[] = {
        {.stack_bytes = 4096, .priority = 60},
        {.stack_bytes = 8192, .priority = 70, .is_painted = true},
        {.stack_bytes = 4096, .priority = 75, .threshold = 78},
        {.stack_bytes = 4096, .priority = 55, .cpus = 1},
    };

    return &each[below(random, sizeof each / sizeof each[0])];
}

/* It is cancelled neither between creating a child and joining it. */
static void have_child(uint64_t *random)
{
    struct kiln_thread_attributes attributes = *any_attributes(random);
    struct kiln_thread *child = NULL;
    void *argument = (void *)(uintptr_t)(next_random(random) >> 1), *result = NULL;
    bool before = kiln_thread_set_cancellable(false);
    int error;

    attributes.is_detached = below(random, 4) == 0;
    attributes.name = "child";
    if (kiln_thread_create(&child, &attributes, is_child, argument))
        bail_out();
    __atomic_fetch_add(&children, 1, __ATOMIC_RELAXED);
    if (!attributes.is_detached && below(random, 8) == 0) {
        must(kiln_thread_detach(child) == 0, "a thread is detached");
    } else if (!attributes.is_detached) {
        bool is_cancelled = below(random, 4) == 0;

        if (is_cancelled)
            kiln_thread_cancel(child);
        do
            error = kiln_thread_join_until(
                child, &result, below(random, 2) ? KILN_FOREVER : kiln_time_after(100000));
        while (error == -ETIMEDOUT || error == -EINTR);
        must(error == 0, "a thread is joined");
        must(result == argument || (is_cancelled && result == KILN_CANCELLED), "with its result");
    }
    kiln_thread_set_cancellable(before);
}

static void be_left_alone(uint64_t *random)
{
    kiln_scheduler_lock();
    compute(random);
    kiln_scheduler_unlock();
    kiln_thread_set_threshold(HIGHEST);
    compute(random);
    kiln_thread_set_threshold(0);
}

static void *work(void *argument)
{
    static void (*const all[])(uint64_t * random) = {
        use_mutexes,   use_mutexes, use_semaphores, use_semaphores, ask_somebody,  ask_somebody,
        sleep_shortly, have_child,  be_left_alone,  compute,        change_policy,
    };
    struct worker *self = argument;

    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        unsigned what = below(&self->random, sizeof all / sizeof all[0]);

        trace((unsigned)(self - workers) << 8 | what);
        __atomic_fetch_add(&operations, 1, __ATOMIC_RELAXED);
        all[what](&self->random);
        kiln_thread_test_cancel();
        if (below(&self->random, 4) == 0)
            kiln_thread_yield();
    }
    return NULL;
}

/* Where the keeper is, too: no thread that it finds is joined meanwhile. */
static KILN_INTERRUPT_HANDLER void interfere(void *unused)
{
    struct kiln_thread *thread = workers[below(&handler_random, WORKERS)].thread;
    unsigned what = below(&handler_random, 40);

    (void)unused;
    takes_long();
    post(below(&handler_random, SEMAPHORES));
    if (thread && what < 20)
        ask(thread, what > 5 ? 3 : what, below(&handler_random, 1000000));
}

static void take_away(struct worker *worker)
{
    void *result = NULL;

    if (kiln_mutex_lock_until(&worker->guard, kiln_time_after(50000)))
        return;
    struct kiln_thread *thread = worker->thread;
    uintptr_t state = kiln_irq_save();

    worker->thread = NULL;
    kiln_irq_restore(state);
    if (thread && kiln_thread_join_until(thread, &result, KILN_NOWAIT) == 0) {
        must(result == NULL || result == KILN_CANCELLED, "a worker ends in one of two ways");
        cancelled += result == KILN_CANCELLED;
    } else {
        worker->thread = thread;
    }
    kiln_mutex_unlock(&worker->guard);
}

static void replace(struct worker *worker, uint64_t *random)
{
    struct kiln_thread_attributes attributes = *any_attributes(random);

    attributes.name = "worker";
    attributes.is_suspended = below(random, 2);
    attributes.stack_bytes = 8192;
    kiln_mutex_lock(&worker->guard);
    if (kiln_thread_create(&worker->thread, &attributes, work, worker))
        bail_out();
    kiln_mutex_unlock(&worker->guard);
    creations++;
}

/* Returns how many are left. */
static unsigned keep(bool has_ended, uint64_t *random)
{
    unsigned left = 0;

    for (unsigned i = 0; i < WORKERS; i++) {
        if (workers[i].thread)
            take_away(&workers[i]);
        if (workers[i].thread) {
            kiln_thread_resume(workers[i].thread);
            if (has_ended)
                kiln_thread_interrupt(workers[i].thread);
        } else if (!has_ended) {
            replace(&workers[i], random);
        }
        left += workers[i].thread != NULL;
    }
    return left;
}

static void check_the_end(unsigned threads_before)
{
    for (unsigned i = 0; i < MUTEXES; i++) {
        TAP_EQUAL(holders[i], 0);
        TAP_EQUAL(kiln_mutex_try(&mutexes[i]) ? 1 : kiln_mutex_unlock(&mutexes[i]), 0);
    }
    for (unsigned i = 0; i < SEMAPHORES; i++) {
        TAP_EQUAL(kiln_semaphore_count(&semaphores[i]), tokens[i]);
        TAP_CHECK(tokens[i] >= 0);
    }
    while (kiln_thread_list_info(NULL, 0) > threads_before)
        kiln_sleep_for(KILN_MILLISECONDS(1));
    TAP_EQUAL(kiln_thread_list_info(NULL, 0), threads_before);
    TAP_EQUAL(violations, 0);
    TAP_CHECK(cancelled > 0 && children > 0 && operations > 100);
}

static void *keeper(void *argument)
{
    uint64_t random = *(uint64_t *)argument;
    unsigned threads_before;
    unsigned rounds = is_alone() ? 400 : 150;
    static struct kiln_timer timer;

    begin_policies();
    threads_before = kiln_thread_list_info(NULL, 0);
    handler_random = next_random(&random);
    for (unsigned i = 0; i < WORKERS; i++)
        workers[i].random = next_random(&random);
    kiln_timer_init(&timer, interfere, NULL);
    kiln_timer_start_periodic(&timer, kiln_time_after(0), 130000);
    for (unsigned round = 0; round < rounds; round++) {
        keep(false, &random);
        kiln_sleep_for(KILN_MICROSECONDS(200));
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    while (keep(true, &random))
        kiln_sleep_for(KILN_MICROSECONDS(200));
    kiln_timer_stop(&timer);
    check_the_end(threads_before);
    return NULL;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    struct kiln_thread *thread = NULL;

    for (unsigned i = 0; i < SEMAPHORES; i++)
        kiln_semaphore_init(&semaphores[i], tokens[i] = TOKENS);
    printf("# seed %" PRIu64 "\n", seed);
    TAP_NEED(kiln_thread_create(
                 &thread, KILN_THREAD_ATTRIBUTES(.name = "keeper", .priority = 100, .cpus = 1),
                 keeper, &seed) == 0);
    TAP_EQUAL(kiln_thread_join(thread, NULL), 0);
    printf("# %u operations, %u workers, %u cancelled, %u children\n", operations, creations,
           cancelled, children);
    printf("# trace %016" PRIx64 "\n", hash);
    return tap_done();
}
