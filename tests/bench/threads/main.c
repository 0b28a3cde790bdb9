/*
 * Prints what threads cost in instructions: with QEMU's -icount, one takes one nanosecond. A loop's
 * own two are in. Compiled for general registers alone: only the threads that measure FP use it.
 */
#include <inttypes.h>
#include <kiln.h>
#include <stdio.h>

#define RUNS      10000
#define BASE      KILN_PRIORITY_DEFAULT
#define ROWS_MOST 32

static struct {
    const char *name;
    uint64_t each;
} rows[ROWS_MOST];
static unsigned row_count;

static uint64_t from;

static void start(void)
{
    from = kiln_time_counter();
}

static void stop(const char *name, uint64_t operations)
{
    uint64_t units = kiln_time_counter() - from;
    uint64_t ns = units * 1000000000u / kiln_time_counter_hz();

    rows[row_count].name = name;
    rows[row_count++].each = (ns + operations / 2) / operations;
}

static KILN_SEMAPHORE(there, 0);
static KILN_SEMAPHORE(back, 0);
static KILN_MUTEX(mutex);

static struct kiln_thread *begin_with(int priority, void *(*function)(void *argument),
                                      void *argument)
{
    struct kiln_thread *thread = NULL;

    if (kiln_thread_create(&thread, KILN_THREAD_ATTRIBUTES(.priority = priority), function,
                           argument))
        kiln_panic("no memory for a thread");
    return thread;
}

static struct kiln_thread *begin(int priority, void *(*function)(void *argument))
{
    return begin_with(priority, function, NULL);
}

/* From then on switches keep the thread's FP registers. */
static void use_fp(void)
{
#if defined(__aarch64__)
    __asm__ volatile("fmov d8, xzr");
#else
    __asm__ volatile("pxor %xmm0, %xmm0");
#endif
}

static void *yields(void *use)
{
    if (use)
        use_fp();
    for (unsigned i = 0; i <= RUNS; i++)
        kiln_thread_yield();
    return NULL;
}

static void *answers(void *unused)
{
    for (unsigned i = 0; i <= RUNS; i++) {
        kiln_semaphore_wait(&there);
        kiln_semaphore_post(&back);
    }
    return unused;
}

static void *waits(void *unused)
{
    for (unsigned i = 0; i < 2 * RUNS; i++)
        kiln_semaphore_wait(&there);
    return unused;
}

static void *returns(void *argument)
{
    return argument;
}

static void measure_yield(void)
{
    kiln_thread_yield();
    start();
    for (unsigned i = 0; i < RUNS; i++)
        kiln_thread_yield();
    stop("yield-alone", RUNS);
}

static void measure_switch(const char *name, void *use)
{
    struct kiln_thread *other = begin_with(BASE, yields, use);

    kiln_thread_yield();
    start();
    for (unsigned i = 0; i < RUNS; i++)
        kiln_thread_yield();
    stop(name, 2 * RUNS);
    kiln_thread_join(other, NULL);
}

static void *switches_with_fp(void *unused)
{
    use_fp();
    measure_switch("yield-two-fp", &from);
    return unused;
}

static void measure_locks(void)
{
    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_mutex_lock(&mutex);
        kiln_mutex_unlock(&mutex);
    }
    stop("mutex", RUNS);
    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_semaphore_post(&there);
        kiln_semaphore_wait(&there);
    }
    stop("semaphore", RUNS);
}

static void measure_wake(void)
{
    struct kiln_thread *other = begin(BASE, answers);

    kiln_semaphore_post(&there);
    kiln_semaphore_wait(&back);
    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_semaphore_post(&there);
        kiln_semaphore_wait(&back);
    }
    stop("semaphore-round-trip", RUNS);
    kiln_thread_join(other, NULL);
}

#ifdef __x86_64__
#define INTERRUPT 200 /* its vector is 32 more; no device has it */

/* The local APIC's command register in xAPIC mode (Intel SDM volume 3, 11.6.1), "self". */
static void interrupt_self(void)
{
    *(volatile uint32_t *)(uintptr_t)0xFEE00300 = 0x40000u | (INTERRUPT + 32);
}
#else
#define INTERRUPT 1 /* software-generated; the runtime has 0 */

/* GICD_SGIR, "this CPU" (Arm IHI 0048B 4.3.15). */
static void interrupt_self(void)
{
    *(volatile uint32_t *)(uintptr_t)0x08000F00 = 2u << 24 | INTERRUPT;
}
#endif

static KILN_INTERRUPT_HANDLER void posts(void *unused)
{
    (void)unused;
    kiln_semaphore_post(&there);
}

static void measure_higher(void)
{
    struct kiln_thread *other = begin(BASE + 1, waits);

    start();
    for (unsigned i = 0; i < RUNS; i++)
        kiln_semaphore_post(&there);
    stop("post-higher", RUNS);
    if (kiln_irq_attach(INTERRUPT, posts, NULL))
        kiln_panic("the interrupt is taken");
    start();
    for (unsigned i = 0; i < RUNS; i++)
        interrupt_self();
    stop("interrupt-thread", RUNS);
    kiln_thread_join(other, NULL);
}

static void measure_create(void)
{
    for (unsigned round = 0; round < 2; round++) {
        start();
        for (unsigned i = 0; i < RUNS; i++)
            kiln_thread_join(begin(BASE, returns), NULL);
        if (round > 0)
            stop("create", RUNS);
    }
}

static void *measures(void *unused)
{
    measure_yield();
    measure_switch("yield-two", NULL);
    measure_locks();
    measure_wake();
    measure_higher();
    measure_create();
    return unused;
}

int main(void)
{
    kiln_thread_join(begin(BASE, measures), NULL);
    kiln_thread_join(begin(BASE, switches_with_fp), NULL);
    for (unsigned i = 0; i < row_count; i++)
        printf("%s %" PRIu64 "\n", rows[i].name, rows[i].each);
    return 0;
}
