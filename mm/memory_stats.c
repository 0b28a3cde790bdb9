/* Numbers to look at: put together from what allocators, caches and ranges count anyway. */
#include <kiln/memory.h>

#include <kiln/heap.h>
#include <kiln/system.h>
#include <mm/lock.h>
#include <mm/page.h>
#include <mm/traced.h>
#include "heap_large.h"
#include "vm_space.h"

static void count_zone(struct kiln_mem_zone *zone, const struct page_zone_stats *from)
{
    *zone = (struct kiln_mem_zone){
        .total_pages = from->total_pages,
        .descriptor_pages = from->descriptor_pages,
        .free_pages = from->free_pages,
        .unopened_pages = from->unopened_pages,
        .hot_pages = from->hot_pages,
        .exact_pages = from->exact_pages,
        .min_pages = from->min,
        .low_pages = from->low,
        .high_pages = from->high,
    };
    for (unsigned order = 0; order < KILN_MEM_ORDERS; order++)
        zone->orders[order] = (struct kiln_mem_order){
            .free_blocks = from->orders[order].free_blocks,
            .used_blocks = from->orders[order].used_blocks,
            .fragmentation = page_fragmentation(from, order),
        };
}

static void count_pages(struct kiln_memory *stats)
{
    struct page_stats pages;
    size_t managed = 0;

    page_stats(&pages);
    for (unsigned i = 0; i < PAGE_ZONES; i++) {
        const struct page_zone_stats *zone = &pages.zones[i];

        count_zone(&stats->zone[i], zone);
        stats->total_pages += zone->total_pages;
        stats->free_pages += zone->free_pages + zone->hot_pages;
        managed += zone->total_pages + zone->descriptor_pages;
        if (zone->total_pages)
            stats->zones_used = i + 1;
    }
    stats->used_pages = stats->total_pages - stats->free_pages;
    stats->ram_bytes = kiln_ram_bytes();
    stats->boot_bytes = stats->ram_bytes - managed * ARCH_PAGE_BYTES;
}

static void count_caches(struct kiln_memory *stats)
{
    for (struct kiln_cache *cache = NULL; (cache = kiln_cache_next(cache)) != NULL;) {
        struct kiln_cache_stats one;

        kiln_cache_get_stats(cache, &one);
        stats->caches++;
        stats->cache_objects += one.objects;
        stats->slab_pages += one.slabs * one.slab_bytes / ARCH_PAGE_BYTES;
    }
}

static void count_heap(struct kiln_memory *stats)
{
    struct kiln_heap_stats heap;
    size_t blocks;

    kiln_heap_get_stats(&heap);
    heap_large_count(&blocks, &stats->large_pages);
    stats->heap_blocks = heap.blocks;
    stats->heap_bytes = heap.used_bytes;
#if HEAP_TRACED
    struct traced_totals totals;

    traced_totals(&totals);
    stats->heap_peak_bytes = totals.peak_bytes;
#endif
}

/* The nth area as it is now; false: there are not so many. */
static bool get_area(size_t n, struct vm_area *area)
{
    uintptr_t state = mm_lock(&vm.lock);
    bool is_there = n < vm.count;

    if (is_there)
        *area = vm.areas[n];
    mm_unlock(&vm.lock, state);
    return is_there;
}

static size_t pages_in(uintptr_t start, uintptr_t end)
{
    size_t pages = 0;

    while (start < end) {
        uintptr_t state = mm_lock(&vm.lock);
        struct arch_mapping_info info = arch_mmu_query(&vm.space, start);
        uintptr_t next = (start & ~(info.block_bytes - 1)) + info.block_bytes;

        mm_unlock(&vm.lock, state);
        if (next > end)
            next = end;
        if (info.kind != ARCH_MAP_NONE)
            pages += (next - start) / ARCH_PAGE_BYTES;
        start = next;
    }
    return pages;
}

static size_t pages_without_access(void)
{
    uintptr_t state = mm_lock(&vm.lock);
    size_t pages = 0;

    list_for_each (node, &vm.no_access)
        pages += (size_t)1 << list_entry(node, struct page, link)->order;
    mm_unlock(&vm.lock, state);
    return pages;
}

static void count_ranges(struct kiln_memory *stats)
{
    struct vm_area area;

    for (; get_area(stats->ranges, &area); stats->ranges++) {
        stats->reserved_bytes += area.end - area.start;
        if (!area.is_mapped)
            continue;
        stats->mapped_bytes += area.end - area.start;
        stats->range_pages += pages_in(area.start, area.end);
    }
    if (stats->ranges)
        stats->range_pages += pages_without_access();
}

void kiln_mem_stats(struct kiln_memory *stats)
{
    *stats = (struct kiln_memory){0};
    count_pages(stats);
    count_caches(stats);
    count_heap(stats);
    count_ranges(stats);
    stats->other_pages =
        stats->used_pages - stats->slab_pages - stats->large_pages - stats->range_pages;
}
