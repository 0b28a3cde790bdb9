/*
 * The page allocator on the host: memory with holes to stand on, a model of what the program
 * holds, and a check of everything that the allocator keeps, which says what is wrong by
 * TEST_HOLDS: each page is in exactly one place, buddies are never both free, every count is exact.
 */
#ifndef PAGE_MODEL_H
#define PAGE_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <board.h>
#include <isa/host.h>
#include <kiln/cpu.h>
#include <kiln/panic.h>
#include <mm/early.h>
#include <page_memory.h>
#include "test.h"

#define MODEL_PAGES  ((size_t)16384) /* 64 MiB, aligned to 4 MiB */
#define MODEL_BLOCKS 600
#define MODEL_CPUS   (KILN_CONFIG_SMP ? 4 : 1)
#define TOP_BYTES    (ARCH_PAGE_BYTES << PAGE_ORDER_TOP)

/* Defined where it can be written, so that a test chooses the limit. */
struct board_facts model_facts __asm__("board_facts");
struct arch_space arch_boot_space;

/* What the program holds. pages: of an exact allocation, else 0. */
struct model_block {
    uintptr_t address;
    unsigned order;
    size_t pages;
    unsigned references;
};
static struct model_block model_blocks[MODEL_BLOCKS];
static unsigned model_count;

static uintptr_t model_memory;

/* A panic that is expected comes back here. */
static bool model_panic_expected;
static jmp_buf model_panic_exit;
static char model_panic_text[200];

_Noreturn void kiln_panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(model_panic_text, sizeof(model_panic_text), format, arguments);
    va_end(arguments);
    if (model_panic_expected)
        longjmp(model_panic_exit, 1);
    printf("Bail out! panic: %s\n", model_panic_text);
    fflush(stdout);
    abort();
}

_Noreturn void kiln_assert_failed(const char *expression, const char *file, int line,
                                  const char *function)
{
    kiln_panic("%s:%d: %s: %s", file, line, function, expression);
}

unsigned kiln_cpu_count(void)
{
    return MODEL_CPUS;
}

unsigned kiln_cpu_id(void)
{
    return host_cpu.id;
}

/* As on the target: in an interrupt there, while the caller waits with interrupts on. */
int kiln_cpu_call(unsigned cpu, void (*function)(void *argument), void *argument)
{
    unsigned self = host_cpu.id;

    TEST_HOLDS(!host_cpu.irqs_off && !host_cpu.in_interrupt, "CPU %u is called", cpu);
    host_cpu.id = cpu;
    host_cpu.irqs_off = host_cpu.in_interrupt = true;
    function(argument);
    host_cpu.id = self;
    host_cpu.irqs_off = host_cpu.in_interrupt = false;
    return 0;
}

/* The allocator as it is before its first use, on a machine without memory. */
static void model_reset(void)
{
    if (!model_memory) {
        void *mapped = mmap(NULL, MODEL_PAGES * ARCH_PAGE_BYTES + TOP_BYTES, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED)
            exit(1);
        model_memory = ((uintptr_t)mapped + TOP_BYTES - 1) & -TOP_BYTES;
    }
    memset(&page_memory, 0, sizeof(page_memory));
    memset(page_regions, 0, sizeof(page_regions));
    memset(page_hot_of, 0, sizeof(page_hot_of));
    memset(&host_cpu, 0, sizeof(host_cpu));
    model_facts.dma_limit = 0;
    model_count = 0;
    mm_early_begin(0);
}

/* RAM as boot hands it over, by page numbers from the start of the memory; what stands in it is
 * arbitrary. */
static void model_add(size_t first, size_t pages)
{
    uintptr_t start = model_memory + first * ARCH_PAGE_BYTES;

    for (size_t i = 0; i < pages; i += 64)
        memset((char *)start + i * ARCH_PAGE_BYTES, 0x5A, 64);
    memset((char *)start, 0x01, pages < 8 ? pages * ARCH_PAGE_BYTES : 8 * ARCH_PAGE_BYTES);
    mm_early_add_range(start, pages * ARCH_PAGE_BYTES);
}

static struct model_block *model_find(uintptr_t address)
{
    for (unsigned i = 0; i < model_count; i++)
        if (model_blocks[i].address == address)
            return &model_blocks[i];
    return NULL;
}

/* What one look through the regions adds up, for each zone. */
struct model_sums {
    size_t free[PAGE_ORDERS];
    size_t used[PAGE_ORDERS];
    size_t hot, exact, unopened, total, blocks;
};

/* The order of an exact allocation is that of a block that could hold it. */
static bool model_order_fits(size_t pages, unsigned order)
{
    return (size_t)1 << order >= pages && (order == 0 || (size_t)1 << (order - 1) < pages);
}

/* A used block is the model's, too; returns its pages. */
static size_t model_used(const struct page *page, uintptr_t address, struct model_sums *sums)
{
    const struct model_block *block = model_find(address);
    bool is_exact = page->state == PAGE_EXACT;

    TEST_HOLDS(block && page->references == block->references && page->in_use == 0,
               "0x%zx is allocated, %u references", address, page->references);
    if (!block)
        return 1;
    sums->blocks++;
    TEST_HOLDS(block->pages ? is_exact && page->pages == block->pages &&
                                  model_order_fits(block->pages, page->order)
                            : page->state == PAGE_ALLOCATED && page->order == block->order,
               "0x%zx has state %u, order %u", address, page->state, page->order);
    if (is_exact)
        sums->exact += page->pages;
    else
        sums->used[page->order]++;
    return is_exact ? page->pages : (size_t)1 << page->order;
}

static bool model_is_free(const struct page_region *region, size_t frame, unsigned order)
{
    size_t first = region->first;
    const struct page *page = page_descriptor(region, frame);

    return frame >= first && frame < first + region->opened && page->state == PAGE_FREE &&
           page->order == order;
}

static size_t model_free(const struct page_region *region, size_t frame, struct model_sums *sums)
{
    const struct page *page = page_descriptor(region, frame);
    size_t size = (size_t)1 << page->order;

    TEST_HOLDS(page->order < PAGE_ORDERS && frame % size == 0, "frame 0x%zx, order %u", frame,
               page->order);
    TEST_HOLDS(page->head == PAGE_HEAD(PAGE_FREE, page->order), "frame 0x%zx", frame);
    TEST_HOLDS(page->order == PAGE_ORDER_TOP || !model_is_free(region, frame ^ size, page->order),
               "frame 0x%zx and its buddy are free, order %u", frame, page->order);
    sums->free[page->order]++;
    return size;
}

/* One block at the frame; returns its pages. */
static size_t model_block_at(const struct page_region *region, size_t frame,
                             struct model_sums *sums)
{
    const struct page *page = page_descriptor(region, frame);
    uintptr_t address = frame * ARCH_PAGE_BYTES;

    TEST_HOLDS(page_of(address) == page && page_of(address + 4095) == page &&
                   page_address(page) == address,
               "the descriptor of 0x%zx", address);
    switch (page->state) {
    case PAGE_FREE:
        return model_free(region, frame, sums);
    case PAGE_HOT_FREE:
        TEST_HOLDS(page->head == PAGE_HOT_FREE, "hot page 0x%zx", address);
        sums->hot++;
        return 1;
    case PAGE_ALLOCATED:
    case PAGE_EXACT:
        return model_used(page, address, sums);
    default:
        TEST_HOLDS(false, "0x%zx has state %u", address, page->state);
        return 1;
    }
}

static void model_check_region(const struct page_region *region, struct model_sums *sums)
{
    size_t frame = region->first, end = frame + region->opened;

    while (frame < end) {
        size_t pages = model_block_at(region, frame, sums);
        TEST_HOLDS(frame + pages <= end, "frame 0x%zx, %zu pages", frame, pages);
        for (size_t i = 1; i < pages && frame + i < end; i++)
            TEST_HOLDS(page_descriptor(region, frame + i)->state == PAGE_INSIDE,
                       "frame 0x%zx + 0x%zx, state %u", frame, i,
                       page_descriptor(region, frame + i)->state);
        frame += pages;
    }
    TEST_HOLDS(region->opened == region->count || !page_of(end * ARCH_PAGE_BYTES),
               "a page beyond the frontier 0x%zx", end);
    sums->unopened += region->count - region->opened;
    sums->total += region->count;
}

static void model_check_list(const struct page_zone *zone, unsigned order)
{
    size_t count = 0;

    list_for_each (node, &zone->free[order].blocks) {
        const struct page *page = list_entry(node, struct page, link);
        TEST_HOLDS(node->next->previous == node && page->state == PAGE_FREE &&
                       page->order == order && page_region_of_descriptor(page)->zone == zone,
                   "descriptor %p in list %u", (const void *)page, order);
        if (count++ > MODEL_PAGES)
            return;
    }
    TEST_HOLDS(count == zone->free[order].count, "%zu in list %u", count, order);
    TEST_HOLDS((zone->orders >> order & 1) == (count > 0), "bit %u of 0x%x", order, zone->orders);
}

static void model_check_hot(struct model_sums *sums)
{
    size_t hot = 0;

    for (unsigned cpu = 0; cpu < PAGE_CPUS; cpu++) {
        const struct page_hot *of = &page_hot_of[cpu];
        TEST_HOLDS(of->count <= PAGE_HOT && !of->pages[0].page, "CPU %u: %zu", cpu, of->count);
        for (size_t i = 1; i <= of->count; i++, hot++)
            TEST_HOLDS(of->pages[i].page->state == PAGE_HOT_FREE &&
                           page_address(of->pages[i].page) == of->pages[i].address &&
                           page_region_of(of->pages[i].address)->zone == page_memory.usual,
                       "CPU %u, hot page %zu", cpu, i);
    }
    TEST_HOLDS(hot == sums->hot, "%zu hot pages, of which %zu are marked", hot, sums->hot);
}

static void model_check_stats(const struct page_zone_stats *stats, const struct model_sums *sums)
{
    size_t free = sums->unopened;

    for (unsigned order = 0; order < PAGE_ORDERS; order++) {
        free += sums->free[order] << order;
        TEST_HOLDS(stats->orders[order].free_blocks == sums->free[order] &&
                       stats->orders[order].used_blocks == sums->used[order],
                   "order %u: %zu, %zu", order, sums->free[order], sums->used[order]);
    }
    TEST_HOLDS(stats->free_pages == free, "%zu are free, not %zu", free, stats->free_pages);
    TEST_HOLDS(stats->hot_pages == sums->hot && stats->exact_pages == sums->exact &&
                   stats->unopened_pages == sums->unopened && stats->total_pages == sums->total,
               "%zu hot, %zu exact, %zu unopened, %zu in all", sums->hot, sums->exact,
               sums->unopened, sums->total);
}

/* Everything, after each step. True if all is well. */
static bool model_check(void)
{
    int before = test_violations;
    void (*interruption)(void) = host_cpu.interruption;
    size_t blocks = 0;
    struct page_stats stats;

    host_cpu.interruption = NULL;
    page_stats(&stats);
    for (unsigned i = 0; i < PAGE_ZONES; i++) {
        struct page_zone *zone = &page_memory.zones[i];
        struct model_sums sums = {.hot = 0};
        for (unsigned r = 0; r < page_memory.region_count; r++)
            if (page_regions[r].zone == zone)
                model_check_region(&page_regions[r], &sums);
        for (unsigned order = 0; order < PAGE_ORDERS; order++)
            model_check_list(zone, order);
        if (zone == page_memory.usual)
            model_check_hot(&sums);
        model_check_stats(&stats.zones[i], &sums);
        blocks += sums.blocks;
    }
    TEST_HOLDS(blocks == model_count, "%zu blocks of %u", blocks, model_count);
    TEST_HOLDS(!host_cpu.irqs_off, "interrupts");
    host_cpu.interruption = interruption;
    return test_violations == before;
}

/* What an allocation that worked has to be, and enters it into the model. */
static void model_enter(uintptr_t address, unsigned order, size_t pages, unsigned flags)
{
    size_t bytes = (pages ? pages : (size_t)1 << order) * ARCH_PAGE_BYTES;

    TEST_HOLDS(address % (pages ? ARCH_PAGE_BYTES : bytes) == 0, "0x%zx of order %u", address,
               order);
    TEST_HOLDS(!(flags & PAGE_DMA) || !model_facts.dma_limit ||
                   address + bytes <= model_facts.dma_limit,
               "0x%zx is for a device", address);
    for (const char *at = (char *)address; flags & PAGE_ZERO && at < (char *)address + bytes;
         at += 512)
        TEST_HOLDS(*at == 0, "%p is zero", (const void *)at);
    memset((char *)address, 0x33, 64);
    memset((char *)address + bytes - 64, 0x33, 64);
    model_blocks[model_count++] = (struct model_block){address, order, pages, 1};
}

static bool model_alloc(unsigned order, unsigned flags)
{
    uintptr_t address = model_count < MODEL_BLOCKS ? page_alloc(order, flags) : 0;

    if (address)
        model_enter(address, order, 0, flags);
    return address != 0;
}

static bool model_alloc_exact(size_t pages, unsigned flags)
{
    uintptr_t address = model_count < MODEL_BLOCKS ? page_alloc_exact(pages, flags) : 0;

    if (address)
        model_enter(address, 0, pages, flags);
    return address != 0;
}

static bool model_alloc_within(size_t pages, uintptr_t limit, size_t alignment, unsigned flags)
{
    uintptr_t address =
        model_count < MODEL_BLOCKS ? page_alloc_within(pages, limit, alignment, flags) : 0;

    if (!address)
        return false;
    TEST_HOLDS(address % alignment == 0 && (!limit || address + pages * ARCH_PAGE_BYTES <= limit),
               "0x%zx, %zu pages, aligned to 0x%zx below 0x%zx", address, pages, alignment, limit);
    model_enter(address, 0, pages, flags);
    return true;
}

static void model_remove(struct model_block *block)
{
    *block = model_blocks[--model_count];
}

/* Gives up what the model has at a place, by the call that fits. */
static void model_release(unsigned place)
{
    struct model_block block = model_blocks[place];

    if (block.references > 1) {
        page_put(block.address);
        model_blocks[place].references--;
        return;
    }
    if (block.pages)
        page_free_exact(block.address, block.pages);
    else
        page_free(block.address, block.order);
    model_remove(&model_blocks[place]);
}

static void model_release_all(void)
{
    while (model_count)
        model_release(model_count - 1);
}

#endif
