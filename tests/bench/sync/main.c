/*
 * Prints what synchronisation costs in instructions: with QEMU's -icount, one takes one nanosecond.
 * A loop's own two are in. The threads that are measured use no FP registers, which main() does:
 * printf is variadic, and saves them.
 */
#include <inttypes.h>
#include <kiln.h>
#include <stdio.h>

#define RUNS         10000
#define BASE         KILN_PRIORITY_DEFAULT
#define ROWS_MOST    32
#define FEW_RUNS     1000
#define WAITERS_MOST 1000

static struct {
    char name[24];
    uint64_t each;
} rows[ROWS_MOST];
static unsigned row_count;

static uint64_t from;

static void start(void)
{
    from = kiln_time_counter();
}

static void stop(const char *name, unsigned number, uint64_t operations)
{
    uint64_t units = kiln_time_counter() - from;
    uint64_t ns = units * 1000000000u / kiln_time_counter_hz();

    if (number)
        snprintf(rows[row_count].name, sizeof rows[0].name, "%s-%u", name, number);
    else
        snprintf(rows[row_count].name, sizeof rows[0].name, "%s", name);
    rows[row_count++].each = (ns + operations / 2) / operations;
}

static KILN_EVENTS(events);
static KILN_MUTEX(mutex);
static KILN_SEMAPHORE(semaphore, 0);
static KILN_BINARY_SEMAPHORE(binary, 0);

static struct kiln_thread *begin_with(int priority, void *(*function)(void *argument),
                                      unsigned argument)
{
    struct kiln_thread *thread = NULL;

    if (kiln_thread_create(&thread,
                           KILN_THREAD_ATTRIBUTES(.priority = priority, .stack_bytes = 4096),
                           function, (void *)(uintptr_t)argument))
        kiln_panic("no memory for a thread");
    return thread;
}

static void measure_free(void)
{
    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_events_set(&events, 1);
        kiln_events_wait(&events, 1, KILN_EVENTS_CLEAR, NULL);
    }
    stop("events", 0, RUNS);
    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_mutex_lock(&mutex);
        kiln_mutex_unlock(&mutex);
    }
    stop("mutex", 0, RUNS);
    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_semaphore_post(&semaphore);
        kiln_semaphore_wait(&semaphore);
    }
    stop("semaphore", 0, RUNS);
    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_binary_semaphore_give(&binary);
        kiln_binary_semaphore_take(&binary);
    }
    stop("binary-semaphore", 0, RUNS);
}

static KILN_RWLOCK(lock);
static KILN_MUTEX_RECURSIVE(recursive);
static KILN_MUTEX_ROBUST(robust);
static KILN_CONDITION(condition);
static uint32_t word;

static void measure_other_locks(void)
{
    static struct kiln_mutex *const kinds[] = {&recursive, &robust};
    static const char *const names[] = {"recursive", "robust"};

    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_rwlock_read_lock(&lock);
        kiln_rwlock_read_unlock(&lock);
    }
    stop("read-lock", 0, RUNS);
    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_rwlock_write_lock(&lock);
        kiln_rwlock_write_unlock(&lock);
    }
    stop("write-lock", 0, RUNS);
    for (unsigned kind = 0; kind < 2; kind++) {
        start();
        for (unsigned i = 0; i < RUNS; i++) {
            kiln_mutex_lock(kinds[kind]);
            kiln_mutex_unlock(kinds[kind]);
        }
        stop(names[kind], 0, RUNS);
    }
}

/* Of all who wait it is the first: it is above them. */

static void *waits_for_condition(void *runs)
{
    kiln_mutex_lock(&mutex);
    for (uintptr_t i = 0; i < (uintptr_t)runs; i++)
        kiln_condition_wait(&condition, &mutex);
    kiln_mutex_unlock(&mutex);
    return NULL;
}

static void *waits_for_word(void *runs)
{
    for (uintptr_t i = 0; i < (uintptr_t)runs; i++)
        kiln_address_wait(&word, 0, KILN_FOREVER);
    return NULL;
}

static void signal_condition(void)
{
    kiln_condition_signal(&condition);
}

static void wake_word(void)
{
    kiln_address_wake(&word, 1);
}

static struct kiln_thread *waiters[WAITERS_MOST];

static void measure_among(const char *name, unsigned others, void *(*waits)(void *runs),
                          void (*lets_go)(void))
{
    for (unsigned i = 0; i < others; i++)
        waiters[i] = begin_with(BASE + 1, waits, 1);
    struct kiln_thread *first = begin_with(BASE + 2, waits, FEW_RUNS + 1);

    lets_go();
    start();
    for (unsigned i = 0; i < FEW_RUNS; i++)
        lets_go();
    stop(name, others, FEW_RUNS);
    for (unsigned i = 0; i < others; i++)
        lets_go();
    kiln_thread_join(first, NULL);
    for (unsigned i = 0; i < others; i++)
        kiln_thread_join(waiters[i], NULL);
}

static void measure_waiters(void)
{
    for (unsigned others = 10; others <= WAITERS_MOST; others *= 10) {
        measure_among("condition-of", others, waits_for_condition, signal_condition);
        measure_among("word-of", others, waits_for_word, wake_word);
    }
}

static void *measures(void *unused)
{
    measure_free();
    measure_other_locks();
    measure_waiters();
    return unused;
}

int main(void)
{
    kiln_thread_join(begin_with(BASE, measures, 0), NULL);
    for (unsigned i = 0; i < row_count; i++)
        printf("%s %" PRIu64 "\n", rows[i].name, rows[i].each);
    return 0;
}
