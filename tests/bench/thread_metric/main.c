/*
 * The Thread-Metric rows, written from their definitions: threads
 * count what they have done, through functions of their own around the calls, and it prints
 * instructions per count: with QEMU's -icount, one takes one nanosecond.
 */
#include <inttypes.h>
#include <kiln.h>
#include <stdio.h>

#define BASE      KILN_PRIORITY_DEFAULT
#define THREADS   5
#define ROWS_MOST 8
#define DURATION  KILN_MILLISECONDS(4)
#define APART     __attribute__((noinline)) static

static struct {
    const char *name;
    uint64_t each;
} rows[ROWS_MOST];
static unsigned row_count;

static struct kiln_thread *threads[THREADS];
static volatile uint64_t counters[THREADS];

static void begin(unsigned number, int priority, void *(*function)(void *argument),
                  bool is_suspended)
{
    if (kiln_thread_create(&threads[number],
                           KILN_THREAD_ATTRIBUTES(.priority = priority, .stack_bytes = 4096,
                                                  .is_suspended = is_suspended),
                           function, (void *)(uintptr_t)number))
        kiln_panic("no memory for a thread");
}

/* So many threads have begun, and are never joined. main() is above them. */
static void measure(const char *name, unsigned count)
{
    int64_t from = kiln_time_now(), ns;
    uint64_t counted = 0;

    for (unsigned i = 0; i < THREADS; i++)
        counters[i] = 0;
    kiln_sleep_for(DURATION);
    ns = kiln_time_now() - from;
    for (unsigned i = 0; i < THREADS; i++)
        counted += counters[i];
    for (unsigned i = 0; i < count; i++)
        kiln_thread_suspend(threads[i]);
    rows[row_count].name = name;
    rows[row_count++].each = ((uint64_t)ns + counted / 2) / counted;
}

/* What the suite has each system supply. */

APART void relinquish(void)
{
    kiln_thread_yield();
}

APART void suspend(unsigned thread)
{
    kiln_thread_suspend(threads[thread]);
}

APART void resume(unsigned thread)
{
    kiln_thread_resume(threads[thread]);
}

static KILN_SEMAPHORE(semaphore, 1);

APART int get_semaphore(void)
{
    return kiln_semaphore_wait(&semaphore);
}

APART int put_semaphore(void)
{
    kiln_semaphore_post(&semaphore);
    return 0;
}

struct block {
    char bytes[128];
};

KILN_POOL(blocks, struct block, 4);

APART void *allocate_block(void)
{
    return kiln_pool_allocate(&blocks);
}

APART void free_block(void *block)
{
    kiln_pool_free(&blocks, block);
}

/* Five threads of one priority count in turns. */
static void *takes_turns(void *argument)
{
    volatile uint64_t *counter = &counters[(uintptr_t)argument];

    for (;;) {
        relinquish();
        ++*counter;
    }
    return NULL;
}

/* The lowest resumes the one above it, which runs at once and does the same, and suspends itself in
 * the end, as the highest does that resumes nobody. */
static void *resumes_next(void *argument)
{
    uintptr_t number = (uintptr_t)argument;
    volatile uint64_t *counter = &counters[number];

    if (number == 0)
        for (;;) {
            resume(1);
            ++*counter;
        }
    if (number == THREADS - 1)
        for (;;) {
            ++*counter;
            suspend(THREADS - 1);
        }
    for (;;) {
        resume((unsigned)number + 1);
        ++*counter;
        suspend((unsigned)number);
    }
    return NULL;
}

#define INTERRUPT 1 /* software-generated; the runtime has 0 */

/* GICD_SGIR, "this CPU" (Arm IHI 0048B 4.3.15). */
APART void cause_interrupt(void)
{
    *(volatile uint32_t *)(uintptr_t)0x08000F00 = 2u << 24 | INTERRUPT;
}

static KILN_INTERRUPT_HANDLER void puts_semaphore(void *unused)
{
    (void)unused;
    put_semaphore();
}

/* A thread interrupts itself, and takes what the handler has put. */
static void *interrupts(void *unused)
{
    get_semaphore();
    for (;;) {
        cause_interrupt();
        if (get_semaphore() == 0)
            ++counters[0];
    }
    return unused;
}

static KILN_INTERRUPT_HANDLER void resumes_higher(void *unused)
{
    (void)unused;
    resume(1);
}

static void *counts_and_suspends_itself(void *unused)
{
    for (;;) {
        ++counters[1];
        suspend(1);
    }
    return unused;
}

/* A thread interrupts itself, and the handler resumes one above it. */
static void *is_preempted(void *unused)
{
    for (;;)
        cause_interrupt();
    return unused;
}

static void attach(void (*handler)(void *unused))
{
    kiln_irq_detach(INTERRUPT);
    if (kiln_irq_attach(INTERRUPT, handler, NULL))
        kiln_panic("the interrupt is taken");
}

static void *synchronises(void *unused)
{
    for (;;) {
        get_semaphore();
        put_semaphore();
        ++counters[0];
    }
    return unused;
}

static void *uses_memory(void *unused)
{
    for (;;) {
        free_block(allocate_block());
        ++counters[0];
    }
    return unused;
}

static void measure_threads(void)
{
    for (unsigned i = 0; i < THREADS; i++)
        begin(i, BASE, takes_turns, false);
    measure("cooperative", THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        begin(i, BASE + (int)i, resumes_next, i > 0);
    measure("preemptive", THREADS);
}

static void measure_interrupts(void)
{
    attach(puts_semaphore);
    begin(0, BASE, interrupts, false);
    measure("interrupt", 1);
    attach(resumes_higher);
    begin(0, BASE, is_preempted, false);
    begin(1, BASE + 1, counts_and_suspends_itself, true);
    measure("interrupt-preemption", 2);
}

int main(void)
{
    kiln_thread_set_priority(kiln_thread_self(), KILN_PRIORITIES - 1);
    measure_threads();
    measure_interrupts();
    kiln_semaphore_init(&semaphore, 1);
    begin(0, BASE, synchronises, false);
    measure("synchronisation", 1);
    begin(0, BASE, uses_memory, false);
    measure("memory", 1);
    for (unsigned i = 0; i < row_count; i++)
        printf("%s %" PRIu64 "\n", rows[i].name, rows[i].each);
    return 0;
}
