/* Regions of RAM: taken from boot at the first use, opened piece by piece behind a frontier. */
#include "page_memory.h"
#include <string.h>
#include <board.h>
#include <lib/align.h>
#include <mm/early.h>
#include <mm/shadow.h>

#define DESCRIPTORS_PER_PAGE (ARCH_PAGE_BYTES / sizeof(struct page))

#define MIN_SHARE            128  /* watermark min: this part of a zone */
#define MIN_PAGES_MOST       1024 /* but at most 4 MiB */

_Static_assert(ARCH_PAGE_BYTES % sizeof(struct page) == 0 || sizeof(void *) == 4,
               "descriptors fill pages");

struct page_memory page_memory;
struct page_region page_regions[PAGE_REGIONS];

static void add_region(struct page_zone *zone, uintptr_t start, uintptr_t end)
{
    size_t pages = end > start ? (end - start) / ARCH_PAGE_BYTES : 0;
    size_t descriptors = (pages + DESCRIPTORS_PER_PAGE) / (DESCRIPTORS_PER_PAGE + 1);
    struct page_region *region = &page_regions[page_memory.region_count];

    if (pages < 2 || page_memory.region_count == PAGE_REGIONS)
        return;
    page_memory.region_count++;
    region->first = start / ARCH_PAGE_BYTES + descriptors;
    region->origin = start - region->first * sizeof(struct page);
    region->count = pages - descriptors;
    region->zone = zone;
    zone->total += region->count;
    zone->descriptors += descriptors;
}

/* A range that crosses the limit of what devices reach becomes two regions. */
static void add_range(uintptr_t start, size_t bytes)
{
    uintptr_t end = align_down(start + bytes, ARCH_PAGE_BYTES);
    uintptr_t limit = board_facts.dma_limit ? board_facts.dma_limit : UINTPTR_MAX;
    uintptr_t cut = end < limit ? end : limit;

    start = align_up(start, ARCH_PAGE_BYTES);
    add_region(&page_memory.zones[0], start, cut);
    add_region(&page_memory.zones[1], start > cut ? start : cut, end);
}

static void set_watermarks(struct page_zone *zone)
{
    size_t share = zone->total / MIN_SHARE;

    zone->min = share < MIN_PAGES_MOST ? share : MIN_PAGES_MOST;
    zone->low = 2 * zone->min;
    zone->high = 3 * zone->min;
    zone->reclaim_below = zone->low;
    zone->free_pages = zone->unopened = zone->total;
    for (unsigned order = 0; order < PAGE_ORDERS; order++)
        list_init(&zone->free[order].blocks);
}

/* The region that most pages are of is the one that is looked at first. */
static void choose_first(void)
{
    struct page_region *regions = page_regions, *best = regions;

    for (unsigned i = 0; i < page_memory.region_count; i++) {
        bool is_usual = regions[i].zone == page_memory.usual;
        bool best_is_usual = best->zone == page_memory.usual;
        if (is_usual > best_is_usual ||
            (is_usual == best_is_usual && regions[i].count > best->count))
            best = &regions[i];
    }
    struct page_region first = *best;
    *best = regions[0];
    regions[0] = first;
}

/* The mapper's source from here on: what boot has left for tables first. */
static uintptr_t page_for_table(void)
{
    uintptr_t page = mm_early_page();

    return page ? page : page_alloc(0, PAGE_RESERVE);
}

static void take_ranges(void)
{
    uintptr_t start;
    size_t bytes;

    while (mm_early_take_range(&start, &bytes))
        add_range(start, bytes);
    page_memory.usual = &page_memory.zones[page_memory.zones[1].total ? 1 : 0];
    choose_first();
    for (unsigned i = 0; i < PAGE_ZONES; i++)
        set_watermarks(&page_memory.zones[i]);
}

void page_start(void)
{
    uintptr_t state = mm_lock(&page_memory.start_lock);

    if (!page_is_started()) {
        take_ranges();
        arch_boot_space.source = page_for_table;
        __atomic_store_n(&page_memory.started, 1, __ATOMIC_RELEASE);
    }
    mm_unlock(&page_memory.start_lock, state);
}

struct page_region *page_region_of(uintptr_t address)
{
    struct page_region *region = page_regions;

    for (unsigned left = page_memory.region_count; left > 0; left--, region++)
        if (address / ARCH_PAGE_BYTES - region->first < page_opened(region))
            return region;
    return NULL;
}

struct page_region *page_region_of_descriptor(const struct page *page)
{
    struct page_region *region = page_regions;

    for (;; region++) {
        size_t frame = ((uintptr_t)page - region->origin) / sizeof(struct page);
        if (frame - region->first < region->count)
            return region;
    }
}

struct page *page_of(uintptr_t address)
{
    struct page_region *region = page_region_of(address);

    return region ? page_descriptor(region, address / ARCH_PAGE_BYTES) : NULL;
}

uintptr_t page_address(const struct page *page)
{
    uintptr_t origin = page_region_of_descriptor(page)->origin;

    return ((uintptr_t)page - origin) / sizeof(struct page) * ARCH_PAGE_BYTES;
}

size_t page_open_taken(struct page_region *region, size_t end)
{
    size_t opened = page_opened(region), from = region->first + opened;
    size_t to = align_up(from + 1, PAGE_OPEN_FRAMES);

    if (end > region->first + region->count)
        end = region->first + region->count;
    if (to > end)
        to = end;
    memset(page_descriptor(region, from), 0, (to - from) * sizeof(struct page));
    if (KILN_CONFIG_CHECK_MEMORY)
        shadow_open(from * ARCH_PAGE_BYTES, to * ARCH_PAGE_BYTES, SHADOW_PAGE_FREE);
    __atomic_store_n(&region->opened, opened + (to - from), __ATOMIC_RELAXED);
    region->zone->unopened -= to - from;
    return to - from;
}

void page_open_region(struct page_region *region)
{
    size_t from = region->first + page_opened(region);

    page_zone_insert(region, from, from + page_open_taken(region, SIZE_MAX));
}

bool page_open_zone(struct page_zone *zone)
{
    struct page_region *region = page_regions;

    if (zone->unopened == 0)
        return false;
    while (region->zone != zone || page_opened(region) == region->count)
        region++;
    page_open_region(region);
    return true;
}
