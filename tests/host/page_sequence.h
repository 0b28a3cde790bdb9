/*
 * Sequences of operations on the page allocator, on machines with several regions and holes; after
 * each operation everything is checked. The same steps come from random numbers and from a fuzzer.
 */
#ifndef PAGE_SEQUENCE_H
#define PAGE_SEQUENCE_H

#include "page_model.h"

/* One operation, which means something in any state: numbers are taken modulo what there is. */
struct step {
    uint8_t what;
    uint8_t cpu;
    uint16_t value;
};

enum step_kind {
    STEP_BLOCK,
    STEP_SINGLE,
    STEP_EXACT,
    STEP_FREE,
    STEP_FREE_TOO,
    STEP_GET,
    STEP_PUT,
    STEP_RECLAIM,
    STEP_RESIZE,
    STEP_WITHIN,
    STEP_KINDS
};

#define MACHINES 5

/* Regions of pages from the start of memory, and where the limit of what devices reach is. */
static void sequence_machine(unsigned machine)
{
    static const struct {
        size_t limit;
        size_t ranges[4][2];
    } machines[MACHINES] = {
        {0, {{1, 3000}}},
        {0, {{5, 700}, {800, 33}, {1023, 2}, {1500, 2100}}},
        {2000, {{0, 100}, {1024, 2000}, {4090, 1030}}},
        {MODEL_PAGES, {{7, 9}, {40, 4}, {100, 130}}},
        {1, {{512, 513}, {1030, 1500}}},
    };

    model_reset();
    if (machines[machine].limit)
        model_facts.dma_limit = model_memory + machines[machine].limit * ARCH_PAGE_BYTES;
    for (unsigned i = 0; i < 4; i++)
        if (machines[machine].ranges[i][1])
            model_add(machines[machine].ranges[i][0], machines[machine].ranges[i][1]);
}

/* An order whose blocks' freeing spoils a count, for a test of this test; 0: none. */
static unsigned sequence_sabotage;

/* The calls that an interrupt may make too are made in one at times. */
static void sequence_allocate(const struct step *step)
{
    unsigned flags = step->value >> 12;

    if (flags & PAGE_WAIT)
        flags = step->value >> 8 & 1 ? PAGE_WAIT : PAGE_WAIT | PAGE_ZERO;
    else
        host_cpu.irqs_off = host_cpu.in_interrupt = step->value >> 8 & 1;
    if (step->what % STEP_KINDS == STEP_EXACT)
        model_alloc_exact(step->value % (step->value & 32 ? 3000 : 70), flags);
    else if (step->what % STEP_KINDS == STEP_SINGLE)
        model_alloc(0, flags);
    else
        model_alloc(step->value % (PAGE_ORDERS + 1), flags);
    host_cpu.irqs_off = host_cpu.in_interrupt = false;
}

/* Limits somewhere in memory, or none; sizes up to more than a block. */
static void sequence_within(const struct step *step)
{
    unsigned flags = step->value >> 12 & ~(unsigned)PAGE_ZERO;
    size_t pages = 1 + step->value % (step->value & 64 ? 1500 : 50);
    size_t limit = step->value * 37u % (2 * MODEL_PAGES);

    if (!(flags & PAGE_WAIT))
        host_cpu.irqs_off = host_cpu.in_interrupt = step->value >> 8 & 1;
    model_alloc_within(pages, limit < MODEL_PAGES ? model_memory + limit * ARCH_PAGE_BYTES : 0,
                       ARCH_PAGE_BYTES << (step->value >> 3) % (PAGE_ORDERS + 1), flags);
    host_cpu.irqs_off = host_cpu.in_interrupt = false;
}

static void sequence_put(unsigned place)
{
    bool is_last = --model_blocks[place].references == 0;

    page_put(model_blocks[place].address);
    if (is_last)
        model_remove(&model_blocks[place]);
}

/* Grows or shrinks an exact allocation; what was in it stays. */
static void sequence_resize(struct model_block *block, uint16_t value)
{
    size_t pages = 1 + value % (value & 32 ? 3000 : 70);
    size_t kept = (pages < block->pages ? pages : block->pages) * ARCH_PAGE_BYTES;
    const struct page_zone *zone = page_region_of(block->address)->zone;
    unsigned flags = value >> 12 & PAGE_RESERVE;
    char *data = (char *)block->address;

    if (!block->pages || block->references > 1)
        return;
    data[0] = data[kept - 1] = 0x77;
    if (page_resize_exact(block->address, pages, flags)) {
        TEST_HOLDS(pages <= block->pages || flags || zone->free_pages >= zone->min,
                   "%zu pages are free", zone->free_pages);
        block->pages = pages;
    } else {
        TEST_HOLDS(pages > block->pages, "%zu pages of %zu", pages, block->pages);
    }
    TEST_HOLDS(data[0] == 0x77 && data[kept - 1] == 0x77, "pages at %p", (void *)data);
    memset(data, 0x33, block->pages * ARCH_PAGE_BYTES);
}

static void sequence_step(const struct step *step)
{
    unsigned place = model_count ? step->value % model_count : 0;

    host_cpu.id = step->cpu % MODEL_CPUS;
    switch (step->what % STEP_KINDS) {
    case STEP_BLOCK:
    case STEP_SINGLE:
    case STEP_EXACT:
        sequence_allocate(step);
        break;
    case STEP_WITHIN:
        sequence_within(step);
        break;
    case STEP_RECLAIM:
        page_reclaim(step->value);
        break;
    case STEP_RESIZE:
        if (model_count)
            sequence_resize(&model_blocks[place], step->value);
        break;
    case STEP_GET:
        if (model_count)
            page_get(model_blocks[place].address), model_blocks[place].references++;
        break;
    case STEP_PUT:
        if (model_count)
            sequence_put(place);
        break;
    default:
        if (model_count && model_blocks[place].order &&
            model_blocks[place].order == sequence_sabotage)
            page_memory.zones[0].free_pages++;
        if (model_count)
            model_release(place);
    }
}

/* After everything is freed, as much is free as there ever was. */
static void sequence_recover(void)
{
    struct page_stats stats;

    model_release_all();
    page_reclaim(0);
    page_stats(&stats);
    for (unsigned i = 0; i < PAGE_ZONES; i++)
        TEST_HOLDS(stats.zones[i].free_pages == stats.zones[i].total_pages,
                   "zone %u: %zu pages of %zu are free", i, stats.zones[i].free_pages,
                   stats.zones[i].total_pages);
    model_check();
}

/* False if something was wrong on the way, or it panicked. */
/* A handler, wherever interrupts are let through; NULL: none. */
static void (*sequence_interruption)(void);

static bool sequence_run(unsigned machine, const struct step *steps, size_t count)
{
    int before = test_violations;

    sequence_machine(machine % MACHINES);
    host_cpu.interruption = sequence_interruption;
    model_panic_expected = true;
    if (setjmp(model_panic_exit)) {
        TEST_HOLDS(false, "panic: %s", model_panic_text);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        sequence_step(&steps[i]);
        if (!model_check())
            return false;
    }
    host_cpu.interruption = NULL; /* which leaves hot pages */
    sequence_recover();
    return test_violations == before;
}

#endif
