/*
 * The page allocator against a model, on several machines and as several CPUs; sequences that fail
 * are made short. Then what is not random: limits, watermarks, reclaimers, misuse.
 */
#include "page_interrupts.h"

#include <time.h>

#define STEPS     1500
#define SEQUENCES 6 /* for each machine */

static struct step steps[STEPS];

/* Drops pieces of a failing sequence, large ones first, as long as what is left fails. */
static size_t shrink(unsigned machine, struct step *failing, size_t count)
{
    struct step shorter[STEPS];

    for (size_t piece = count / 2; piece > 0; piece /= 2)
        for (size_t at = 0; at + piece <= count;) {
            memcpy(shorter, failing, at * sizeof(*failing));
            memcpy(&shorter[at], &failing[at + piece], (count - at - piece) * sizeof(*failing));
            test_violations = 1000; /* more than are described */
            if (sequence_run(machine, shorter, count - piece)) {
                at += piece;
                continue;
            }
            count -= piece;
            memcpy(failing, shorter, count * sizeof(*failing));
        }
    return count;
}

static void tell(unsigned machine, const struct step *failing, size_t count)
{
    printf("# machine %u fails by these steps {what, cpu, value}:\n", machine);
    for (size_t i = 0; i < count; i++)
        printf("#   {%u, %u, %u}\n", failing[i].what, failing[i].cpu, failing[i].value);
}

static void test_sequences(unsigned machine, uint64_t seed)
{
    char what[80];
    bool good = true;

    test_state = seed;
    for (unsigned n = 0; good && n < SEQUENCES; n++) {
        for (size_t i = 0; i < STEPS; i++) {
            uint64_t bits = test_random();
            steps[i] = (struct step){(uint8_t)bits, (uint8_t)(bits >> 8), (uint16_t)(bits >> 16)};
        }
        good = sequence_run(machine, steps, STEPS);
    }
    if (!good)
        tell(machine, steps, shrink(machine, steps, STEPS));
    test_violations = 0;
    snprintf(what, sizeof(what), "machine %u, %u sequences of %u steps, seed %llu", machine,
             SEQUENCES, STEPS, (unsigned long long)seed);
    tap_check(good, what);
}

static void test_interruptions(unsigned machine)
{
    sequence_interruption = interrupt;
    interruptions = 0;
    test_sequences(machine, 100 + machine);
    sequence_interruption = NULL;
    TAP_CHECK(interruptions > STEPS * SEQUENCES);
}

/* The checks find a broken count, and what leads to it comes down to two steps. */
static void test_shrinking(void)
{
    static const struct step wanted[] = {{STEP_BLOCK, 0, 3}, {STEP_FREE, 0, 0}};
    size_t count;

    sequence_sabotage = 3;
    for (size_t i = 0; i < STEPS; i++)
        steps[i] = (struct step){STEP_SINGLE, (uint8_t)i, 0};
    steps[STEPS / 3] = wanted[0];
    for (size_t i = STEPS / 2; i < STEPS / 2 + 600; i++)
        steps[i] = (struct step){STEP_FREE, 0, (uint16_t)i};
    test_violations = 1000;
    TAP_CHECK(!sequence_run(1, steps, STEPS));
    count = shrink(1, steps, STEPS);
    sequence_sabotage = 0;
    test_violations = 0;
    TAP_EQUAL(count, 2);
    TAP_CHECK(steps[0].what == wanted[0].what && steps[1].what == wanted[1].what);
}

/* The checks find each of these. */
static void test_checks(void)
{
    struct page *page;

    sequence_machine(0);
    model_alloc(0, 0);
    model_alloc(3, 0);
    page = page_of(model_blocks[1].address);
    test_violations = 1000;
    TAP_CHECK(model_check());
    page[3].state = PAGE_FREE;
    TAP_CHECK(!model_check());
    page[3].state = PAGE_INSIDE;
    page->order = 2;
    TAP_CHECK(!model_check());
    page->order = 3;
    page_memory.zones[0].used[3]++;
    TAP_CHECK(!model_check());
    page_memory.zones[0].used[3]--;
    page_memory.zones[0].orders ^= 1u << 7;
    TAP_CHECK(!model_check());
    page_memory.zones[0].orders ^= 1u << 7;
    page_hot_of[0].count--;
    TAP_CHECK(!model_check());
    page_hot_of[0].count++;
    TAP_CHECK(model_check());
    test_violations = 0;
}

#define PANICS(call, text)                                                                         \
    do {                                                                                           \
        model_panic_expected = true;                                                               \
        model_panic_text[0] = 0;                                                                   \
        if (setjmp(model_panic_exit) == 0)                                                         \
            call;                                                                                  \
        model_panic_expected = false;                                                              \
        if (!tap_check(strstr(model_panic_text, text) != NULL, #call " panics with its text"))     \
            printf("# it said: %s\n", model_panic_text);                                           \
    } while (0)

/* The address is in the text; so is the order. */
static void test_misuse(void)
{
    uintptr_t single, pair, exact, other;
    char named[80];

    sequence_machine(0);
    single = page_alloc(0, 0);
    pair = page_alloc(1, 0);
    exact = page_alloc_exact(3, 0);
    other = page_alloc(1, 0);
    snprintf(named, sizeof(named), "pages: 0x%zx is freed as order 2, allocated as order 1", pair);
    PANICS(page_free(pair, 2), named);
    PANICS(page_free(pair, 0), "is freed as order 0, allocated as order 1");
    PANICS(page_free(single, 1), "is freed as order 1, allocated as order 0");
    PANICS(page_free(pair + ARCH_PAGE_BYTES, 0), "is not the first page of an allocated block");
    PANICS(page_free(pair + 8, 1), "is no page that was allocated");
    PANICS(page_free(single + 1, 0), "is no page that was allocated");
    PANICS(page_free(0, 0), "is no page that was allocated");
    PANICS(page_free((uintptr_t)named & -ARCH_PAGE_BYTES, 0), "is no page that was allocated");
    PANICS(page_free((page_regions[0].first - 1) * ARCH_PAGE_BYTES, 0),
           "is no page that was allocated");
    PANICS(page_free((page_regions[0].first + page_regions[0].opened) * ARCH_PAGE_BYTES, 0),
           "is no page that was allocated");
    PANICS(page_free_exact(pair, 2), "is freed as exact pages, allocated as a block");
    PANICS(page_free(exact, 2), "is freed as a block, allocated as 3 pages");
    PANICS(page_free_exact(exact, 2), "is freed as 2 pages, allocated as 3");
    page_of(pair)->in_use = 1;
    PANICS(page_free(pair, 1), "is freed while its owner uses it");
    page_of(pair)->in_use = 0;
    page_of(pair)->state = PAGE_SLAB;
    PANICS(page_free(pair, 1), "is freed while its owner uses it");
    page_of(pair)->state = PAGE_ALLOCATED;
    page_get(pair);
    PANICS(page_free(pair, 1), "is freed while it has 2 references");
    page_put(pair);
    page_free(pair, 1);
    snprintf(named, sizeof(named), "pages: 0x%zx is free already (freed twice?)", pair);
    PANICS(page_free(pair, 1), named);
    page_free(single, 0);
    PANICS(page_free(single, 0), "is free already (freed twice?)");
    PANICS(page_get(single), "is free already (freed twice?)");
    PANICS(page_put(single), "is free already (freed twice?)");
    page_free_exact(exact, 3);
    host_cpu.in_interrupt = true;
    PANICS(page_alloc(0, PAGE_WAIT), "arch_in_interrupt");
    PANICS(page_alloc_exact(3, PAGE_WAIT | PAGE_RESERVE), "arch_in_interrupt");
    host_cpu.in_interrupt = false;
    page_free(other, 1);
    PANICS(page_free(other, 1), "0x");
    test_property("interrupts are as they were");
}

static void test_limits(void)
{
    struct page_stats stats;

    model_reset();
    TAP_CHECK(page_alloc(0, PAGE_RESERVE | PAGE_WAIT) == 0);
    page_stats(&stats);
    TAP_CHECK(stats.regions == 0 && page_fragmentation(&stats.zones[0], 0) == 0);
    model_reset();
    model_add(0, 1);
    TAP_CHECK(page_alloc(0, PAGE_RESERVE) == 0);
    model_reset();
    mm_early_add_range(model_memory + 5, 3 * ARCH_PAGE_BYTES);
    uintptr_t only = page_alloc(0, 0);
    TAP_EQUAL(only, model_memory + 2 * ARCH_PAGE_BYTES);
    TAP_CHECK(page_alloc(0, PAGE_RESERVE) == 0);
    page_free(only, 0);
    sequence_machine(0);
    TAP_CHECK(page_alloc(PAGE_ORDERS, 0) == 0);
    TAP_CHECK(page_alloc(~0u, 0) == 0);
    TAP_CHECK(page_alloc_exact(0, 0) == 0);
    TAP_CHECK(page_alloc_exact(SIZE_MAX, 0) == 0);
    TAP_CHECK(page_alloc_exact(SIZE_MAX / ARCH_PAGE_BYTES, PAGE_RESERVE) == 0);
    TAP_CHECK(page_alloc_exact(2977, PAGE_RESERVE) == 0);
    TAP_CHECK(model_alloc_exact(2976, PAGE_RESERVE));
    TAP_CHECK(model_check());
    TAP_CHECK(page_alloc(0, PAGE_RESERVE | PAGE_WAIT) == 0);
    sequence_recover();
    test_property("the whole region as one allocation, and back");
}

/* The first allocation writes no more than the first descriptors, whatever the region's size. */
static void test_laziness(void)
{
    struct page_stats stats;
    const char *descriptors = (char *)model_memory + ARCH_PAGE_BYTES;

    sequence_machine(0);
    model_alloc(0, 0);
    page_stats(&stats);
    TAP_EQUAL(stats.zones[0].descriptor_pages, 24);
    TAP_EQUAL(stats.zones[0].total_pages, 2976);
    TAP_CHECK(stats.zones[0].unopened_pages >= 2976 - PAGE_OPEN_FRAMES);
    TAP_EQUAL(descriptors[PAGE_OPEN_FRAMES * sizeof(struct page)], 0x01);
    TAP_CHECK(model_alloc(PAGE_ORDER_TOP, 0));
    TAP_CHECK(model_check());
}

/* Single pages until there are none: down to `min`, and with the reserve to nothing. */
static void test_exhaustion(unsigned machine)
{
    struct page_stats stats;
    size_t count = 0, usual;
    uintptr_t first = 0, page;

    sequence_machine(machine);
    page_stats(&stats);
    usual = (size_t)(page_memory.usual - page_memory.zones);
    for (; (page = page_alloc(0, 0)) != 0; count++, first = page)
        *(uintptr_t *)page = first;
    page_stats(&stats);
    TAP_EQUAL(stats.zones[usual].free_pages, stats.zones[usual].min);
    TAP_CHECK(usual == 0 || stats.zones[0].free_pages == stats.zones[0].high);
    for (; (page = page_alloc(0, PAGE_RESERVE)) != 0; count++, first = page)
        *(uintptr_t *)page = first;
    TAP_CHECK(page_alloc(0, PAGE_RESERVE | PAGE_WAIT) == 0);
    page_stats(&stats);
    TAP_EQUAL(stats.zones[usual].free_pages, 0);
    TAP_EQUAL(stats.zones[usual].hot_pages, 0);
    TAP_CHECK(usual == 0 || stats.zones[0].free_pages == stats.zones[0].min);
    for (; (page = page_alloc(0, PAGE_RESERVE | PAGE_DMA)) != 0; count++, first = page)
        *(uintptr_t *)page = first;
    TAP_EQUAL(count, stats.zones[0].total_pages + stats.zones[1].total_pages);
    for (; first; first = page) {
        page = *(uintptr_t *)first;
        page_free(first, 0);
    }
    sequence_recover();
    test_property("everything comes back");
}

static size_t asked, asked_for, stash_left;
static uintptr_t stash[200];

static size_t give_stash(size_t pages)
{
    size_t given = 0;

    asked++;
    asked_for = pages;
    for (; given < pages && stash_left > 0; given++)
        page_free(stash[--stash_left], 0);
    return given;
}

static size_t free_pages(void)
{
    struct page_stats stats;

    page_stats(&stats);
    return stats.zones[0].free_pages;
}

/* On a machine of one zone: takes pages that nobody asks reclaimers for, until so many are free. */
static uintptr_t eat_until(size_t left)
{
    uintptr_t first = 0, page;

    while (free_pages() > left && (page = page_alloc(1, PAGE_RESERVE)) != 0) {
        *(uintptr_t *)page = first;
        first = page;
    }
    return first;
}

static void test_reclaimers(void)
{
    static struct page_reclaimer reclaimer = {.reclaim = give_stash};
    struct page_stats stats;
    size_t low, high;

    sequence_machine(0);
    page_reclaimer_add(&reclaimer);
    for (stash_left = 0; stash_left < 200; stash_left++)
        stash[stash_left] = page_alloc(0, 0);
    page_stats(&stats);
    low = stats.zones[0].low;
    high = stats.zones[0].high;
    TAP_CHECK(stats.zones[0].min == 2976 / 128 && low == 2 * stats.zones[0].min && high > low);
    asked = 0;
    eat_until(low);
    uintptr_t page = page_alloc(1, 0);
    TAP_EQUAL(asked, 0);
    page_free(page, 1);
    page = page_alloc(2, PAGE_WAIT);
    TAP_EQUAL(asked, 1);
    TAP_CHECK(asked_for > high - low && free_pages() >= high);
    page_free(page, 2);
    page_reclaim(200);
    asked = 0;
    eat_until(low - 2);
    size_t allocations = 0;
    while (page_alloc(0, PAGE_WAIT) != 0)
        allocations++;
    TAP_CHECK(allocations > 15 && asked >= 2 && asked < 6);
}

/* An allocation that finds nothing asks for as much as it wants, and then works. */
static void test_reclaim_for_one(void)
{
    static struct page_reclaimer reclaimer = {.reclaim = give_stash};

    model_reset();
    model_add(0, 100);
    page_reclaimer_add(&reclaimer);
    for (stash_left = 0; (stash[stash_left] = page_alloc(0, 0)) != 0;)
        stash_left++;
    asked = 0;
    TAP_EQUAL(stash_left, 99);
    TAP_CHECK(page_alloc(3, 0) == 0 && asked == 0);
    TAP_CHECK(page_alloc(3, PAGE_WAIT) == 0 && asked == 1);
    TAP_CHECK(page_alloc(0, PAGE_WAIT) != 0);
    for (unsigned i = 0; i < 20; i++)
        page_alloc(3, PAGE_WAIT);
    TAP_CHECK(asked > 5 && stash_left < 30);
}

/* Pages that another CPU keeps hot come back to one that may wait, and only to that. */
static void test_cpus(void)
{
    enum { FREER = KILN_CONFIG_SMP * 2, OTHER = KILN_CONFIG_SMP };
    uintptr_t pages[PAGE_HOT];

    model_reset();
    model_add(0, 20);
    for (unsigned i = 0; i < PAGE_HOT; i++)
        pages[i] = page_alloc(0, 0);
    host_cpu.id = FREER;
    for (unsigned i = 0; i < PAGE_HOT; i++)
        page_free(pages[i], 0);
    TAP_EQUAL(page_hot_of[FREER].count, PAGE_HOT);
    host_cpu.id = OTHER;
    TAP_CHECK(page_alloc(3, 0) == 0);
    TAP_CHECK(model_alloc(3, PAGE_WAIT));
    TAP_EQUAL(page_hot_of[FREER].count, 0);
    sequence_recover();
    test_property("a CPU's hot pages are returned for another one");
}

static void test_zones(void)
{
    struct page_stats stats;
    unsigned limit = 2000;

    sequence_machine(2);
    page_stats(&stats);
    TAP_EQUAL(stats.regions, 4);
    TAP_CHECK(model_alloc(0, 0) && model_blocks[0].address >= model_facts.dma_limit);
    TAP_CHECK(model_alloc(0, PAGE_DMA) && model_blocks[1].address < model_facts.dma_limit);
    TAP_CHECK(model_alloc_exact(900, PAGE_DMA));
    TAP_CHECK(model_blocks[2].address + 900 * ARCH_PAGE_BYTES <= model_facts.dma_limit);
    TAP_EQUAL(page_hot_of[0].count, PAGE_BATCH - 1);
    model_release(1);
    TAP_EQUAL(page_hot_of[0].count, PAGE_BATCH - 1);
    TAP_CHECK(!model_alloc_exact(limit, PAGE_DMA));
    sequence_recover();
    test_property("two zones");
}

static void test_fragmentation(void)
{
    static uintptr_t pages[2000];
    struct page_stats stats;
    unsigned count = 0;

    model_reset();
    model_add(0, 1032);
    while ((pages[count] = page_alloc(0, PAGE_RESERVE)) != 0)
        count++;
    for (unsigned i = 0; i < count; i++)
        if (pages[i] / ARCH_PAGE_BYTES % 2)
            page_free(pages[i], 0);
    page_reclaim(0);
    page_stats(&stats);
    TAP_EQUAL(stats.zones[0].free_pages, 512);
    TAP_EQUAL(page_fragmentation(&stats.zones[0], 0), 0);
    TAP_EQUAL(page_fragmentation(&stats.zones[0], 1), 1000);
    for (unsigned i = 0; i < 400; i++)
        if (pages[i] / ARCH_PAGE_BYTES % 2 == 0)
            page_free(pages[i], 0);
    page_reclaim(0);
    page_stats(&stats);
    TAP_CHECK(page_fragmentation(&stats.zones[0], 1) < 1000);
    TAP_CHECK(page_fragmentation(&stats.zones[0], 5) >= page_fragmentation(&stats.zones[0], 1));
}

/* Tables go on from here once early memory is used up; a later table is a page of ours. */
static void test_tables(void)
{
    sequence_machine(0);
    arch_boot_space.source = NULL;
    uintptr_t page = page_alloc(0, 0);
    uintptr_t table = arch_boot_space.source();

    TAP_CHECK(table && page_of(table) && page_of(table)->state == PAGE_ALLOCATED);
    page_free(table, 0);
    page_free(page, 0);
}

static void test_references(void)
{
    sequence_machine(0);
    model_alloc(2, 0);
    model_alloc_exact(5, 0);
    page_get(model_blocks[0].address);
    page_get(model_blocks[1].address);
    page_put(model_blocks[0].address);
    page_put(model_blocks[1].address);
    TAP_CHECK(model_check());
    page_put(model_blocks[0].address);
    page_put(model_blocks[1].address);
    model_count = 0;
    sequence_recover();
    test_property("the last reference frees");
}

int main(int argc, char **argv)
{
    uint64_t seed;

    test_begin(argc, argv, (uint64_t)time(NULL));
    seed = test_state;
    for (unsigned machine = 0; machine < MACHINES; machine++) {
        test_sequences(machine, 1 + machine);
        test_sequences(machine, seed + machine);
    }
    for (unsigned machine = 0; machine < MACHINES; machine++)
        test_interruptions(machine);
    model_panic_expected = false;
    test_shrinking();
    test_checks();
    test_misuse();
    test_limits();
    test_laziness();
    for (unsigned machine = 0; machine < MACHINES; machine++)
        test_exhaustion(machine);
    test_reclaimers();
    test_reclaim_for_one();
    if (KILN_CONFIG_SMP)
        test_cpus();
    test_zones();
    test_fragmentation();
    test_tables();
    test_references();
    return tap_done();
}
