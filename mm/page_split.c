/* Cutting what was allocated into single pages, or blocks, whose owner may then free some of them.
 */
#include "page_memory.h"
#include <kiln/panic.h>

/* Heads of `count` blocks of an order but the first's, whose owner they all have. Nobody refers to
 * them, and all that the allocator may ask about them is whether they are free: no lock. */
static void make_blocks(struct page *first, size_t count, unsigned order)
{
    struct page *page = first;

    while (--count > 0) {
        page += (size_t)1 << order;
        page_set_head(page, PAGE_HEAD_ALLOCATED(order));
        page->owner = first->owner;
    }
}

void page_split(uintptr_t address, unsigned order)
{
    struct page *page = page_of(address);

    if (!page || page->state != PAGE_ALLOCATED || page->order != order || page->references != 1)
        kiln_panic("pages: 0x%zx is no block of order %u that could be split", address, order);
    struct page_zone *zone = page_region_of(address)->zone;

    make_blocks(page, (size_t)1 << order, 0);
    uintptr_t state = mm_lock(&zone->lock);
    page_set_head(page, PAGE_HEAD_ALLOCATED(0));
    zone->used[order]--;
    zone->used[0] += (size_t)1 << order;
    mm_unlock(&zone->lock, state);
}

void page_split_exact(uintptr_t address, size_t pages, unsigned order)
{
    struct page *page = page_of(address);

    if (!page || page->state != PAGE_EXACT || page->pages != pages || page->references != 1)
        kiln_panic("pages: 0x%zx is not %zu pages that could be split", address, pages);
    struct page_zone *zone = page_region_of(address)->zone;

    make_blocks(page, pages >> order, order);
    uintptr_t state = mm_lock(&zone->lock);
    page_set_head(page, PAGE_HEAD_ALLOCATED(order));
    zone->exact_pages -= pages;
    zone->used[order] += pages >> order;
    mm_unlock(&zone->lock, state);
}
