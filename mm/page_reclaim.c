/* Reclaimers: who can give pages back is asked when a zone is short of them. */
#include "page_memory.h"

void page_reclaimer_add(struct page_reclaimer *reclaimer)
{
    uintptr_t state = mm_lock(&page_memory.start_lock);

    reclaimer->next = page_memory.reclaimers;
    __atomic_store_n(&page_memory.reclaimers, reclaimer, __ATOMIC_RELEASE);
    mm_unlock(&page_memory.start_lock, state);
}

size_t page_reclaim(size_t pages)
{
    struct page_reclaimer *reclaimer = __atomic_load_n(&page_memory.reclaimers, __ATOMIC_ACQUIRE);
    size_t freed = 0;

    for (; reclaimer && freed < pages; reclaimer = reclaimer->next)
        freed += reclaimer->reclaim(pages - freed);
    page_hot_drain(PAGE_WAIT);
    return freed;
}

/* When reclaimers cannot raise a zone above low, they are asked again once half is left: not at
 * every allocation. */
static void relieve(struct page_zone *zone)
{
    size_t free = page_zone_free(zone);
    size_t below = __atomic_load_n(&zone->reclaim_below, __ATOMIC_RELAXED);

    if (free < zone->low && free < below) {
        page_reclaim(zone->high - free);
        free = page_zone_free(zone);
    } else if (free < zone->low) {
        return;
    }
    __atomic_store_n(&zone->reclaim_below, free < zone->low ? free / 2 : zone->low,
                     __ATOMIC_RELAXED);
}

void page_relieve(struct page_zone *zone, unsigned flags)
{
    void (*short_of_pages)(void) = __atomic_load_n(&page_memory.short_of_pages, __ATOMIC_RELAXED);

    if (short_of_pages) {
        size_t free = page_zone_free(zone);

        if (free < zone->low && free < __atomic_load_n(&zone->reclaim_below, __ATOMIC_RELAXED))
            short_of_pages();
    } else if (flags & PAGE_WAIT) {
        relieve(zone);
    }
}

void page_relieve_zones(void)
{
    for (unsigned i = 0; i < PAGE_ZONES; i++)
        relieve(&page_memory.zones[i]);
}

void page_on_short(void (*short_of_pages)(void))
{
    __atomic_store_n(&page_memory.short_of_pages, short_of_pages, __ATOMIC_RELAXED);
}

void page_on_free(void (*pages_came_back)(void))
{
    __atomic_store_n(&page_memory.pages_came_back, pages_came_back, __ATOMIC_SEQ_CST);
}
