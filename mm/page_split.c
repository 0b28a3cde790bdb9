/* Cutting an allocated block into single pages, whose owner may then free some of them. */
#include "page_memory.h"
#include <kiln/panic.h>

void page_split(uintptr_t address, unsigned order)
{
    struct page *page = page_of(address);

    if (!page || page->state != PAGE_ALLOCATED || page->order != order || page->references != 1)
        kiln_panic("pages: 0x%zx is no block of order %u that could be split", address, order);
    struct page_zone *zone = page_region_of(address)->zone;
    size_t count = (size_t)1 << order;
    void *owner = page->owner;
    uintptr_t state = kiln_spin_lock(&zone->lock);

    for (size_t i = 0; i < count; i++) {
        page_set_head(&page[i], PAGE_HEAD_ALLOCATED(0));
        page[i].owner = owner;
    }
    zone->used[order]--;
    zone->used[0] += count;
    kiln_spin_unlock(&zone->lock, state);
}
