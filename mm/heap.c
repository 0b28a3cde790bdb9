/*
 * The heap: blocks of 48 sizes from caches (kiln/cache.h), larger ones as pages. The size of a
 * request leads to its cache by a table, the address of a block by its page's descriptor.
 */
#include "heap_plain.h"

#include <string.h>
#include <arch/irq.h>
#include <kiln/panic.h>
#include <kiln/system.h>
#include <kiln/trace.h>
#include <lib/align.h>
#include <mm/fault.h>
#include <mm/lock.h>
#include <mm/page.h>
#include "heap_large.h"
#include "page_memory.h"
#include "slab_cache.h"

#define GRANULE     ((size_t)16)
#define CLASSES     48u
#define LINEAR      8u /* classes of 16 to 128 bytes; then 8 for each doubling */
#define SMALL_MOST  ((size_t)4096)
#define TABLE_SLOTS 2u /* caches in whose place the table stands */

#define TABLE_WORDS (SMALL_MOST / GRANULE / sizeof(uintptr_t) + 1)

/* Classes by size / GRANULE, rounded up. */
union table {
    uint8_t class_of[TABLE_WORDS * sizeof(uintptr_t)];
    uintptr_t words[TABLE_WORDS];
};

/* The table lies in front of the classes' caches: one base for both. Before the start it is zero,
 * and so leads to itself, which is an empty cache; with other CPUs, which may be writing it just
 * then, nobody goes there. */
static union {
    union table table;
    struct kiln_cache caches[TABLE_SLOTS + CLASSES];
} heap;

static struct {
    struct kiln_spinlock lock; /* of the start */
    bool is_started;           /* atomic */
} common = {.lock = KILN_SPINLOCK_INIT};

_Static_assert(sizeof(struct kiln_cache) == 256, "a cache is found by a shift");
_Static_assert(sizeof(heap.table) <= TABLE_SLOTS * sizeof(struct kiln_cache), "the table's place");

bool heap_has_cache(const struct kiln_cache *cache)
{
    return cache >= heap.caches && cache < heap.caches + TABLE_SLOTS + CLASSES;
}

static size_t class_bytes(unsigned class)
{
    unsigned doubling = class / LINEAR;

    if (doubling == 0)
        return (class + 1) * GRANULE;
    return (LINEAR + class % LINEAR + 1) * GRANULE << (doubling - 1);
}

/* Several may start the heap at once, and the last one find it started. */
static void start_class(unsigned number)
{
    struct kiln_cache *cache = &heap.caches[TABLE_SLOTS + number];
    uintptr_t state = mm_lock(&common.lock);

    if (!common.is_started) {
        cache->name = "heap";
        cache->object_bytes = (uint32_t)(class_bytes(number) - SLAB_OWN_BYTES);
        cache->alignment = GRANULE;
    }
    mm_unlock(&common.lock, state);
}

/* What is read without a lock is written at once, by words. */
static void publish(const union table *table, uintptr_t key)
{
    uintptr_t state = mm_lock(&common.lock);

    if (!common.is_started) {
        if (SLAB_HARDENED)
            heap_large_start(key);
        for (unsigned i = 0; i < TABLE_WORDS; i++)
            __atomic_store_n(&heap.table.words[i], table->words[i], __ATOMIC_RELAXED);
        __atomic_store_n(&common.is_started, true, __ATOMIC_RELEASE);
    }
    mm_unlock(&common.lock, state);
}

static __attribute__((cold)) void start(void)
{
    union table table = {.class_of = {TABLE_SLOTS}};
    uintptr_t key = SLAB_HARDENED ? (uintptr_t)kiln_random() : 0;
    size_t place = 1;

    for (unsigned number = 0; number < CLASSES; number++) {
        start_class(number);
        for (; place * GRANULE <= class_bytes(number); place++)
            table.class_of[place] = (uint8_t)(TABLE_SLOTS + number);
    }
    publish(&table, key);
}

static bool is_small(size_t bytes)
{
    return bytes <= SMALL_MOST - SLAB_OWN_BYTES;
}

/* Where a small size's cache is; 0 before the start. */
static inline uint8_t place_for(size_t bytes)
{
    const uint8_t *entry = &heap.table.class_of[(bytes + SLAB_OWN_BYTES + GRANULE - 1) / GRANULE];

    return KILN_CONFIG_SMP ? __atomic_load_n(entry, __ATOMIC_RELAXED) : *entry;
}

static inline struct kiln_cache *cache_at(uint8_t place)
{
    struct kiln_cache *cache = &heap.caches[place];

    __asm__("" : "+r"(cache)); /* once, and not again for each of its members */
    return cache;
}

static void tell_failure(void)
{
    if (kiln_heap_failed)
        kiln_heap_failed();
}

/* A slab may be more than there is while a page for this one block is not too much. */
static __attribute__((cold, noinline)) void *allocate_slowly(size_t alignment, size_t bytes)
{
    void *block = NULL;

    if (!__atomic_load_n(&common.is_started, __ATOMIC_ACQUIRE))
        start();
    if (alignment <= GRANULE && is_small(bytes))
        block = slab_allocate(cache_at(place_for(bytes)));
    if (!block)
        block = heap_large_allocate(alignment, bytes);
    if (!block)
        tell_failure();
    KILN_TRACE(KILN_TRACE_ALLOCATE, block, bytes);
    return block;
}

void *kiln_heap_allocate(size_t bytes)
{
    uint8_t place;
    void *block;

    KILN_ASSERT(!arch_in_interrupt());
    if (fault_hits()) {
        tell_failure();
        return NULL;
    }
    if (__builtin_expect(!is_small(bytes), 0))
        return allocate_slowly(GRANULE, bytes);
    place = place_for(bytes);
    if (KILN_CONFIG_SMP && __builtin_expect(place == 0, 0))
        return allocate_slowly(GRANULE, bytes);
    block = slab_take(cache_at(place), 0);
    if (__builtin_expect(!block, 0))
        return allocate_slowly(GRANULE, bytes);
    KILN_TRACE(KILN_TRACE_ALLOCATE, block, bytes);
    return block;
}

/* A size that is a multiple of the alignment has a class of its own, or one of a larger multiple:
 * classes are 16 bytes apart, or a power of two that they are multiples of. */
void *kiln_heap_allocate_aligned(size_t alignment, size_t bytes)
{
    size_t small = align_up((bytes ? bytes : 1) + SLAB_OWN_BYTES, alignment) - SLAB_OWN_BYTES;

    KILN_ASSERT(!arch_in_interrupt());
    KILN_ASSERT(alignment && (alignment & (alignment - 1)) == 0);
    if (alignment <= GRANULE)
        return kiln_heap_allocate(bytes);
    if (is_small(bytes) && is_small(small))
        return kiln_heap_allocate(small);
    if (fault_hits()) {
        tell_failure();
        return NULL;
    }
    return allocate_slowly(alignment, bytes);
}

/* In the words of slab.c, so that there is one copy of them. */
static _Noreturn void stray(const void *data, const struct page *page)
{
    if (page && (page->state == PAGE_FREE || page->state == PAGE_HOT_FREE))
        kiln_panic("%s: block %p is free already (freed twice?)", "heap", data);
    kiln_panic("%s: %p is not an allocated block", "heap", data);
}

/* The descriptor of the page that a block begins in; anything else ends the program. */
static struct page *page_of_block(const void *data)
{
    struct page *page = page_of((uintptr_t)data);

    if (!page || (page->state != PAGE_SLAB &&
                  (page->state != PAGE_LARGE || !is_aligned((uintptr_t)data, ARCH_PAGE_BYTES))))
        stray(data, page);
    return page;
}

static __attribute__((cold, noinline)) void free_slowly(void *data)
{
    struct page *page;

    if (!data)
        return;
    page = page_of_block(data);
    if (page->state == PAGE_LARGE)
        heap_large_free(page, data);
    else
        slab_give(page->owner, data, 0);
}

/* Where nobody else can be moving the frontier, it is loaded together with its neighbour. */
static inline size_t opened(const struct page_region *region)
{
    return KILN_CONFIG_SMP ? page_opened(region) : region->opened;
}

/* Blocks of the first region, which is the largest, take no call. */
void kiln_heap_free(void *data)
{
    const struct page_region *region = &page_regions[0];
    size_t frame = (uintptr_t)data / ARCH_PAGE_BYTES;
    const struct page *page;

    KILN_ASSERT(!arch_in_interrupt());
    KILN_TRACE(KILN_TRACE_FREE, data, 0);
    if (__builtin_expect(frame - region->first < opened(region), 1)) {
        page = page_descriptor(region, frame);
        __asm__("" : "+r"(page)); /* as in cache_at */
        if (__builtin_expect(page->state == PAGE_SLAB, 1)) {
            slab_give(page->owner, data, 0);
            return;
        }
    }
    free_slowly(data);
}

static size_t usable_bytes(const struct page *page, const void *data)
{
    if (page->state == PAGE_SLAB) {
        struct kiln_cache *cache = page->owner;

        slab_verify(cache, (void *)(uintptr_t)data);
        return cache->stride - SLAB_OWN_BYTES;
    }
    return heap_large_usable_bytes(page, data);
}

size_t kiln_heap_usable_bytes(const void *data)
{
    return usable_bytes(page_of_block(data), data);
}

static void *move(void *data, size_t usable, size_t bytes)
{
    void *moved = kiln_heap_allocate(bytes);

    if (!moved)
        return bytes <= usable ? data : NULL;
    memcpy(moved, data, bytes < usable ? bytes : usable);
    kiln_heap_free(data);
    return moved;
}

/* A small block stays where it is while it holds what is asked for and at least half of it is used.
 */
void *kiln_heap_resize(void *data, size_t bytes)
{
    struct page *page;
    size_t usable;

    if (!data)
        return kiln_heap_allocate(bytes);
    KILN_ASSERT(!arch_in_interrupt());
    page = page_of_block(data);
    usable = usable_bytes(page, data);
    if (page->state == PAGE_LARGE && !is_small(bytes) && heap_large_resize(page, data, bytes))
        return data;
    if (bytes <= usable && bytes + GRANULE >= usable / 2)
        return data;
    return move(data, usable, bytes);
}

/* The largest block of an order that a zone has in its lists, or will have once it is opened. */
static size_t largest_free(const struct page_zone_stats *zone)
{
    unsigned order = PAGE_ORDERS;

    while (order > 0 && zone->orders[order - 1].free_blocks == 0 &&
           zone->unopened_pages >> order == 0)
        order--;
    return order ? ARCH_PAGE_BYTES << (order - 1) : 0;
}

void kiln_heap_get_stats(struct kiln_heap_stats *stats)
{
    struct page_stats pages;
    size_t large_pages;

    *stats = (struct kiln_heap_stats){0};
    if (!__atomic_load_n(&common.is_started, __ATOMIC_ACQUIRE))
        start();
    page_stats(&pages);
    for (unsigned zone = 0; zone < PAGE_ZONES; zone++) {
        size_t largest = largest_free(&pages.zones[zone]);

        stats->total_bytes += pages.zones[zone].total_pages * ARCH_PAGE_BYTES;
        stats->free_bytes +=
            (pages.zones[zone].free_pages + pages.zones[zone].hot_pages) * ARCH_PAGE_BYTES;
        if (largest > stats->largest_free_bytes)
            stats->largest_free_bytes = largest;
    }
    heap_large_count(&stats->blocks, &large_pages);
    stats->used_bytes = large_pages * ARCH_PAGE_BYTES;
    for (unsigned class = 0; class < CLASSES; class ++) {
        struct kiln_cache_stats cache;

        kiln_cache_get_stats(&heap.caches[TABLE_SLOTS + class], &cache);
        stats->blocks += cache.objects;
        stats->used_bytes += cache.objects * class_bytes(class);
    }
}
