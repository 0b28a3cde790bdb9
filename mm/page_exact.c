/*
 * Exact allocations. A block, and of that what is too much goes back; smaller blocks in front of it
 * are used up first, since they are mostly what an earlier one gave back: else blocks of 9 pages
 * would leave 7 of 16 unused. What no block holds is a run of free blocks side by side: around the
 * largest that there are, or searched from the lowest address on, as if all behind the frontier
 * were one of them.
 */
#include "page_memory.h"
#include <lib/align.h>
#include <mm/fault.h>

#define NEIGHBOURHOODS 16u /* free blocks around which a run is searched, at most */

static unsigned order_of(size_t pages)
{
    return pages == 1 ? 0 : 8 * sizeof(long) - (unsigned)__builtin_clzl(pages - 1);
}

static size_t frame_of(const struct page_region *region, const struct page *page)
{
    return ((uintptr_t)page - region->origin) / sizeof(*page);
}

static bool is_free_block(const struct page_region *region, size_t frame, unsigned order)
{
    return page_head(page_descriptor(region, frame)) == PAGE_HEAD(PAGE_FREE, order);
}

/* The first frame of free blocks below so large an order that stand in front of a frame, of at
 * most about so many pages. */
static size_t tails(const struct page_region *region, size_t frame, unsigned order, size_t pages)
{
    size_t start = frame;
    unsigned i = 0;

    while (i < order && frame - start < pages) {
        size_t size = (size_t)1 << i;
        if (start & (size - 1) || start - region->first < size)
            break;
        if (is_free_block(region, start - size, i++)) {
            start -= size;
            i = 0;
        }
    }
    return start;
}

/* Where free blocks that follow each other from a frame on end, or go on behind another one. */
static size_t run_end(const struct page_region *region, size_t frame, size_t end)
{
    size_t frontier = region->first + page_opened(region);

    while (frame < frontier && frame < end) {
        struct page head = {.head = page_head(page_descriptor(region, frame))};
        if (head.state != PAGE_FREE)
            break;
        frame += (size_t)1 << head.order;
    }
    return frame;
}

/* Takes free blocks out of the lists from a frame to another one, and back what is behind that. */
static void remove_blocks(struct page_region *region, size_t frame, size_t end)
{
    while (frame < end) {
        struct page *page = page_descriptor(region, frame);
        unsigned order = page->order;
        page_zone_remove(region->zone, page, order);
        frame += (size_t)1 << order;
    }
    page_zone_insert(region, end, frame);
}

struct page *page_exact_make(struct page_region *region, size_t frame, size_t pages)
{
    struct page *page = page_descriptor(region, frame);

    page_set_head(page, PAGE_HEAD(PAGE_EXACT, order_of(pages)) | UINT64_C(1) << 32);
    page->pages = pages;
    page_zone_set_free(region->zone, region->zone->free_pages - pages);
    region->zone->exact_pages += pages;
    return page;
}

static struct page *take_block(struct page_zone *zone, size_t pages, unsigned flags)
{
    unsigned order = order_of(pages);
    struct page *page = order <= PAGE_ORDER_TOP ? page_zone_take(zone, order) : NULL;

    if (!page)
        return NULL;
    struct page_region *region = page_region_of_descriptor(page);
    size_t frame = frame_of(region, page), size = (size_t)1 << order, start = frame;

    page_set_head(page, 0);
    zone->used[order]--;
    page_zone_set_free(zone, zone->free_pages + size);
    if (pages < size && !(flags & PAGE_ALIGNED)) {
        start = tails(region, frame, order, pages);
        remove_blocks(region, start, frame);
    }
    page_zone_insert(region, start + pages, frame + size);
    return page_exact_make(region, start, pages);
}

/* Any run of so many pages has in it a block of a quarter of the order at least. */
static struct page *take_neighbours(struct page_zone *zone, size_t pages)
{
    unsigned order = order_of(pages), tries = NEIGHBOURHOODS;

    for (unsigned i = order; i > 0 && i + 2 > order; i--)
        list_for_each (node, &zone->free[i - 1].blocks) {
            struct page *page = list_entry(node, struct page, link);
            struct page_region *region = page_region_of_descriptor(page);
            size_t start = tails(region, frame_of(region, page), order, pages);

            if (run_end(region, start, start + pages) >= start + pages) {
                remove_blocks(region, start, start + pages);
                return page_exact_make(region, start, pages);
            }
            if (--tries == 0)
                return NULL;
        }
    return NULL;
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
static size_t find_run(const struct page_region *region, size_t pages, unsigned flags)
{
    size_t place = flags & PAGE_NATURAL ? pages : places(pages), frame;
    size_t start = flags & PAGE_NATURAL ? align_up(region->first, place) : region->first;
    size_t frontier = region->first + page_opened(region), end = region->first + region->count;

    while ((frame = run_end(region, start, start + pages)) < frontier && frame < start + pages)
        start = align_up(frame + 1, place);
    return start < end && end - start >= pages ? start : 0;
}

/* Takes the run that is there, if it is open; else opens a piece of it, gives the lock back, since
 * other CPUs and interrupts wait for it, and looks again. */
static struct page *search(struct page_region *region, size_t pages, unsigned flags)
{
    struct page *page = NULL;
    size_t start;

    do {
        uintptr_t state = mm_lock(&region->zone->lock);
        start = page_zone_may_take(region->zone, pages, flags) ? find_run(region, pages, flags) : 0;
        if (start != 0 && start + pages > region->first + page_opened(region)) {
            page_open_region(region, PAGE_TOP_FRAMES);
        } else if (start != 0) {
            remove_blocks(region, start, start + pages);
            page = page_exact_make(region, start, pages);
        }
        mm_unlock(&region->zone->lock, state);
    } while (start != 0 && !page);
    return page;
}

struct page *page_exact_take(struct page_zone *zone, size_t pages, unsigned flags)
{
    struct page *page = NULL;
    uintptr_t state = mm_lock(&zone->lock);

    if (page_zone_may_take(zone, pages, flags) && !(page = take_block(zone, pages, flags)) &&
        order_of(pages) <= PAGE_ORDER_TOP)
        page = take_neighbours(zone, pages);
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

/* Makes sure that pages up to `end`, behind which there may be no frontier, are open; not at any
 * price: interrupts are masked. */
static bool open_to(struct page_region *region, size_t end)
{
    size_t frontier = region->first + page_opened(region);

    if (end > region->first + region->count || end > frontier + PAGE_TOP_FRAMES)
        return false;
    while (region->first + page_opened(region) < end)
        page_open_region(region, PAGE_OPEN_FRAMES);
    return true;
}

/* Zone's lock. */
static bool grow(struct page_region *region, size_t from, size_t end, unsigned flags)
{
    size_t frontier = region->first + page_opened(region);
    size_t pages = end - from;

    if (!page_zone_may_take(region->zone, pages, flags) ||
        run_end(region, from, end) < (end < frontier ? end : frontier) || !open_to(region, end))
        return false;
    remove_blocks(region, from, end);
    page_zone_set_free(region->zone, region->zone->free_pages - pages);
    return true;
}

bool page_resize_exact(uintptr_t address, size_t pages, unsigned flags)
{
    struct page *page = page_of(address);
    struct page_region *region = page_region_of(address);
    struct page_zone *zone = region->zone;
    uintptr_t state = mm_lock(&zone->lock);
    size_t first = address / ARCH_PAGE_BYTES, was = page->pages;
    bool is_done =
        pages <= was || (!fault_hits() && grow(region, first + was, first + pages, flags));

    if (pages < was) {
        page_zone_set_free(zone, zone->free_pages + was - pages);
        page_zone_insert(region, first + pages, first + was);
    }
    if (is_done) {
        page->order = (uint8_t)order_of(pages);
        page->pages = pages;
        zone->exact_pages += pages - was;
    }
    mm_unlock(&zone->lock, state);
    page_tell_free();
    return is_done;
}
