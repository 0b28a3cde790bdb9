/*
 * Prints what switches and wakes cost in instructions while many threads are alive: half of them
 * ready, below those that are measured, half waiting where one that is measured waits, too. With
 * QEMU's -icount, an instruction takes one nanosecond. A loop's own two are in.
 */
#include <inttypes.h>
#include <kiln.h>
#include <stdio.h>

#define RUNS 1000
#define BASE KILN_PRIORITY_DEFAULT
#define MOST 10000

static const unsigned alive[] = {10, 100, 1000, MOST};
#define ROWS (sizeof alive / sizeof alive[0])

static uint64_t yields_cost[ROWS], posts_cost[ROWS];
static struct kiln_thread *threads[MOST];
static KILN_SEMAPHORE(there, 0);

static void *waits(void *turns)
{
    for (uintptr_t left = (uintptr_t)turns; left > 0; left--)
        kiln_semaphore_wait(&there);
    return NULL;
}

static void *yields(void *unused)
{
    for (unsigned i = 0; i <= RUNS; i++)
        kiln_thread_yield();
    return unused;
}

static struct kiln_thread *begin(int priority, void *(*function)(void *), uintptr_t argument)
{
    struct kiln_thread *thread = NULL;

    if (kiln_thread_create(&thread,
                           KILN_THREAD_ATTRIBUTES(.priority = priority, .stack_bytes = 4096),
                           function, (void *)argument))
        kiln_panic("no memory for a thread");
    return thread;
}

static uint64_t since(uint64_t from, unsigned operations)
{
    uint64_t ns = (kiln_time_counter() - from) * 1000000000u / kiln_time_counter_hz();

    return (ns + operations / 2) / operations;
}

static uint64_t measure_yields(void)
{
    struct kiln_thread *other = begin(BASE, yields, 0);
    uint64_t from, cost;

    kiln_thread_yield();
    from = kiln_time_counter();
    for (unsigned i = 0; i < RUNS; i++)
        kiln_thread_yield();
    cost = since(from, 2 * RUNS);
    kiln_thread_join(other, NULL);
    return cost;
}

static uint64_t measure_posts(void)
{
    struct kiln_thread *other = begin(BASE + 2, waits, RUNS + 1);
    uint64_t from = kiln_time_counter(), cost;

    for (unsigned i = 0; i < RUNS; i++)
        kiln_semaphore_post(&there);
    cost = since(from, RUNS);
    kiln_semaphore_post(&there);
    kiln_thread_join(other, NULL);
    return cost;
}

/* Those that wait run up to there at once; the others are ready until they are joined. */
static void measure(unsigned row)
{
    unsigned count = alive[row];

    for (unsigned i = 0; i < count; i++)
        threads[i] = begin(i % 2 ? BASE + 1 : BASE - 1 - (int)(i % 20), waits, i % 2);
    yields_cost[row] = measure_yields();
    posts_cost[row] = measure_posts();
    for (unsigned i = 0; i < count; i++) {
        if (i % 2)
            kiln_semaphore_post(&there);
        kiln_thread_join(threads[i], NULL);
    }
}

static void *measures(void *unused)
{
    for (unsigned row = 0; row < ROWS; row++)
        measure(row);
    return unused;
}

int main(void)
{
    kiln_thread_join(begin(BASE, measures, 0), NULL);
    for (unsigned row = 0; row < ROWS; row++) {
        printf("yield-of-%u %" PRIu64 "\n", alive[row], yields_cost[row]);
        printf("post-of-%u %" PRIu64 "\n", alive[row], posts_cost[row]);
    }
    return 0;
}
