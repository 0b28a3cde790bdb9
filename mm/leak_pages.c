/* Pages that somebody has but the heap: the program's own, mapped ones, objects of its caches. */
#include <mm/leak.h>

#if KILN_CONFIG_CHECK_LEAKS

#include "heap_plain.h"
#include "page_memory.h"
#include "slab_cache.h"

/* Hardened, objects tell whether they are free. */
static void reach_objects(const struct kiln_cache *cache, uintptr_t slab)
{
    uintptr_t end = slab + (ARCH_PAGE_BYTES << cache->slab_order);

    for (uintptr_t object = slab; object + cache->stride <= end; object += cache->stride)
        if (!SLAB_HARDENED ||
            *slab_word((void *)object, cache->tail) == slab_mark(cache, (const void *)object))
            leak_reach(object, object + cache->stride);
}

static void reach_block(const struct page *page, size_t pages)
{
    uintptr_t start = page_address(page);

    if (page->state == PAGE_ALLOCATED || page->state == PAGE_EXACT)
        leak_reach(start, start + pages * ARCH_PAGE_BYTES);
    else if (page->state == PAGE_SLAB && !heap_has_cache(page->owner))
        reach_objects(page->owner, start);
}

static size_t pages_of(const struct page *page)
{
    if (page->state == PAGE_EXACT || page->state == PAGE_LARGE)
        return page->pages;
    return (size_t)1 << page->order;
}

void leak_reach_pages(void)
{
    for (unsigned i = 0; i < page_memory.region_count; i++) {
        const struct page_region *region = &page_regions[i];
        size_t end = region->first + region->opened;

        for (size_t frame = region->first; frame < end;) {
            const struct page *page = page_descriptor(region, frame);
            size_t pages = pages_of(page);

            reach_block(page, pages);
            frame += pages;
        }
    }
}

#endif
