/* Counts of the page allocator, as they are at one moment. */
#include "page_memory.h"

static size_t count_hot(void)
{
    size_t pages = 0;

    for (unsigned cpu = 0; cpu < PAGE_CPUS; cpu++)
        pages += __atomic_load_n(&page_hot_of[cpu].count, __ATOMIC_RELAXED);
    return pages;
}

static struct page_zone_stats stats_of(const struct page_zone *zone)
{
    struct page_zone_stats stats = {
        .total_pages = zone->total,
        .free_pages = zone->free_pages,
        .hot_pages = zone == page_memory.usual ? count_hot() : 0,
        .unopened_pages = zone->unopened,
        .exact_pages = zone->exact_pages,
        .descriptor_pages = zone->descriptors,
        .min = zone->min,
        .low = zone->low,
        .high = zone->high,
    };

    for (unsigned order = 0; order < PAGE_ORDERS; order++)
        stats.orders[order] = (struct page_order_stats){zone->free[order].count, zone->used[order]};
    stats.orders[0].used_blocks -= stats.hot_pages;
    return stats;
}

void page_stats(struct page_stats *stats)
{
    if (!page_is_started())
        page_start();
    for (unsigned i = 0; i < PAGE_ZONES; i++) {
        struct page_zone *zone = &page_memory.zones[i];
        uintptr_t state = mm_lock(&zone->lock);
        stats->zones[i] = stats_of(zone);
        mm_unlock(&zone->lock, state);
    }
    stats->regions = page_memory.region_count;
}

unsigned page_fragmentation(const struct page_zone_stats *zone, unsigned order)
{
    size_t useful = zone->unopened_pages;

    for (unsigned i = order; i < PAGE_ORDERS; i++)
        useful += zone->orders[i].free_blocks << i;
    return zone->free_pages ? (unsigned)((zone->free_pages - useful) * 1000 / zone->free_pages) : 0;
}
