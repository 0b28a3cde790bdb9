/* Hot pages: a CPU keeps a few of the single pages that it freed last, and needs no lock for them.
 */
#include "page_memory.h"
#include <string.h>
#include <arch/irq.h>
#include <kiln/cpu.h>

struct page_hot page_hot_of[PAGE_CPUS];

/* A zone that is short of pages gives none in advance. */
void page_hot_fill(struct page_zone *zone)
{
    struct page_hot *hot = page_hot_of_this_cpu();
    size_t count = hot->count;

    while (count < PAGE_BATCH - 1 && zone->free_pages > zone->low) {
        struct page *page = page_zone_take(zone, 0);
        if (!page)
            break;
        page_set_head(page, PAGE_HEAD(PAGE_HOT_FREE, 0));
        hot->pages[++count] = (struct page_hot_page){page_address(page), page};
    }
    page_hot_set_count(hot, count);
}

/* Returns the coldest pages, which lie at the bottom. Interrupts masked. */
static void give_back(struct page_hot *hot, size_t count)
{
    struct page_zone *zone = page_memory.usual;
    size_t left = hot->count - count;
    uintptr_t state = mm_lock(&zone->lock);

    for (size_t i = 1; i <= count; i++) {
        uintptr_t address = hot->pages[i].address;
        page_zone_give(page_region_of(address), address / ARCH_PAGE_BYTES, 0);
    }
    memmove(&hot->pages[1], &hot->pages[count + 1], left * sizeof(hot->pages[0]));
    page_hot_set_count(hot, left);
    mm_unlock(&zone->lock, state);
}

void page_hot_push(uintptr_t address, struct page *page)
{
    uintptr_t state = arch_irq_save();
    struct page_hot *hot = page_hot_of_this_cpu();

    if (hot->count == PAGE_HOT)
        give_back(hot, PAGE_BATCH);
    page_set_head(page, PAGE_HEAD(PAGE_HOT_FREE, 0));
    hot->pages[hot->count + 1] = (struct page_hot_page){address, page};
    page_hot_set_count(hot, hot->count + 1);
    arch_irq_restore(state);
    page_tell_free();
}

static void drain_this_cpu(void *unused)
{
    uintptr_t state = arch_irq_save();
    struct page_hot *hot = page_hot_of_this_cpu();
    size_t count = hot->count;

    (void)unused;
    if (count)
        give_back(hot, count);
    arch_irq_restore(state);
    if (count)
        page_tell_free();
}

/* CPUs that have nothing are left in peace. */
void page_hot_drain(unsigned flags)
{
    drain_this_cpu(NULL);
    if (!KILN_CONFIG_SMP || !(flags & PAGE_WAIT))
        return;
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++)
        if (__atomic_load_n(&page_hot_of[cpu].count, __ATOMIC_RELAXED))
            kiln_cpu_call(cpu, drain_this_cpu, NULL);
}
