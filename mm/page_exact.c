/*
 * Exact allocations. A block, and of that what is too much goes back; smaller blocks in front of it
 * are used up first, since they are mostly what an earlier one gave back: else blocks of 9 pages
 * would leave 7 of 16 unused. What no block holds is a run of free blocks side by side: around the
 * largest that there are, or searched from the lowest address on, as if all behind the frontier
 * were one of them.
 *
 * The lock is held, with interrupts masked, for some steps at a time. So a search may find what is
 * gone when it comes to take it; and what is taken, or given back, is at any time an exact
 * allocation of as many pages as it has just then.
 */
#include "page_memory.h"
#include <lib/align.h>
#include <mm/fault.h>

#define NEIGHBOURHOODS 8u  /* free blocks around which a run is searched, at most */
#define TAIL_LOOKS     16u /* for blocks in front of one */
#define RUN_LOOKS      10u /* at blocks of a neighbourhood */
#define REST_ORDER     5u  /* of a larger block what is too much goes back some at a time */
#define GROW_BLOCKS    6u  /* that are taken at a time */

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

    for (unsigned looks = TAIL_LOOKS; looks > 0 && i < order && frame - start < pages; looks--) {
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

/* Takes free blocks out of the lists from a frame to another one, where the last of them ends. */
static void remove_blocks(struct page_region *region, size_t frame, size_t end)
{
    while (frame < end) {
        struct page *page = page_descriptor(region, frame);
        unsigned order = page->order;
        page_zone_remove(region->zone, page, order);
        frame += (size_t)1 << order;
    }
}

static void count_exact(struct page_zone *zone, size_t more)
{
    page_zone_set_free(zone, zone->free_pages - more);
    zone->exact_pages += more;
}

/* The owner may have given the first page another state. */
static void set_pages(struct page *page, size_t pages)
{
    page->order = (uint8_t)order_of(pages);
    page->pages = pages;
}

struct page *page_exact_make(struct page_region *region, size_t frame, size_t pages)
{
    struct page *page = page_descriptor(region, frame);

    page_set_head(page, PAGE_HEAD(PAGE_EXACT, order_of(pages)) | UINT64_C(1) << 32);
    page->pages = pages;
    count_exact(region->zone, pages);
    return page;
}

/* Tails, and what is missing of the block behind them, or some more. The lock. */
static struct page *take_block(struct page_zone *zone, size_t pages, unsigned flags)
{
    unsigned order = order_of(pages);
    struct page *page = page_zone_first(zone, order);

    if (!page)
        return NULL;
    struct page_region *region = page_region_of_descriptor(page);
    size_t frame = frame_of(region, page), size = (size_t)1 << order, start = frame, end = frame;

    if (pages < size && !(flags & PAGE_ALIGNED))
        start = tails(region, frame, order, pages);
    if (frame - start < pages) {
        page_zone_take(zone, order);
        page_set_head(page, 0);
        zone->used[order]--;
        page_zone_set_free(zone, zone->free_pages + size);
        end = frame + size;
    }
    remove_blocks(region, start, frame);
    if (order > REST_ORDER && start + pages < end)
        return page_exact_make(region, start, end - start);
    page_zone_insert_rest(region, start + pages, end);
    return page_exact_make(region, start, pages);
}

/* Takes free pages from a frame on, not beyond another one: of some blocks, or of those behind the
 * frontier. Returns how many. The lock. */
static size_t take_from(struct page_region *region, size_t from, size_t end)
{
    size_t frame = from;

    if (from == region->first + page_opened(region))
        return page_open_taken(region, end);
    for (unsigned blocks = GROW_BLOCKS; blocks > 0 && frame < end; blocks--) {
        struct page *page = page_descriptor(region, frame);
        if (frame == region->first + page_opened(region))
            break;
        struct page head = {.head = page_head(page)};
        if (head.state != PAGE_FREE)
            break;
        size_t next = frame + ((size_t)1 << head.order);
        page_zone_remove(region->zone, page, head.order);
        if (next > end)
            page_zone_insert_rest(region, end, next);
        frame = next < end ? next : end;
    }
    return frame - from;
}

/* Has `*have` pages of an exact allocation become as many as are wanted, some at a time. False: not
 * all of these are free. */
static bool grow(struct page_region *region, size_t frame, size_t *have, size_t wanted,
                 unsigned flags)
{
    struct page *page = page_descriptor(region, frame);
    size_t more = 1;

    while (more && *have < wanted) {
        uintptr_t state = mm_lock(&region->zone->lock);
        more = page_zone_may_take(region->zone, wanted - *have, flags)
                   ? take_from(region, frame + *have, frame + wanted)
                   : 0;
        if (more && *have == 0) {
            page_exact_make(region, frame, more);
        } else if (more) {
            count_exact(region->zone, more);
            set_pages(page, *have + more);
        }
        *have += more;
        mm_unlock(&region->zone->lock, state);
    }
    return *have == wanted;
}

/* Takes a run that was seen. NULL: others were faster. */
static struct page *claim(struct page_region *region, size_t start, size_t pages, unsigned flags)
{
    size_t have = 0;

    if (grow(region, start, &have, pages, flags))
        return page_descriptor(region, start);
    if (have)
        page_exact_shrink(region, start, 0);
    return NULL;
}

/* Where a run may be: from `start` on all is free up to `frame`. start 0: nowhere. */
struct run {
    struct page_region *region;
    size_t start, frame;
};

/* Whether it is found, as far as it is open. */
static bool is_whole(const struct run *run, size_t pages)
{
    return run->frame >= run->start + pages ||
           run->frame >= run->region->first + page_opened(run->region);
}

/* Goes on by a block; false: that is not free. The lock. */
static bool follow(struct run *run)
{
    struct page head = {.head = page_head(page_descriptor(run->region, run->frame))};

    if (head.state != PAGE_FREE)
        return false;
    run->frame += (size_t)1 << head.order;
    return true;
}

/* Around one free block of a list. False: there are not so many. The lock. */
static bool look_around(struct page_zone *zone, unsigned order, unsigned number, size_t pages,
                        struct run *run)
{
    list_for_each (node, &zone->free[order].blocks) {
        if (number-- > 0)
            continue;
        struct page *page = list_entry(node, struct page, link);
        struct page_region *region = page_region_of_descriptor(page);
        size_t start = tails(region, frame_of(region, page), order_of(pages), pages);

        *run = (struct run){region, start, start};
        for (unsigned looks = RUN_LOOKS; looks > 0 && !is_whole(run, pages); looks--)
            if (!follow(run))
                break;
        if (run->frame < start + pages)
            run->start = 0;
        return true;
    }
    return false;
}

/* Any run of so many pages has in it a block of a quarter of the order at least. */
static struct page *take_neighbours(struct page_zone *zone, size_t pages, unsigned flags)
{
    unsigned order = order_of(pages), tries = NEIGHBOURHOODS;
    struct page *page = NULL;

    for (unsigned i = order; i > 0 && i + 2 > order; i--)
        for (unsigned number = 0; tries > 0 && !page; number++, tries--) {
            struct run run = {.start = 0};
            uintptr_t state = mm_lock(&zone->lock);
            bool has_one = look_around(zone, i - 1, number, pages, &run);
            mm_unlock(&zone->lock, state);
            if (!has_one)
                break;
            if (run.start)
                page = claim(run.region, run.start, pages, flags);
        }
    return page;
}

/* Where a run may begin: multiples of about a sixteenth of it, so that a search over memory in use
 * takes few steps. */
static size_t places(size_t pages)
{
    unsigned order = order_of(pages / 16 + 1);
    size_t place = (size_t)1 << (order < PAGE_ORDER_TOP ? order : PAGE_ORDER_TOP);

    return place > PAGE_OPEN_FRAMES ? place : PAGE_OPEN_FRAMES;
}

/* Looks for a run, some steps at a time. True: the search is over. The lock. */
static bool find_some(struct run *run, size_t pages, size_t place)
{
    size_t end = run->region->first + run->region->count;

    for (unsigned looks = PAGE_LOOKS; looks > 0; looks--) {
        if (run->start >= end || end - run->start < pages) {
            run->start = 0;
            return true;
        }
        if (is_whole(run, pages))
            return true;
        if (!follow(run))
            run->start = run->frame = align_up(run->frame + 1, place);
    }
    return false;
}

/* Moves the frontier to a frame, so that one can be taken from there on. */
static void open_to(struct page_region *region, size_t frame)
{
    while (region->first + page_opened(region) < frame) {
        uintptr_t state = mm_lock(&region->zone->lock);
        if (region->first + page_opened(region) < frame)
            page_open_region(region);
        mm_unlock(&region->zone->lock, state);
    }
}

static struct page *search(struct page_region *region, size_t pages, unsigned flags)
{
    size_t place = flags & PAGE_NATURAL ? pages : places(pages);
    size_t first = flags & PAGE_NATURAL ? align_up(region->first, place) : region->first;
    struct run run = {region, first, first};
    struct page *page = NULL;

    while (run.start && !page) {
        uintptr_t state = mm_lock(&region->zone->lock);
        bool may_take = page_zone_may_take(region->zone, pages, flags);
        bool is_over = may_take && find_some(&run, pages, place);
        mm_unlock(&region->zone->lock, state);
        if (!may_take)
            return NULL;
        if (is_over && run.start) {
            open_to(region, run.start);
            page = claim(region, run.start, pages, flags);
            run.frame = run.start;
        }
    }
    return page;
}

struct page *page_exact_take(struct page_zone *zone, size_t pages, unsigned flags)
{
    bool is_block = order_of(pages) <= PAGE_ORDER_TOP, may_take = is_block, goes_on = is_block;
    struct page *page = NULL;

    while (goes_on && !page) {
        uintptr_t state = mm_lock(&zone->lock);
        may_take = page_zone_may_take(zone, pages, flags);
        if (may_take)
            page = take_block(zone, pages, flags);
        goes_on = may_take && !page && page_open_zone(zone);
        mm_unlock(&zone->lock, state);
    }
    if (page && page->pages > pages) {
        struct page_region *region = page_region_of_descriptor(page);
        page_exact_shrink(region, frame_of(region, page), pages);
    }
    if (may_take && !page)
        page = take_neighbours(zone, pages, flags);
    for (unsigned i = 0; !page && i < page_memory.region_count; i++)
        if (page_regions[i].zone == zone)
            page = search(&page_regions[i], pages, flags);
    return page;
}

/* Some of the last ones. False: no more than so many are left. The lock. */
static bool shrink(struct page_region *region, size_t frame, size_t pages)
{
    struct page *page = page_descriptor(region, frame);
    size_t was = page->pages, end = frame + was, work = 0;

    while (end > frame + pages && work < PAGE_WORK_MOST) {
        unsigned order = page_zone_last_order(frame + pages, end);
        end -= (size_t)1 << order;
        if (end > frame)
            set_pages(page, end - frame);
        else
            page_set_head(page, 0);
        work += PAGE_WORK(page_zone_insert_block(region, end, order) >> order);
    }
    count_exact(region->zone, end - frame - was);
    return end > frame + pages;
}

void page_exact_shrink(struct page_region *region, size_t frame, size_t pages)
{
    bool goes_on = true;

    while (goes_on) {
        uintptr_t state = mm_lock(&region->zone->lock);
        goes_on = shrink(region, frame, pages);
        mm_unlock(&region->zone->lock, state);
    }
}

/* Both are the caller's, and neither is free: no lock. */
void page_exact_split(uintptr_t address, size_t pages)
{
    struct page *page = page_of(address), *rest = page + pages;

    rest->pages = page->pages - pages;
    page_set_head(rest, PAGE_HEAD(PAGE_EXACT, order_of(rest->pages)) | UINT64_C(1) << 32);
    set_pages(page, pages);
}

bool page_resize_exact(uintptr_t address, size_t pages, unsigned flags)
{
    struct page *page = page_of(address);
    struct page_region *region = page_region_of(address);
    size_t frame = address / ARCH_PAGE_BYTES, was = page->pages, have = was;
    bool is_done = pages <= was || (!fault_hits() && grow(region, frame, &have, pages, flags));

    if (!is_done)
        pages = was;
    if (pages < have) {
        page_exact_shrink(region, frame, pages);
        page_tell_free();
    }
    return is_done;
}
