/* Hot pages: a CPU keeps a few of the single pages that it freed last, and needs no lock for them.
 */
#include "page_memory.h"
#include <string.h>
#include <arch/irq.h>
#include <kiln/cpu.h>

struct page_hot page_hot_of[PAGE_CPUS];

#define FILL_MOST 4u /* pages at a time */

/* A zone that is short of pages gives none in advance. */
static void fill(struct page_zone *zone)
{
    uintptr_t state = mm_lock(&zone->lock);
    struct page_hot *hot = page_hot_of_this_cpu();
    size_t count = hot->count;

    for (unsigned left = FILL_MOST; left > 0 && count < PAGE_BATCH - 1; left--) {
        struct page *page = zone->free_pages > zone->low ? page_zone_take(zone, 0) : NULL;
        if (!page)
            break;
        page_set_head(page, PAGE_HEAD(PAGE_HOT_FREE, 0));
        hot->pages[++count] = (struct page_hot_page){page_address(page), page};
    }
    page_hot_set_count(hot, count);
    mm_unlock(&zone->lock, state);
}

void page_hot_fill(struct page_zone *zone)
{
    for (unsigned pages = 0; pages < PAGE_BATCH; pages += FILL_MOST)
        fill(zone);
}

/* Returns some of the coldest pages, which lie at the bottom. Interrupts masked. */
static void give_back(struct page_hot *hot)
{
    struct page_zone *zone = page_memory.usual;
    size_t given = 0, work = 0;
    uintptr_t state = mm_lock(&zone->lock);

    while (given < hot->count && work < PAGE_WORK_MOST) {
        uintptr_t address = hot->pages[++given].address;
        work += PAGE_WORK(page_zone_give(page_region_of(address), address / ARCH_PAGE_BYTES, 0));
    }
    size_t left = hot->count - given;
    memmove(&hot->pages[1], &hot->pages[given + 1], left * sizeof(hot->pages[0]));
    page_hot_set_count(hot, left);
    mm_unlock(&zone->lock, state);
}

void page_hot_push(uintptr_t address, struct page *page)
{
    uintptr_t state = arch_irq_save();
    struct page_hot *hot = page_hot_of_this_cpu();

    if (hot->count == PAGE_HOT)
        give_back(hot);
    page_set_head(page, PAGE_HEAD(PAGE_HOT_FREE, 0));
    hot->pages[hot->count + 1] = (struct page_hot_page){address, page};
    page_hot_set_count(hot, hot->count + 1);
    arch_irq_restore(state);
    page_tell_free();
}

/* Some of this CPU's; false: it has none. */
static bool drain_some(void)
{
    uintptr_t state = arch_irq_save();
    struct page_hot *hot = page_hot_of_this_cpu();
    bool has_some = hot->count != 0;

    if (has_some)
        give_back(hot);
    arch_irq_restore(state);
    if (has_some)
        page_tell_free();
    return has_some;
}

static void drain_called(void *unused)
{
    (void)unused;
    drain_some();
}

/* CPUs that have nothing are left in peace; the others go on with their own between the calls, and
 * so may always have some. */
void page_hot_drain(unsigned flags)
{
    for (unsigned left = PAGE_HOT; left > 0 && drain_some(); left--)
        ;
    if (!KILN_CONFIG_SMP || !(flags & PAGE_WAIT))
        return;
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++)
        for (unsigned left = PAGE_HOT;
             left > 0 && __atomic_load_n(&page_hot_of[cpu].count, __ATOMIC_RELAXED); left--)
            kiln_cpu_call(cpu, drain_called, NULL);
}
