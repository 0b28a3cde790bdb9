/*
 * Slabs: blocks of pages cut into objects of one size (Bonwick, "The slab allocator", USENIX Summer
 * 1994), with a magazine of free objects for each CPU in front (Bonwick and Adams, "Magazines and
 * Vmem", USENIX 2001). The cache's lock protects slabs; a magazine is its CPU's, interrupts masked.
 *
 * Every page of a slab has the cache as its owner; the first one's in_use counts the objects that
 * are out, in magazines too. At a slab's end stands which of its objects are free.
 */
#include "slab_cache.h"

#include <lib/list.h>
#include <kiln/panic.h>
#include <kiln/system.h>
#include <mm/fault.h>
#include <mm/lock.h>
#include <mm/page.h>
#include <mm/shadow.h>

#define WORD            sizeof(uintptr_t)
#define MAGAZINE_BYTES  16384u /* a CPU keeps no more at hand, beyond MAGAZINE_LEAST objects */
#define MAGAZINE_LEAST  3u
#define WASTE_SHARE     8u /* of a slab may be unused, if a larger one would not be too large */
#define SLAB_ORDER_MOST 8u
#define TAKE_SLABS      2u /* slabs that are looked at for objects, interrupts masked */

/* At the end of a slab. */
struct slab_end {
    void *free;      /* list of objects that came back */
    uintptr_t fresh; /* objects from this one on were never out */
};

static uintptr_t slab_of(const struct kiln_cache *cache, const void *object)
{
    return (uintptr_t)object & ~(slab_bytes(cache) - 1);
}

static struct slab_end *end_of(const struct kiln_cache *cache, uintptr_t slab)
{
    return (struct slab_end *)(slab + slab_bytes(cache)) - 1;
}

static uintptr_t *link_word(const struct kiln_cache *cache, void *object)
{
    return slab_word(object, SLAB_HARDENED ? cache->tail : cache->mark);
}

static uintptr_t mixed(const struct kiln_cache *cache, const void *object, uintptr_t link)
{
    return SLAB_HARDENED ? ~slab_mark(cache, object) ^ link : link;
}

static bool is_object(const struct kiln_cache *cache, uintptr_t slab, const void *object)
{
    size_t offset = (uintptr_t)object - slab;

    return slab_of(cache, object) == slab && offset % cache->stride == 0 &&
           (uintptr_t)object < end_of(cache, slab)->fresh;
}

__attribute__((cold)) void slab_refuse(struct kiln_cache *cache, void *object)
{
    uintptr_t slab = slab_of(cache, object);
    struct page *page = page_of(slab);
    void *free;

    if (!page || page->state != PAGE_SLAB || page->owner != cache ||
        !is_object(cache, slab, object))
        kiln_panic("%s: %p is not an allocated block", cache->name, object);
    if (*slab_word(object, cache->tail) == (uintptr_t)object)
        kiln_panic("%s: block %p is free already (freed twice?)", cache->name, object);
    for (free = end_of(cache, slab)->free; free && is_object(cache, slab, free);
         free = (void *)mixed(cache, free, *link_word(cache, free)))
        if (free == object)
            kiln_panic("%s: block %p is free already (freed twice?)", cache->name, object);
    kiln_panic("%s: block %p was written beyond its end", cache->name, object);
}

void slab_refuse_free(struct kiln_cache *cache, void *object)
{
    kiln_panic("%s: free block %p was written to", cache->name, object);
}

/* Marks an object that leaves its slab as one in a magazine. */
static void mark_free(struct kiln_cache *cache, void *object)
{
    if (!SLAB_HARDENED)
        return;
    *slab_word(object, cache->mark) = slab_mark(cache, object);
    *slab_word(object, cache->tail) = (uintptr_t)object;
}

/* An object that came back, from a slab that has one. */
static void *pop(struct kiln_cache *cache, uintptr_t slab, struct slab_end *end)
{
    void *object = end->free;
    void *next = (void *)mixed(cache, object, *link_word(cache, object));

    if (SLAB_HARDENED && (*slab_word(object, cache->mark) != slab_mark(cache, object) ||
                          (next && !is_object(cache, slab, next))))
        slab_refuse_free(cache, object);
    end->free = next;
    return object;
}

/* Moves a slab between the lists when its count says so. Cache's lock. */
static void relist(struct kiln_cache *cache, struct page *page, unsigned was)
{
    unsigned now = page->in_use;
    struct kiln_cache_list *list = &cache->partial;

    if (was != 0 && was != cache->slab_objects && now != 0 && now != cache->slab_objects)
        return;
    list_remove(&page->link);
    if (was == 0)
        cache->empty_slabs--;
    if (now == 0) {
        list = &cache->empty;
        cache->empty_slabs++;
    } else if (now == cache->slab_objects) {
        list = &cache->full;
    }
    list_add_first(slab_list(list), &page->link);
}

/* Objects of one slab, as many as it has up to `most`. Returns how many. Cache's lock. */
static unsigned take_some(struct kiln_cache *cache, void **objects, unsigned most)
{
    struct list_node *node = list_first(slab_list(&cache->partial));
    unsigned count;

    if (!node)
        node = list_first(slab_list(&cache->empty));
    if (!node)
        return 0;
    struct page *page = list_entry(node, struct page, link);
    uintptr_t slab = page_address(page);
    struct slab_end *end = end_of(cache, slab);
    unsigned was = page->in_use, left = cache->slab_objects - was;

    for (count = 0; count < most && count < left; count++) {
        void *object = (void *)end->fresh;

        if (end->free)
            object = pop(cache, slab, end);
        else
            end->fresh += cache->stride;
        mark_free(cache, object);
        objects[count] = object;
    }
    cache->out += count;
    slab_set_in_use(page, was + count);
    relist(cache, page, was);
    return count;
}

void slab_put(struct kiln_cache *cache, void *object)
{
    uintptr_t slab = slab_of(cache, object);
    struct slab_end *end = end_of(cache, slab);
    struct page *page = page_of(slab);

    if (SLAB_HARDENED)
        *slab_word(object, cache->mark) = slab_mark(cache, object);
    *link_word(cache, object) = mixed(cache, object, (uintptr_t)end->free);
    end->free = object;
    slab_set_in_use(page, page->in_use - 1u);
    relist(cache, page, page->in_use + 1u);
    cache->out--;
}

/* The largest order that wastes too much is the last one that is too small. */
static void choose_order(struct kiln_cache *cache)
{
    size_t bytes, used;

    for (cache->slab_order = 0;; cache->slab_order++) {
        bytes = slab_bytes(cache);
        cache->slab_objects = (uint16_t)((bytes - sizeof(struct slab_end)) / cache->stride);
        used = (size_t)cache->slab_objects * cache->stride;
        if (cache->slab_order == SLAB_ORDER_MOST || (bytes - used) * WASTE_SHARE <= bytes)
            return;
    }
}

static unsigned magazine_objects(const struct kiln_cache *cache)
{
    unsigned objects = MAGAZINE_BYTES / cache->stride;

    if (objects > SLAB_TOP_MOST - 1)
        return SLAB_TOP_MOST - 1;
    return objects < MAGAZINE_LEAST ? MAGAZINE_LEAST : objects;
}

static void lay_out(struct kiln_cache *cache)
{
    size_t alignment = cache->alignment < WORD ? WORD : cache->alignment;
    size_t bytes = (cache->object_bytes + WORD - 1) & ~(WORD - 1);
    size_t own = SLAB_HARDENED ? WORD : 0;

    if (cache->construct) {
        cache->mark = (uint32_t)bytes;
        bytes += WORD;
    }
    if (bytes < WORD)
        bytes = WORD;
    cache->tail = (uint32_t)bytes;
    cache->stride = (uint32_t)((bytes + own + alignment - 1) & ~(alignment - 1));
    cache->key = (uintptr_t)kiln_random();
    choose_order(cache);
    cache->magazine_empty = (uint8_t)(SLAB_TOP_MOST - magazine_objects(cache));
}

/* The layout of objects and slabs, at the first use, of which there may be several at once. */
static __attribute__((cold)) void start(struct kiln_cache *cache)
{
    struct kiln_cache made = {.object_bytes = cache->object_bytes,
                              .alignment = cache->alignment,
                              .construct = cache->construct};

    lay_out(&made);
    uintptr_t state = mm_lock(&cache->lock);
    bool is_first = !cache->stride;

    if (is_first) {
        cache->mark = made.mark;
        cache->tail = made.tail;
        cache->key = made.key;
        cache->slab_order = made.slab_order;
        cache->slab_objects = made.slab_objects;
        cache->magazine_empty = made.magazine_empty;
        list_init(slab_list(&cache->partial));
        list_init(slab_list(&cache->full));
        list_init(slab_list(&cache->empty));
        __atomic_store_n(&cache->stride, made.stride, __ATOMIC_RELEASE);
    }
    mm_unlock(&cache->lock, state);
    if (is_first)
        slab_enlist(cache);
}

#if KILN_CONFIG_SMP
/* Magazines are cut from pages that are never given back. Protected by its lock. */
static struct {
    struct kiln_spinlock lock;
    struct kiln_magazine *next;
    unsigned left; /* atomic */
} stock = {.lock = KILN_SPINLOCK_INIT};

/* Makes sure that there are some, if there is memory. */
static void stock_up(void)
{
    if (__atomic_load_n(&stock.left, __ATOMIC_RELAXED))
        return;
    uintptr_t page = page_alloc(0, PAGE_ZERO), state = mm_lock(&stock.lock);

    if (page && !stock.left) {
        stock.next = (struct kiln_magazine *)page;
        __atomic_store_n(&stock.left, ARCH_PAGE_BYTES / sizeof(struct kiln_magazine),
                         __ATOMIC_RELAXED);
        page = 0;
    }
    mm_unlock(&stock.lock, state);
    if (page)
        page_free(page, 0);
}

static void supply_magazine(struct kiln_cache *cache)
{
    unsigned cpu = arch_cpu_id();

    if (cache->magazines[cpu])
        return;
    uintptr_t state = mm_lock(&stock.lock);

    if (stock.left) {
        cache->magazines[cpu] = stock.next++;
        __atomic_store_n(&stock.left, stock.left - 1, __ATOMIC_RELAXED);
    }
    mm_unlock(&stock.lock, state);
}
#else
static void stock_up(void)
{
}

static void supply_magazine(struct kiln_cache *cache)
{
    (void)cache;
}
#endif

/* This CPU's magazine, ready for use; NULL: it has none. Interrupts masked. */
static struct kiln_magazine *ready_magazine(struct kiln_cache *cache)
{
    struct kiln_magazine *magazine;

    supply_magazine(cache);
    magazine = slab_magazine(cache);
    if (magazine && magazine->top == 0) {
        magazine->top = cache->magazine_empty;
        magazine->tail = cache->tail;
    }
    return magazine;
}

/* Fills the magazine, which is empty, by half, and an object more. Cache's lock. */
static void fill(struct kiln_cache *cache, struct kiln_magazine *magazine)
{
    unsigned wanted = 1 + (SLAB_TOP_MOST - magazine->top) / 2;

    for (unsigned slabs = TAKE_SLABS; slabs > 0 && wanted > 0; slabs--) {
        unsigned count = take_some(cache, &slab_slots(magazine)[magazine->top + 1], wanted);

        magazine->top += count;
        wanted -= count;
    }
}

/* An object for the caller, by way of the magazine if there is one. NULL: no slab has any. Cache's
 * lock. */
static void *refill(struct kiln_cache *cache)
{
    struct kiln_magazine *magazine = ready_magazine(cache);
    void *object = NULL;

    if (!magazine) {
        take_some(cache, &object, 1);
    } else {
        if (magazine->top == cache->magazine_empty)
            fill(cache, magazine);
        if (magazine->top != cache->magazine_empty)
            object = slab_slots(magazine)[magazine->top--];
    }
    if (object && SLAB_HARDENED)
        *slab_word(object, cache->tail) = slab_mark(cache, object);
    return object;
}

static __attribute__((cold)) bool add_slab(struct kiln_cache *cache)
{
    uintptr_t slab = page_alloc(cache->slab_order, arch_irqs_off() ? 0 : PAGE_WAIT), state;
    struct page *page = slab ? page_of(slab) : NULL;

    if (!page)
        return false;
    for (size_t i = 0; i < (size_t)1 << cache->slab_order; i++) {
        slab_set_state(&page[i], PAGE_SLAB);
        page[i].owner = cache;
    }
    *end_of(cache, slab) = (struct slab_end){.free = NULL, .fresh = slab};
    for (unsigned i = 0; cache->construct && i < cache->slab_objects; i++)
        cache->construct((void *)(slab + (size_t)i * cache->stride));
    if (KILN_CONFIG_CHECK_MEMORY)
        shadow_forbid(slab, slab_bytes(cache), SHADOW_SLAB);
    state = mm_lock(&cache->lock);
    list_add_first(slab_list(&cache->empty), &page->link);
    cache->empty_slabs++;
    cache->slabs++;
    mm_unlock(&cache->lock, state);
    return true;
}

void *slab_allocate(struct kiln_cache *cache)
{
    uintptr_t state;
    void *object;

    if (!__atomic_load_n(&cache->stride, __ATOMIC_ACQUIRE))
        start(cache);
    if (!slab_magazine(cache))
        stock_up();
    do {
        state = mm_lock(&cache->lock);
        object = refill(cache);
        mm_unlock(&cache->lock, state);
    } while (!object && add_slab(cache));
    return object;
}

void kiln_cache_init(struct kiln_cache *cache, const char *name, size_t object_bytes,
                     size_t alignment, void (*construct)(void *object))
{
    KILN_ASSERT(object_bytes <= ARCH_PAGE_BYTES << (SLAB_ORDER_MOST - 1));
    KILN_ASSERT(alignment <= ARCH_PAGE_BYTES && (alignment & (alignment - 1)) == 0);
    *cache = (struct kiln_cache)KILN_CACHE_INIT(name, (uint32_t)object_bytes, (uint32_t)alignment,
                                                construct);
}

void *kiln_cache_allocate(struct kiln_cache *cache)
{
    void *object;

    KILN_ASSERT(!arch_in_interrupt());
    if (fault_hits())
        return NULL;
    object = slab_take(cache, cache->mark);
    if (!object)
        object = slab_allocate(cache);
    if (KILN_CONFIG_CHECK_MEMORY && object)
        shadow_allow((uintptr_t)object, cache->object_bytes);
    return object;
}

void kiln_cache_free(struct kiln_cache *cache, void *object)
{
    struct page *page = object ? page_of((uintptr_t)object) : NULL;

    KILN_ASSERT(!arch_in_interrupt());
    if (!object)
        return;
    if (SLAB_HARDENED && (!page || page->state != PAGE_SLAB || page->owner != cache))
        kiln_panic("%s: %p is not an allocated block", cache->name, object);
    if (KILN_CONFIG_CHECK_MEMORY)
        shadow_forbid((uintptr_t)object, cache->tail, SHADOW_OBJECT_FREED);
    slab_give(cache, object, cache->mark);
}
