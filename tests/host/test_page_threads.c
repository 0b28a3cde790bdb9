/*
 * The page allocator on four CPUs at once, which are threads, under ThreadSanitizer: each page
 * belongs to one of them at a time, and at the end all are free. Calls between CPUs are taken where
 * a CPU takes interrupts, that is, between two operations and while it waits for another CPU.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <mm/early.h>
#include <mm/page.h>
#include "test.h"
#include "thread_cpus/cpus.h"

#define PAGES  ((size_t)4000)
#define ROUNDS 20000
#define HELD   120

static uint32_t working = CPUS;
static _Thread_local uint64_t random_state;
static int overlaps; /* atomic */

static uint64_t below(uint64_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % limit;
}

struct held {
    uint64_t *address;
    unsigned order;
    size_t pages;
};

static size_t words(const struct held *held)
{
    return (held->pages ? held->pages : (size_t)1 << held->order) * ARCH_PAGE_BYTES / 8;
}

/* A mark at both ends, which another owner's would replace. */
static void mark(const struct held *held, uint64_t value)
{
    held->address[0] = value;
    held->address[words(held) - 1] = value;
}

static void release(const struct held *held, uint64_t value)
{
    if (held->address[0] != value || held->address[words(held) - 1] != value)
        __atomic_add_fetch(&overlaps, 1, __ATOMIC_RELAXED);
    if (held->pages)
        page_free_exact((uintptr_t)held->address, held->pages);
    else
        page_free((uintptr_t)held->address, held->order);
}

static void allocate(struct held *held)
{
    unsigned flags = below(4) ? 0 : PAGE_WAIT;

    held->pages = below(8) ? 0 : 1 + below(40);
    held->order = below(4) ? 0 : (unsigned)below(7);
    held->address = (uint64_t *)(held->pages ? page_alloc_exact(held->pages, flags)
                                             : page_alloc(held->order, flags));
}

/* Some pages are freed by another CPU than the one that allocated them. */
static uintptr_t passed; /* atomic */

static void pass_on(void)
{
    uintptr_t page = page_alloc(0, 0);

    page = __atomic_exchange_n(&passed, page, __ATOMIC_ACQ_REL);
    if (page)
        page_put(page);
}

static void *run(void *number)
{
    struct held held[HELD] = {{NULL, 0, 0}};
    uint64_t self = (uintptr_t)number + 1;

    host_cpu.id = (unsigned)(uintptr_t)number;
    random_state = test_state + self;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct held *one = &held[below(HELD)];
        take_interrupts();
        if (one->address) {
            release(one, self);
            one->address = NULL;
        } else {
            allocate(one);
            if (one->address)
                mark(one, self);
        }
        if (below(16) == 0)
            pass_on();
    }
    for (unsigned i = 0; i < HELD; i++)
        if (held[i].address)
            release(&held[i], self);
    __atomic_sub_fetch(&working, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&working, __ATOMIC_RELAXED)) {
        take_interrupts();
        sched_yield();
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[CPUS];
    struct page_stats stats;
    void *memory = mmap(NULL, PAGES * ARCH_PAGE_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    test_begin(argc, argv, 1);
    if (!TAP_CHECK(memory != MAP_FAILED))
        return tap_done();
    mm_early_begin(0);
    mm_early_add_range((uintptr_t)memory, PAGES * ARCH_PAGE_BYTES);
    for (uintptr_t i = 0; i < CPUS; i++)
        if (!TAP_CHECK(pthread_create(&threads[i], NULL, run, (void *)i) == 0))
            return tap_done();
    for (unsigned i = 0; i < CPUS; i++)
        pthread_join(threads[i], NULL);
    if (passed)
        page_free(passed, 0);
    page_stats(&stats);
    TAP_EQUAL(overlaps, 0);
    TAP_EQUAL(stats.zones[0].free_pages + stats.zones[0].hot_pages, stats.zones[0].total_pages);
    TAP_CHECK(stats.zones[0].hot_pages > 0);
    for (unsigned order = 0; order < PAGE_ORDERS; order++)
        TEST_HOLDS(stats.zones[0].orders[order].used_blocks == 0, "order %u", order);
    test_property("no block is in use");
    return tap_done();
}
