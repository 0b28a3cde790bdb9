/*
 * Caches as mm/ sees them: the fast paths, inline.
 *
 * Hardened, an object has two words that tell what it is, its address mixed with the cache's key
 * being M: the one at `mark` (the first, or behind a constructed object) is M while it is free; the
 * last one is M while it is allocated, its address in a magazine, and ~M mixed with the link in a
 * slab's list. So a write to a free object, one beyond an allocated object's end, a second free and
 * a stray pointer all show. Not hardened, a free object has a link where the mark would be.
 */
#ifndef MM_SLAB_CACHE_H
#define MM_SLAB_CACHE_H

#include <arch/cpu.h>
#include <arch/irq.h>
#include <kiln/cache.h>
#include <lib/list.h>
#include <mm/page.h>

#define SLAB_HARDENED KILN_CONFIG_HEAP_HARDENED
#define SLAB_TOP_MOST KILN_CACHE_SLOTS /* top of a full magazine */

/* Bytes of an object's slot that are not the program's, when there is no constructor. */
#define SLAB_OWN_BYTES (SLAB_HARDENED ? sizeof(uintptr_t) : 0)

static inline size_t slab_bytes(const struct kiln_cache *cache)
{
    return ARCH_PAGE_BYTES << cache->slab_order;
}

static inline struct list_node *slab_list(struct kiln_cache_list *list)
{
    return (struct list_node *)(void *)list;
}

/* Writes to a descriptor's head, which the page allocator may be reading for a block beside it. */
static inline void slab_set_state(struct page *page, enum page_state state)
{
    __atomic_store_n(&page->state, (uint8_t)state, __ATOMIC_RELAXED);
}

static inline void slab_set_in_use(struct page *page, unsigned in_use)
{
    __atomic_store_n(&page->in_use, (uint16_t)in_use, __ATOMIC_RELAXED);
}

static inline struct kiln_magazine *slab_magazine(struct kiln_cache *cache)
{
#if KILN_CONFIG_SMP
    return cache->magazines[arch_cpu_id()];
#else
    return &cache->magazine;
#endif
}

/* Its objects begin behind a word that is 0 until the first use, and then below the bottom. */
static inline void **slab_slots(struct kiln_magazine *magazine)
{
    return (void **)(void *)magazine;
}

static inline uintptr_t *slab_word(void *object, size_t offset)
{
    return (uintptr_t *)((uintptr_t)object + offset);
}

static inline uintptr_t slab_mark(const struct kiln_cache *cache, const void *object)
{
    return cache->key ^ (uintptr_t)object;
}

/* The slow paths, in slab.c and slab_reclaim.c. Thread context, interrupts as they are: an object
 * or NULL. */
void *slab_allocate(struct kiln_cache *cache);

/* Takes an object back that the magazine has no room for, or for which there is none. Interrupts
 * masked, then as `state` says. */
void slab_free(struct kiln_cache *cache, void *object, uintptr_t state);

/* Takes an object back into its slab. Cache's lock. */
void slab_put(struct kiln_cache *cache, void *object);

/* Makes a cache known to the reclaimer, which the first one registers. */
void slab_enlist(struct kiln_cache *cache);

/* An object's last or first word is not what it should be: ends the program. */
_Noreturn void slab_refuse(struct kiln_cache *cache, void *object);
_Noreturn void slab_refuse_free(struct kiln_cache *cache, void *object);

/* Panics unless the object is one that is allocated, as far as its words tell. */
static inline void slab_verify(struct kiln_cache *cache, void *object)
{
    if (SLAB_HARDENED && *slab_word(object, cache->tail) != slab_mark(cache, object))
        slab_refuse(cache, object);
}

/* An object from this CPU's magazine; NULL when that is empty. */
static inline void *slab_take(struct kiln_cache *cache, size_t mark_at)
{
    uintptr_t state = arch_irq_save();
    struct kiln_magazine *magazine = slab_magazine(cache);
    void *object = NULL;

    if (!KILN_CONFIG_SMP || magazine) {
        uint32_t top = magazine->top, tail = magazine->tail;

        object = slab_slots(magazine)[top];
        if (__builtin_expect(object != NULL, 1)) {
            uintptr_t mark = slab_mark(cache, object);

            magazine->top = top - 1;
            if (SLAB_HARDENED && __builtin_expect(*slab_word(object, mark_at) != mark, 0))
                slab_refuse_free(cache, object);
            if (SLAB_HARDENED)
                *slab_word(object, tail) = mark;
        }
    }
    arch_irq_restore(state);
    return object;
}

/* Puts an object into this CPU's magazine, or where there is room. */
static inline void slab_give(struct kiln_cache *cache, void *object, size_t mark_at)
{
    uintptr_t state = arch_irq_save();
    struct kiln_magazine *magazine = slab_magazine(cache);
    uintptr_t mark = slab_mark(cache, object);

    if (KILN_CONFIG_SMP && !magazine) {
        slab_free(cache, object, state);
        return;
    }
    uint32_t top = magazine->top, tail = magazine->tail;
    if (SLAB_HARDENED && __builtin_expect(*slab_word(object, tail) != mark, 0))
        slab_refuse(cache, object);
    if (__builtin_expect(top >= SLAB_TOP_MOST, 0)) {
        slab_free(cache, object, state);
        return;
    }
    magazine->top = top + 1;
    slab_slots(magazine)[top + 1] = object;
    if (SLAB_HARDENED) {
        *slab_word(object, mark_at) = mark;
        *slab_word(object, tail) = (uintptr_t)object;
    }
    arch_irq_restore(state);
}

#endif
