/* An interrupt's handler that uses the page allocator wherever interrupts are let through. */
#ifndef PAGE_INTERRUPTS_H
#define PAGE_INTERRUPTS_H

#include "page_sequence.h"

/* What has to hold at each moment, whoever is in the midst of what: lists and their bits agree, and
 * every page that is counted as free is in one of them, or behind a frontier. */
static void check_zone(const struct page_zone *zone)
{
    size_t free = zone->unopened;

    for (unsigned order = 0; order < PAGE_ORDERS; order++) {
        size_t count = zone->free[order].count;

        free += count << order;
        TEST_HOLDS((zone->orders >> order & 1) == (count > 0) &&
                       list_is_empty(&zone->free[order].blocks) == (count == 0),
                   "list %u, %zu blocks", order, count);
    }
    TEST_HOLDS(free == zone->free_pages, "%zu are free, not %zu", free, zone->free_pages);
}

static unsigned long interruptions;

/* A handler that allocates and frees each kind. */
static void interrupt(void)
{
    uintptr_t single, block, exact;

    host_cpu.in_interrupt = host_cpu.irqs_off = true;
    interruptions++;
    for (unsigned i = 0; page_memory.started && i < PAGE_ZONES; i++)
        check_zone(&page_memory.zones[i]);
    single = page_alloc(0, PAGE_RESERVE);
    block = page_alloc(interruptions % 4, 0);
    exact = page_alloc_exact(1 + interruptions % 7, 0);
    if (single)
        page_free(single, 0);
    if (block)
        page_free(block, interruptions % 4);
    if (exact)
        page_free_exact(exact, 1 + interruptions % 7);
    host_cpu.in_interrupt = host_cpu.irqs_off = false;
}

#endif
