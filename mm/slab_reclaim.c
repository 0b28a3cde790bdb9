/*
 * What goes back: objects from magazines to their slabs, slabs without objects to the pages, all of
 * them when memory is short. The cache's lock is held, with interrupts masked, for some objects at
 * a time.
 */
#include "slab_cache.h"

#include <limits.h>
#include <string.h>
#include <kiln/cpu.h>
#include <kiln/memory.h>
#include <kiln/panic.h>
#include <mm/lock.h>

#define EMPTY_MOST  1u /* slabs without objects that a cache keeps */
#define FLUSH_BATCH 3u /* objects at a time */
#define EMPTY_BATCH 8u /* slabs without objects at a time */

static struct kiln_cache *caches; /* grows at its front, atomic */

/* Takes slabs without objects out of the lists, but so many. Cache's lock. */
static void take_empty(struct kiln_cache *cache, unsigned keep, struct list_node *slabs)
{
    for (unsigned left = EMPTY_BATCH; left > 0 && cache->empty_slabs > keep; left--) {
        list_add_last(slabs, list_take_first(slab_list(&cache->empty)));
        cache->empty_slabs--;
        cache->slabs--;
    }
}

/* Those are the caller's. Returns how many pages they had. */
static size_t release(const struct kiln_cache *cache, struct list_node *slabs)
{
    size_t freed = 0, pages = (size_t)1 << cache->slab_order;

    list_for_each_safe (node, slabs) {
        struct page *page = list_entry(node, struct page, link);

        slab_set_state(page, PAGE_ALLOCATED);
        for (size_t i = 1; i < pages; i++)
            slab_set_state(&page[i], PAGE_INSIDE);
        page_free(page_address(page), cache->slab_order);
        freed += pages;
    }
    return freed;
}

/* Some of the oldest objects go back to their slabs, the others move down. Returns how many.
 * Cache's lock. */
static unsigned flush(struct kiln_cache *cache, struct kiln_magazine *magazine, unsigned most)
{
    unsigned have = magazine && magazine->top ? magazine->top - cache->magazine_empty : 0;
    unsigned count = most < have ? most : have;

    if (count == 0)
        return 0;
    void **slots = slab_slots(magazine) + cache->magazine_empty + 1;
    for (unsigned i = 0; i < count; i++)
        slab_put(cache, slots[i]);
    memmove(slots, slots + count, (have - count) * sizeof(*slots));
    magazine->top -= count;
    return count;
}

void slab_free(struct kiln_cache *cache, void *object, uintptr_t state)
{
    struct list_node slabs = LIST_INIT(slabs);
    uintptr_t masked = mm_lock(&cache->lock);

    slab_verify(cache, object);
    flush(cache, slab_magazine(cache), FLUSH_BATCH);
    slab_put(cache, object);
    take_empty(cache, EMPTY_MOST, &slabs);
    mm_unlock(&cache->lock, masked);
    arch_irq_restore(state);
    release(cache, &slabs);
}

/* Some of what this CPU has at hand, and some slabs. False: there is no more. */
static bool trim_some(struct kiln_cache *cache, unsigned keep, struct list_node *slabs)
{
    uintptr_t state = mm_lock(&cache->lock);
    bool has_more = flush(cache, slab_magazine(cache), FLUSH_BATCH) == FLUSH_BATCH;

    take_empty(cache, keep, slabs);
    has_more |= cache->empty_slabs > keep;
    mm_unlock(&cache->lock, state);
    return has_more;
}

/* Pages that it freed. */
static size_t trim(struct kiln_cache *cache)
{
    struct list_node slabs = LIST_INIT(slabs);

    while (trim_some(cache, 0, &slabs))
        ;
    return release(cache, &slabs);
}

static size_t trim_all(size_t pages)
{
    struct kiln_cache *cache = __atomic_load_n(&caches, __ATOMIC_ACQUIRE);
    size_t freed = 0;

    for (; cache && freed < pages; cache = cache->next)
        freed += trim(cache);
    return freed;
}

#if KILN_CONFIG_SMP
static void flush_called(void *cache)
{
    struct list_node slabs = LIST_INIT(slabs);

    trim_some(cache, UINT_MAX, &slabs);
}

static bool has_objects(const struct kiln_cache *cache, unsigned cpu)
{
    const struct kiln_magazine *magazine =
        __atomic_load_n(&cache->magazines[cpu], __ATOMIC_RELAXED);

    return magazine && __atomic_load_n(&magazine->top, __ATOMIC_RELAXED) > cache->magazine_empty;
}

/* What other CPUs have at hand, each goes on with its own between the calls. */
static void flush_others(struct kiln_cache *cache)
{
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++)
        for (unsigned left = KILN_CACHE_SLOTS; left > 0 && has_objects(cache, cpu); left--)
            kiln_cpu_call(cpu, flush_called, cache);
}
#else
static void flush_others(struct kiln_cache *cache)
{
    (void)cache;
}
#endif

/* A CPU's magazines are emptied by itself, the others' when this one's are not enough. */
static size_t reclaim(size_t pages)
{
    struct kiln_cache *cache = __atomic_load_n(&caches, __ATOMIC_ACQUIRE);
    size_t freed = trim_all(pages);

    for (; KILN_CONFIG_SMP && cache && freed < pages; cache = cache->next) {
        flush_others(cache);
        freed += trim(cache);
    }
    return freed;
}

void slab_enlist(struct kiln_cache *cache)
{
    static struct page_reclaimer reclaimer = {.reclaim = reclaim};

    do {
        cache->next = __atomic_load_n(&caches, __ATOMIC_RELAXED);
    } while (!__atomic_compare_exchange_n(&caches, &cache->next, cache, false, __ATOMIC_RELEASE,
                                          __ATOMIC_RELAXED));
    if (!cache->next)
        page_reclaimer_add(&reclaimer);
}

struct kiln_cache *kiln_cache_next(struct kiln_cache *cache)
{
    return cache ? cache->next : __atomic_load_n(&caches, __ATOMIC_ACQUIRE);
}

void kiln_cache_trim(struct kiln_cache *cache)
{
    KILN_ASSERT(!arch_in_interrupt());
    if (__atomic_load_n(&cache->stride, __ATOMIC_ACQUIRE))
        trim(cache);
}
