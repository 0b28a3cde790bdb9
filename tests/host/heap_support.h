/* What the heap on the host stands on: memory in two ranges, one CPU, no board's limits. */
#ifndef HEAP_SUPPORT_H
#define HEAP_SUPPORT_H

#include <board.h>
#include <mm/early.h>
#include <mm/page.h>
#include "panic_support.h"

#define MEMORY_BYTES ((size_t)24 << 20)
#define SMALL_BYTES  ((size_t)1 << 20)

static _Alignas(4 << 20) unsigned char memory[MEMORY_BYTES];

const struct board_facts board_facts;
struct arch_space arch_boot_space;

unsigned kiln_cpu_count(void)
{
    return 1;
}

unsigned kiln_cpu_id(void)
{
    return 0;
}

int kiln_cpu_call(unsigned cpu, void (*function)(void *argument), void *argument)
{
    (void)cpu;
    function(argument);
    return 0;
}

/* The large range is the first that the heap looks at. */
static inline void give_memory(void)
{
    mm_early_begin(0);
    mm_early_close();
    mm_early_add_range((uintptr_t)memory, SMALL_BYTES);
    mm_early_add_range((uintptr_t)memory + SMALL_BYTES + 4096, MEMORY_BYTES - SMALL_BYTES - 4096);
}

/* Pages that nobody has; what the allocator's own structures took stays away. */
static inline size_t free_pages(void)
{
    struct page_stats stats;
    size_t pages = 0;

    page_stats(&stats);
    for (unsigned zone = 0; zone < PAGE_ZONES; zone++)
        pages += stats.zones[zone].free_pages + stats.zones[zone].hot_pages;
    return pages;
}

#endif
