/*
 * Exact allocations: of a block, what is too much goes back. What no block holds is a run of free
 * blocks side by side, searched from the lowest address on, as if all behind the frontier were one
 * of them.
 */
#include "page_memory.h"
#include <lib/align.h>

static unsigned order_of(size_t pages)
{
    return pages == 1 ? 0 : 8 * sizeof(long) - (unsigned)__builtin_clzl(pages - 1);
}

static struct page *make_exact(struct page_zone *zone, struct page *page, size_t pages)
{
    page_set_head(page, PAGE_HEAD(PAGE_EXACT, order_of(pages)) | UINT64_C(1) << 32);
    page->pages = pages;
    zone->exact_pages += pages;
    return page;
}

static struct page *take_block(struct page_zone *zone, size_t pages)
{
    unsigned order = order_of(pages);
    struct page *page = order <= PAGE_ORDER_TOP ? page_zone_take(zone, order) : NULL;

    if (!page)
        return NULL;
    struct page_region *region = page_region_of_descriptor(page);
    size_t frame = ((uintptr_t)page - region->origin) / sizeof(*page);
    size_t rest = ((size_t)1 << order) - pages;

    zone->used[order]--;
    page_zone_set_free(zone, zone->free_pages + rest);
    page_zone_insert(region, frame + pages, frame + pages + rest);
    return make_exact(zone, page, pages);
}

/* Where a run may begin: multiples of about a sixteenth of it, so that a search over memory in use
 * takes few steps. */
static size_t places(size_t pages)
{
    unsigned order = order_of(pages / 16 + 1);
    size_t place = (size_t)1 << (order < PAGE_ORDER_TOP ? order : PAGE_ORDER_TOP);

    return place > PAGE_OPEN_FRAMES ? place : PAGE_OPEN_FRAMES;
}

/* Returns the first frame of a run, 0: there is none. */
static size_t find_run(const struct page_region *region, size_t pages)
{
    size_t place = places(pages), start = region->first, frame = start;
    size_t frontier = start + page_opened(region), end = start + region->count;

    while (frame < frontier && frame - start < pages) {
        struct page head = {.head = page_head(page_descriptor(region, frame))};
        if (head.state == PAGE_FREE)
            frame += (size_t)1 << head.order;
        else
            start = frame = align_up(frame + 1, place);
    }
    return start < end && end - start >= pages ? start : 0;
}

/* The run is open, and free throughout. */
static struct page *take_run(struct page_region *region, size_t start, size_t pages)
{
    struct page_zone *zone = region->zone;
    size_t frame = start, end = start + pages;

    while (frame < end) {
        struct page *page = page_descriptor(region, frame);
        unsigned order = page->order;
        page_zone_remove(zone, page, order);
        frame += (size_t)1 << order;
    }
    page_zone_insert(region, end, frame);
    page_zone_set_free(zone, zone->free_pages - pages);
    return make_exact(zone, page_descriptor(region, start), pages);
}

/* One look at a region, with the lock: takes the run that is there, if it is open; else opens a
 * piece of it, which is *again. */
static struct page *look(struct page_region *region, size_t pages, unsigned flags, bool *again)
{
    size_t start = 0;

    *again = false;
    if (page_zone_may_take(region->zone, pages, flags))
        start = find_run(region, pages);
    if (start == 0)
        return NULL;
    if (start + pages <= region->first + page_opened(region))
        return take_run(region, start, pages);
    page_open_region(region, PAGE_TOP_FRAMES);
    *again = true;
    return NULL;
}

/* The lock is given back from time to time, since other CPUs and interrupts wait for it. */
static struct page *search(struct page_region *region, size_t pages, unsigned flags)
{
    struct page *page;
    bool again;

    do {
        uintptr_t state = mm_lock(&region->zone->lock);
        page = look(region, pages, flags, &again);
        mm_unlock(&region->zone->lock, state);
    } while (again);
    return page;
}

struct page *page_exact_take(struct page_zone *zone, size_t pages, unsigned flags)
{
    struct page *page = NULL;
    uintptr_t state = mm_lock(&zone->lock);

    if (page_zone_may_take(zone, pages, flags))
        page = take_block(zone, pages);
    mm_unlock(&zone->lock, state);
    for (unsigned i = 0; !page && i < page_memory.region_count; i++)
        if (page_regions[i].zone == zone)
            page = search(&page_regions[i], pages, flags);
    return page;
}

void page_exact_give(struct page_region *region, size_t frame, size_t pages)
{
    struct page_zone *zone = region->zone;

    page_set_head(page_descriptor(region, frame), 0);
    zone->exact_pages -= pages;
    page_zone_set_free(zone, zone->free_pages + pages);
    page_zone_insert(region, frame, frame + pages);
}
