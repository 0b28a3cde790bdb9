/* Counts of a cache, made when they are asked for. */
#include "slab_cache.h"

#include <mm/lock.h>

static size_t objects_at_hand(const struct kiln_cache *cache)
{
#if KILN_CONFIG_SMP
    size_t count = 0;

    for (unsigned i = 0; i < KILN_CACHE_CPUS; i++) {
        const struct kiln_magazine *magazine = cache->magazines[i];
        uint32_t top = magazine ? __atomic_load_n(&magazine->top, __ATOMIC_RELAXED) : 0;

        count += top ? top - cache->magazine_empty : 0;
    }
    return count;
#else
    return cache->magazine.top ? cache->magazine.top - cache->magazine_empty : 0;
#endif
}

void kiln_cache_get_stats(struct kiln_cache *cache, struct kiln_cache_stats *stats)
{
    uintptr_t state = mm_lock(&cache->lock);

    *stats = (struct kiln_cache_stats){.object_bytes = cache->object_bytes};
    if (cache->stride) {
        stats->at_hand = objects_at_hand(cache);
        stats->objects = cache->out - stats->at_hand;
        stats->slabs = cache->slabs;
        stats->slab_bytes = slab_bytes(cache);
        stats->slab_objects = cache->slab_objects;
        stats->stride_bytes = cache->stride;
    }
    mm_unlock(&cache->lock, state);
}
