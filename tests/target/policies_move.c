/* Threads with a policy go from CPU to CPU: where they may run, where there is room for their
 * deadlines, and where nothing else is to run. */
#include <errno.h>
#include <kiln.h>
#include "tap.h"

#define THREADS 4

struct worker {
    struct kiln_thread *thread;
    uint32_t seen;  /* atomic: bit n: ran on CPU n */
    uint64_t count; /* atomic */
};

static struct worker workers[THREADS];
static uint32_t stop; /* atomic */
static KILN_SEMAPHORE(go, 0);
static struct kiln_mutex mutex = KILN_MUTEX_INIT;

static void note(struct worker *self)
{
    __atomic_fetch_or(&self->seen, 1u << kiln_cpu_id(), __ATOMIC_RELAXED);
    __atomic_fetch_add(&self->count, 1, __ATOMIC_RELAXED);
}

static void *spin(void *argument)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
        note(argument);
    return NULL;
}

static void *wait_each_time(void *argument)
{
    while (kiln_semaphore_wait(&go) == 0 && !__atomic_load_n(&stop, __ATOMIC_RELAXED))
        note(argument);
    return NULL;
}

static void *hold(void *argument)
{
    kiln_mutex_lock(&mutex);
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
        note(argument);
    kiln_mutex_unlock(&mutex);
    return NULL;
}

static void *want(void *unused)
{
    kiln_mutex_lock(&mutex);
    kiln_mutex_unlock(&mutex);
    return unused;
}

static struct kiln_policy policy_of(enum kiln_policy_kind kind)
{
    return (struct kiln_policy){
        .kind = kind,
        .length = KILN_SECONDS(10),
        .runtime = KILN_MICROSECONDS(500),
        .period = KILN_MILLISECONDS(1),
    };
}

static void start(unsigned i, enum kiln_policy_kind kind, uint32_t cpus,
                  void *(*function)(void *argument))
{
    struct kiln_policy policy = policy_of(kind);

    workers[i].seen = 0;
    workers[i].count = 0;
    TAP_NEED(kiln_thread_create_with_policy(&workers[i].thread,
                                            KILN_THREAD_ATTRIBUTES(.priority = 40, .cpus = cpus),
                                            &policy, function, &workers[i]) == 0);
}

static void end(unsigned i)
{
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    kiln_semaphore_post(&go);
    kiln_thread_join(workers[i].thread, NULL);
    __atomic_store_n(&stop, 0, __ATOMIC_RELAXED);
}

/* Runs there, and only there from some moment on. */
static bool comes_to(struct worker *worker, uint32_t cpus)
{
    int64_t deadline = kiln_time_after(KILN_SECONDS(10));

    do {
        uint64_t count = __atomic_load_n(&worker->count, __ATOMIC_RELAXED);

        __atomic_store_n(&worker->seen, 0, __ATOMIC_RELAXED);
        while (__atomic_load_n(&worker->count, __ATOMIC_RELAXED) - count < 3 &&
               kiln_time_now() < deadline) {
            kiln_semaphore_post(&go);
            kiln_sleep_for(KILN_MICROSECONDS(100));
        }
    } while (__atomic_load_n(&worker->seen, __ATOMIC_RELAXED) != cpus &&
             kiln_time_now() < deadline);
    return __atomic_load_n(&worker->seen, __ATOMIC_RELAXED) == cpus;
}

/* Through all CPUs, in whatever state the function is found. */
static bool goes_round(struct worker *worker)
{
    bool goes = comes_to(worker, 1u << 0);

    for (unsigned cpu = kiln_cpu_count(); cpu-- > 0;)
        goes = goes && kiln_thread_set_cpus(worker->thread, 1u << cpu) == 0 &&
               comes_to(worker, 1u << cpu);
    return goes;
}

static void test_running(enum kiln_policy_kind kind)
{
    start(0, kind, 1, spin);
    tap_check(goes_round(&workers[0]), "one that runs goes where it may run");
    end(0);
}

static void test_waiting(enum kiln_policy_kind kind)
{
    start(0, kind, 1, wait_each_time);
    tap_check(goes_round(&workers[0]), "so does one that waits");
    end(0);
}

static void test_ready(enum kiln_policy_kind kind)
{
    start(0, kind, 1, spin);
    start(1, kind, 1, spin);
    TAP_EQUAL(kiln_thread_set_cpus(workers[1].thread, 2), 0);
    tap_check(comes_to(&workers[1], 2) && comes_to(&workers[0], 1), "one of two goes, one stays");
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    kiln_thread_join(workers[1].thread, NULL);
    end(0);
}

static void test_suspended(enum kiln_policy_kind kind)
{
    start(0, kind, 1, spin);
    TAP_CHECK(comes_to(&workers[0], 1));
    kiln_thread_suspend(workers[0].thread);
    kiln_thread_set_cpus(workers[0].thread, 2);
    kiln_thread_resume(workers[0].thread);
    TAP_CHECK(comes_to(&workers[0], 2));
    end(0);
}

/* It runs above its policy's level, and is back there afterwards. */
static void test_boosted(enum kiln_policy_kind kind)
{
    struct kiln_thread *other = NULL;

    start(0, kind, 1, hold);
    TAP_CHECK(comes_to(&workers[0], 1));
    TAP_NEED(kiln_thread_create(&other, KILN_THREAD_ATTRIBUTES(.priority = 110), want, NULL) == 0);
    TAP_EQUAL(kiln_thread_set_cpus(workers[0].thread, 2), 0);
    TAP_CHECK(comes_to(&workers[0], 2));
    end(0);
    kiln_thread_join(other, NULL);
}

/* A CPU takes one of these. */
static void test_admission(void)
{
    uint32_t count = kiln_cpu_count();
    struct kiln_policy policy = policy_of(KILN_POLICY_DEADLINE);

    start(0, KILN_POLICY_DEADLINE, 1, spin);
    start(1, KILN_POLICY_DEADLINE, 2, spin);
    TAP_EQUAL(kiln_thread_set_cpus(workers[1].thread, 1), -EBUSY);
    TAP_CHECK(comes_to(&workers[1], 2));
    TAP_EQUAL(kiln_thread_set_cpus(workers[1].thread, 1 | 1u << (count - 1)), 0);
    TAP_CHECK(comes_to(&workers[1], 1u << (count - 1)));
    start(2, KILN_POLICY_DEADLINE, 2, spin);
    TAP_CHECK(comes_to(&workers[2], 2));
    TAP_EQUAL(kiln_thread_create_with_policy(&workers[3].thread, KILN_THREAD_ATTRIBUTES(.cpus = 2),
                                             &policy, spin, &workers[3]),
              -EBUSY);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < 3; i++)
        kiln_thread_join(workers[i].thread, NULL);
    __atomic_store_n(&stop, 0, __ATOMIC_RELAXED);
    start(0, KILN_POLICY_DEADLINE, 2, spin);
    end(0);
}

static uint32_t stop_above; /* atomic */

static void *keep_out(void *unused)
{
    while (!__atomic_load_n(&stop_above, __ATOMIC_RELAXED))
        ;
    return unused;
}

static uint32_t seen_by_all(void)
{
    uint32_t seen = 0;

    for (unsigned i = 0; i < kiln_cpu_count(); i++)
        seen |= __atomic_load_n(&workers[i].seen, __ATOMIC_RELAXED);
    return seen;
}

/* They have been kept out of all CPUs but the first, which then are idle. */
static void test_idle(enum kiln_policy_kind kind)
{
    unsigned count = kiln_cpu_count();
    struct kiln_thread *above[THREADS];
    int64_t deadline = kiln_time_after(KILN_SECONDS(10));
    uint32_t seen;

    __atomic_store_n(&stop_above, 0, __ATOMIC_RELAXED);
    for (unsigned i = 1; i < count; i++)
        TAP_NEED(kiln_thread_create(&above[i],
                                    KILN_THREAD_ATTRIBUTES(.priority = 110, .cpus = 1u << i),
                                    keep_out, NULL) == 0);
    for (unsigned i = 0; i < count; i++) {
        start(i, kind, 1, spin);
        kiln_thread_set_cpus(workers[i].thread, (1u << count) - 1);
    }
    __atomic_store_n(&stop_above, 1, __ATOMIC_RELAXED);
    for (unsigned i = 1; i < count; i++)
        kiln_thread_join(above[i], NULL);
    do {
        for (unsigned i = 0; i < count; i++)
            __atomic_store_n(&workers[i].seen, 0, __ATOMIC_RELAXED);
        kiln_sleep_for(KILN_MILLISECONDS(5));
        seen = seen_by_all();
    } while (seen != (1u << count) - 1 && kiln_time_now() < deadline);
    TAP_EQUAL(seen, (1u << count) - 1);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < count; i++)
        kiln_thread_join(workers[i].thread, NULL);
    __atomic_store_n(&stop, 0, __ATOMIC_RELAXED);
}

int main(void)
{
    static const char *const names[] = {"FIFO",    "round robin", "normal",
                                        "lottery", "shortest",    "deadline"};

    kiln_thread_set_priority(kiln_thread_self(), 120);
    for (int kind = KILN_POLICY_FIFO; kind <= KILN_POLICY_DEADLINE; kind++) {
        printf("# %s\n", names[kind]);
        test_running(kind);
        test_waiting(kind);
        if (kiln_cpu_count() == 1)
            continue;
        test_suspended(kind);
        test_boosted(kind);
        if (kind == KILN_POLICY_DEADLINE)
            continue;
        if (kind != KILN_POLICY_FIFO)
            test_ready(kind);
        test_idle(kind);
    }
    if (kiln_cpu_count() > 1)
        test_admission();
    return tap_done();
}
