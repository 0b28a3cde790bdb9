/*
 * Prints what synchronisation costs in instructions: with QEMU's -icount, one takes one nanosecond.
 * A loop's own two are in. The threads that are measured use no FP registers, which main() does:
 * printf is variadic, and saves them.
 */
#include <inttypes.h>
#include <kiln.h>
#include <stdio.h>

#define RUNS      10000
#define BASE      KILN_PRIORITY_DEFAULT
#define ROWS_MOST 32

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

static struct kiln_thread *begin(int priority, void *(*function)(void *argument))
{
    struct kiln_thread *thread = NULL;

    if (kiln_thread_create(&thread,
                           KILN_THREAD_ATTRIBUTES(.priority = priority, .stack_bytes = 4096),
                           function, NULL))
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

static void *measures(void *unused)
{
    measure_free();
    return unused;
}

int main(void)
{
    kiln_thread_join(begin(BASE, measures), NULL);
    for (unsigned i = 0; i < row_count; i++)
        printf("%s %" PRIu64 "\n", rows[i].name, rows[i].each);
    return 0;
}
