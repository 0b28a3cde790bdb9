/*
 * Memory that is short: the thread that frees pages, allocations that wait for pages, threads that
 * are kept for new ones. On 64 MiB.
 */
#include <errno.h>
#include <kiln.h>
#include <string.h>
#include "free_pages.h"
#include "runtime_function.h"
#include "tap.h"

#define STASH   600 /* more than lie between the watermarks */
#define WAITERS 6
#define SPARES  4
#define STACK   ((size_t)60 * 1024)

/* As mm/page.h has it. */
struct reclaimer {
    size_t (*reclaim)(size_t pages);
    struct reclaimer *next;
};

struct block {
    struct block *next;
};

static struct block *stash;               /* what the reclaimer below can free */
static struct block *eaten;               /* all the rest */
static const char *volatile reclaimed_by; /* the last thread that did */
static volatile unsigned calls_by_main;
static KILN_SEMAPHORE(go, 0);
static KILN_SEMAPHORE(served, 0);
static volatile unsigned served_count;

static void push(struct block **list, void *page)
{
    struct block *block = page;

    block->next = *list;
    *list = block;
}

static void *pop(struct block **list)
{
    struct block *block = *list;

    if (block)
        *list = block->next;
    return block;
}

static size_t give_stash(size_t pages)
{
    size_t freed = 0;
    void *page;

    reclaimed_by = kiln_thread_name(kiln_thread_self());
    calls_by_main += strcmp(reclaimed_by, "main") == 0;
    while (freed < pages && (page = pop(&stash)) != NULL) {
        kiln_page_free(page, 0);
        freed++;
    }
    return freed;
}

static size_t free_pages(void)
{
    struct kiln_heap_stats stats;

    kiln_heap_get_stats(&stats);
    return stats.free_bytes / KILN_PAGE_BYTES;
}

/* Until no more are free than that, or none is to be had. */
static void eat(size_t left)
{
    void *page;

    while (free_pages() > left && (page = kiln_page_alloc(0, 0)) != NULL)
        push(&eaten, page);
}

/* Nobody has anything spare. */
static void eat_all(void)
{
    count_free_pages();
    eat(0);
}

static void give_back(struct block **list)
{
    void *page;

    while ((page = pop(list)) != NULL)
        kiln_page_free(page, 0);
}

static void *nothing(void *argument)
{
    return argument;
}

static void run_and_join(unsigned count, size_t stack_bytes)
{
    struct kiln_thread *threads[SPARES];

    for (unsigned i = 0; i < count; i++)
        TAP_NEED(kiln_thread_create(&threads[i], KILN_THREAD_ATTRIBUTES(.stack_bytes = stack_bytes),
                                    nothing, NULL) == 0);
    for (unsigned i = 0; i < count; i++)
        TAP_NEED(kiln_thread_join(threads[i], NULL) == 0);
}

static void test_spares(void)
{
    run_and_join(1, STACK);
    size_t before = count_free_pages();

    run_and_join(SPARES, STACK);
    TAP_CHECK(free_pages() + SPARES * STACK / KILN_PAGE_BYTES <= before);
    TAP_BALANCES(count_free_pages(), before);
}

/* A thread frees what is short; nobody who allocates does, before there is nothing. */
static void test_reclaimer(size_t low, size_t high)
{
    for (unsigned i = 0; i < STASH; i++)
        push(&stash, kiln_page_alloc(0, 0));
    eat(low + 20);
    kiln_sleep_for(KILN_MILLISECONDS(2));
    TAP_CHECK(!reclaimed_by);
    for (unsigned i = 0; i < 40; i++)
        push(&eaten, kiln_page_alloc(0, i % 2 ? KILN_PAGE_WAIT : 0));
    for (unsigned i = 0; i < 100 && !reclaimed_by; i++)
        kiln_sleep_for(KILN_MILLISECONDS(1));
    kiln_sleep_for(KILN_MILLISECONDS(5));
    TAP_CHECK(reclaimed_by && strcmp(reclaimed_by, "reclaimer") == 0);
    TAP_CHECK(free_pages() >= high - 8 * kiln_cpu_count());
    TAP_EQUAL(calls_by_main, 0);
    TAP_CHECK(stash != NULL);
}

/* Where nobody has anything left. */
static void test_deadline(void)
{
    int64_t start = kiln_time_now();

    TAP_CHECK(!kiln_page_alloc_until(0, 0, start + KILN_MILLISECONDS(5)));
    TAP_CHECK(kiln_time_now() >= start + KILN_MILLISECONDS(5));
    TAP_CHECK(!kiln_page_alloc_exact_until(3, 0, KILN_NOWAIT));
    TAP_CHECK(!kiln_page_alloc_until(KILN_PAGE_ORDER_TOP + 1, 0, KILN_FOREVER));
    TAP_CHECK(!kiln_page_alloc_exact_until(SIZE_MAX / KILN_PAGE_BYTES, 0, KILN_FOREVER));
    TAP_CHECK(!kiln_page_alloc_exact_until(0, 0, KILN_FOREVER));
}

static void *wait_for_page(void *unused)
{
    (void)unused;
    kiln_semaphore_wait(&go);
    void *page = kiln_page_alloc_until(0, KILN_PAGE_ZERO, KILN_FOREVER);

    __atomic_add_fetch(&served_count, 1, __ATOMIC_RELAXED);
    kiln_semaphore_post(&served);
    return page;
}

static void *wait_for_block(void *unused)
{
    (void)unused;
    kiln_semaphore_wait(&go);
    void *block = kiln_page_alloc_until(3, 0, KILN_FOREVER);

    kiln_semaphore_post(&served);
    return block;
}

static struct kiln_thread *start(void *(*function)(void *unused))
{
    struct kiln_thread *thread = NULL;

    TAP_NEED(kiln_thread_create(&thread, KILN_THREAD_ATTRIBUTES(.priority = 80), function, NULL) ==
             0);
    return thread;
}

static void let_go(unsigned count)
{
    while (count-- > 0)
        kiln_semaphore_post(&go);
    kiln_sleep_for(KILN_MILLISECONDS(15));
}

/* Each page serves one of several. */
static void test_pages(struct kiln_thread *const *waiters)
{
    void *pages[WAITERS];

    let_go(WAITERS);
    for (unsigned i = 0; i < WAITERS; i++) {
        kiln_page_free(pop(&eaten), 0);
        TAP_EQUAL(kiln_semaphore_wait_until(&served, kiln_time_after(KILN_SECONDS(5))), 0);
        TAP_EQUAL(served_count, i + 1);
    }
    for (unsigned i = 0; i < WAITERS; i++) {
        TAP_EQUAL(kiln_thread_join(waiters[i], &pages[i]), 0);
        TAP_CHECK(pages[i] != NULL);
        push(&eaten, pages[i]);
    }
}

/* A block that comes back is had at once: long before the next try. */
static void test_block(struct kiln_thread *waiter, void *block)
{
    void *got = NULL;
    int64_t start;

    let_go(1);
    start = kiln_time_now();
    kiln_page_free(block, 3);
    TAP_EQUAL(kiln_semaphore_wait_until(&served, kiln_time_after(KILN_SECONDS(5))), 0);
    printf("# a block of 8 pages after %u us\n", (unsigned)((kiln_time_now() - start) / 1000));
    if (kiln_cpu_count() == 1)
        TAP_CHECK(kiln_time_now() - start < KILN_MILLISECONDS(2));
    TAP_EQUAL(kiln_thread_join(waiter, &got), 0);
    TAP_CHECK(got != NULL);
    kiln_page_free(got, 3);
}

static void test_interrupt(struct kiln_thread *waiter)
{
    void *got = &got;

    let_go(1);
    while (kiln_thread_interrupt(waiter) == -EAGAIN)
        kiln_sleep_for(KILN_MILLISECONDS(1));
    TAP_EQUAL(kiln_thread_join(waiter, &got), 0);
    TAP_CHECK(got == NULL);
}

/* The threads are there before all memory is used up. */
static void test_waiting(void)
{
    struct kiln_thread *waiters[WAITERS];
    void *block = kiln_page_alloc(3, 0);

    TAP_NEED(block != NULL);
    for (unsigned i = 0; i < WAITERS; i++)
        waiters[i] = start(wait_for_page);
    give_back(&stash);
    eat_all();
    test_deadline();
    test_pages(waiters);
    give_back(&eaten);
    waiters[0] = start(wait_for_block);
    eat_all();
    test_block(waiters[0], block);
    give_back(&eaten);
    waiters[0] = start(wait_for_block);
    eat_all();
    test_interrupt(waiters[0]);
    give_back(&eaten);
    give_back(&stash);
}

int main(void)
{
    static struct reclaimer reclaimer = {.reclaim = give_stash};
    void (*add)(struct reclaimer * reclaimer);
    struct kiln_memory memory;

    test_spares();
    *(void **)&add = runtime_function("page_reclaimer_add");
    add(&reclaimer);
    kiln_mem_stats(&memory);
    const struct kiln_mem_zone *zone = &memory.zone[memory.zone[1].total_pages ? 1 : 0];

    test_reclaimer(zone->low_pages, zone->high_pages);
    test_waiting();
    return tap_done();
}
