/*
 * Pages at particular addresses: below a limit, aligned. What is free is searched from the lowest
 * address on, where such memory is; the lists tell nothing of addresses.
 */
#include "page_memory.h"
#include <lib/align.h>
#include <mm/fault.h>
#include <mm/shadow.h>

/* In frames. */
struct wanted {
    size_t pages;
    size_t alignment;
    size_t limit; /* the first one out of reach */
    unsigned flags;
    bool is_dma; /* nowhere but in the zone that every device reaches */
};

/* Where in a free block the pages may begin; 0: nowhere. */
static size_t fit(const struct wanted *wanted, size_t frame, size_t end)
{
    size_t start = align_up(frame, wanted->alignment);

    if (end > wanted->limit)
        end = wanted->limit;
    return start < end && end - start >= wanted->pages ? start : 0;
}

/* Takes the pages out of the midst of a free block. */
static struct page *take(struct page_region *region, size_t frame, size_t start,
                         const struct wanted *wanted)
{
    struct page_zone *zone = region->zone;
    struct page *block = page_descriptor(region, frame);
    unsigned order = block->order;

    page_zone_remove(zone, block, order);
    page_zone_insert_rest(region, frame, start);
    page_zone_insert_rest(region, start + wanted->pages, frame + ((size_t)1 << order));
    return page_exact_make(region, start, wanted->pages);
}

/* Opens more of the region. Where a block of the top order may have become whole, the search goes
 * on where that begins. */
static void open_more(struct page_region *region, const struct wanted *wanted, size_t *at)
{
    size_t block = align_down(region->first + page_opened(region) - 1, PAGE_TOP_FRAMES);

    *at = wanted->limit;
    if (page_opened(region) == region->count)
        return;
    page_open_region(region);
    *at = region->first + page_opened(region);
    if (is_aligned(*at, PAGE_TOP_FRAMES) || page_opened(region) == region->count)
        *at = block > region->first ? block : region->first;
}

/* One look, with the lock, from *at on, which moves on; *at is the limit when that was the last. */
static struct page *look(struct page_region *region, const struct wanted *wanted, size_t *at)
{
    unsigned looks = PAGE_LOOKS;

    if (!page_zone_may_take(region->zone, wanted->pages, wanted->flags))
        *at = wanted->limit;
    while (*at < wanted->limit && looks-- > 0) {
        size_t frame = *at, start;
        if (frame >= region->first + page_opened(region)) {
            open_more(region, wanted, at);
            return NULL;
        }
        struct page head = {.head = page_head(page_descriptor(region, frame))};
        *at += head.state == PAGE_FREE ? (size_t)1 << head.order : 1;
        if (head.state == PAGE_FREE && (start = fit(wanted, frame, *at)) != 0)
            return take(region, frame, start, wanted);
    }
    return NULL;
}

static struct page *search(struct page_region *region, const struct wanted *wanted)
{
    size_t at = region->first;
    struct page *page = NULL;

    while (!page && at < wanted->limit) {
        uintptr_t state = mm_lock(&region->zone->lock);
        page = look(region, wanted, &at);
        mm_unlock(&region->zone->lock, state);
    }
    return page;
}

static uintptr_t search_all(const struct wanted *wanted)
{
    struct page *page = NULL;

    for (unsigned i = 0; !page && i < page_memory.region_count; i++)
        if (!wanted->is_dma || page_regions[i].zone == page_memory.zones)
            page = search(&page_regions[i], wanted);
    if (!page)
        return 0;
    if (KILN_CONFIG_CHECK_MEMORY)
        shadow_allow(page_address(page), wanted->pages * ARCH_PAGE_BYTES);
    return page_address(page);
}

/* What begins on no multiple of the alignment is left off at both ends: the allocation becomes up
 * to three, of which one is kept. */
static uintptr_t cut(uintptr_t address, size_t pages, const struct wanted *wanted)
{
    uintptr_t start = align_up(address, wanted->alignment * ARCH_PAGE_BYTES);
    size_t before = (start - address) / ARCH_PAGE_BYTES, behind = pages - before - wanted->pages;

    if (behind)
        page_exact_split(address, pages - behind);
    if (before)
        page_exact_split(address, before);
    if (behind)
        page_free_exact(start + wanted->pages * ARCH_PAGE_BYTES, behind);
    if (before)
        page_free_exact(address, before);
    return start;
}

/* More than a block can hold, or be aligned to. */
static uintptr_t take_many(const struct wanted *wanted)
{
    size_t pages = wanted->pages + wanted->alignment - 1;
    uintptr_t address = page_alloc_exact(pages, wanted->flags);

    if (address)
        address = cut(address, pages, wanted);
    if (!address || address / ARCH_PAGE_BYTES + wanted->pages <= wanted->limit)
        return address;
    page_free_exact(address, wanted->pages);
    return 0;
}

uintptr_t page_alloc_within(size_t pages, uintptr_t limit, size_t alignment, unsigned flags)
{
    const struct wanted wanted = {
        .pages = pages,
        .alignment = alignment / ARCH_PAGE_BYTES,
        .limit = (limit ? limit : UINTPTR_MAX) / ARCH_PAGE_BYTES,
        .flags = limit ? flags | PAGE_DMA : flags,
        .is_dma = flags & PAGE_DMA,
    };
    uintptr_t address =
        page_alloc_exact(pages, wanted.alignment > 1 ? wanted.flags | PAGE_ALIGNED : wanted.flags);
    size_t frame = address / ARCH_PAGE_BYTES;

    if (address && fit(&wanted, frame, frame + pages))
        return address;
    if (address)
        page_free_exact(address, pages);
    if (!page_is_started() || fault_hits())
        return 0;
    if (pages > PAGE_TOP_FRAMES || wanted.alignment > PAGE_TOP_FRAMES)
        return take_many(&wanted);
    address = search_all(&wanted);
    if (address)
        return address;
    page_hot_drain(flags);
    return search_all(&wanted);
}
