/* Hot pages: a CPU keeps a few of the single pages that it freed last, and needs no lock for them.
 */
#include "page_memory.h"
#include <string.h>
#include <arch/irq.h>
#include <kiln/cpu.h>

struct page_hot page_hot_of[PAGE_CPUS];

#define FILL_MOST   4u /* pages at a time */
#define MASKED_MOST 2u /* that go back while a caller has interrupts masked */

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

/* Takes the coldest pages, which lie at the bottom: few where interrupts stay masked. Returns how
 * many. Interrupts masked, before that as `state` says. */
static size_t take_cold(struct page_hot *hot, struct page_hot_page *cold, uintptr_t state)
{
    size_t most = arch_irq_state_is_off(state) ? MASKED_MOST : PAGE_BATCH;
    size_t count = hot->count < most ? hot->count : most, left = hot->count - count;

    memcpy(cold, &hot->pages[1], count * sizeof(*cold));
    memmove(&hot->pages[1], &hot->pages[count + 1], left * sizeof(*cold));
    page_hot_set_count(hot, left);
    return count;
}

/* Most are of the first region. */
static size_t give(uintptr_t address)
{
    struct page_region *region = page_regions;
    size_t frame = address / ARCH_PAGE_BYTES;

    if (frame - region->first >= page_opened(region))
        region = page_region_of(address);
    return page_zone_give(region, frame, 0);
}

/* They are in no list and on no stack, like pages in use, until they are back, some at a time. */
static void give_back(const struct page_hot_page *cold, size_t count)
{
    const struct page_hot_page *end = cold + count;
    struct page_zone *zone = page_memory.usual;

    while (cold < end) {
        uintptr_t state = mm_lock(&zone->lock);

        size_t work = 0;

        do
            work += PAGE_WORK(give(cold++->address));
        while (cold < end && work < PAGE_WORK_MOST);
        mm_unlock(&zone->lock, state);
    }
}

void page_hot_push(uintptr_t address, struct page *page)
{
    struct page_hot_page cold[PAGE_BATCH];
    size_t count = 0;
    uintptr_t state = arch_irq_save();
    struct page_hot *hot = page_hot_of_this_cpu();

    if (hot->count == PAGE_HOT)
        count = take_cold(hot, cold, state);
    page_set_head(page, PAGE_HEAD(PAGE_HOT_FREE, 0));
    hot->pages[hot->count + 1] = (struct page_hot_page){address, page};
    page_hot_set_count(hot, hot->count + 1);
    arch_irq_restore(state);
    give_back(cold, count);
    page_tell_free();
}

/* Some of this CPU's; false: it has none. */
static bool drain_some(void)
{
    struct page_hot_page cold[PAGE_BATCH];
    uintptr_t state = arch_irq_save();
    size_t count = take_cold(page_hot_of_this_cpu(), cold, state);

    arch_irq_restore(state);
    give_back(cold, count);
    if (count)
        page_tell_free();
    return count != 0;
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
