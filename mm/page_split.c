/* Cutting what was allocated into single pages, or blocks, whose owner may then free some of them.
 */
#include "page_memory.h"
#include <kiln/panic.h>

/* Heads of `count` blocks of an order, which all have the owner of the first. The zone's lock. */
static void make_blocks(struct page_zone *zone, struct page *page, size_t count, unsigned order)
{
    void *owner = page->owner;

    zone->used[order] += count;
    for (; count > 0; count--, page += (size_t)1 << order) {
        page_set_head(page, PAGE_HEAD_ALLOCATED(order));
        page->owner = owner;
    }
}

void page_split(uintptr_t address, unsigned order)
{
    struct page *page = page_of(address);

    if (!page || page->state != PAGE_ALLOCATED || page->order != order || page->references != 1)
        kiln_panic("pages: 0x%zx is no block of order %u that could be split", address, order);
    struct page_zone *zone = page_region_of(address)->zone;
    uintptr_t state = kiln_spin_lock(&zone->lock);

    zone->used[order]--;
    make_blocks(zone, page, (size_t)1 << order, 0);
    kiln_spin_unlock(&zone->lock, state);
}

void page_split_exact(uintptr_t address, size_t pages, unsigned order)
{
    struct page *page = page_of(address);

    if (!page || page->state != PAGE_EXACT || page->pages != pages || page->references != 1)
        kiln_panic("pages: 0x%zx is not %zu pages that could be split", address, pages);
    struct page_zone *zone = page_region_of(address)->zone;
    uintptr_t state = kiln_spin_lock(&zone->lock);

    zone->exact_pages -= pages;
    make_blocks(zone, page, pages >> order, order);
    kiln_spin_unlock(&zone->lock, state);
}
