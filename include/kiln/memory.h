/*
 * What memory is used for: exact numbers, counted when they are asked for, and the same as text.
 * Whoever allocates and frees pays nothing for them.
 */
#ifndef KILN_MEMORY_H
#define KILN_MEMORY_H

#include <kiln/api.h>
#include <kiln/cache.h>
#include <kiln/page.h>

KILN_BEGIN

#define KILN_MEM_ORDERS (KILN_PAGE_ORDER_TOP + 1)

/** Blocks of 2^order pages. */
struct kiln_mem_order {
    size_t free_blocks;
    size_t used_blocks;     /**< exact allocations not among them */
    unsigned fragmentation; /**< thousandths of the free pages that no block of this order holds */
};

/**
 * A zone: all RAM that devices can reach equally. total_pages = free_pages + hot_pages +
 * exact_pages + the pages of used blocks; free_pages = unopened_pages + the pages of free blocks.
 */
struct kiln_mem_zone {
    size_t total_pages;      /**< those below not among them */
    size_t descriptor_pages; /**< RAM that the allocator's descriptors take */
    size_t free_pages;
    size_t unopened_pages; /**< of the free ones: never used, and in no block yet */
    size_t hot_pages;      /**< free, kept at hand by CPUs; while others allocate, some off */
    size_t exact_pages;    /**< in exact allocations */
    size_t min_pages;      /**< of these only KILN_PAGE_RESERVE is served */
    size_t low_pages;      /**< below this reclaimers run */
    size_t high_pages;     /**< until so many are free */
    struct kiln_mem_order orders[KILN_MEM_ORDERS];
};

/** Everything. A CPU that allocates meanwhile may make sums differ. */
struct kiln_memory {
    size_t ram_bytes;   /**< found at boot; mem= has left these */
    size_t boot_bytes;  /**< of them: the image, and what boot took behind it */
    size_t total_pages; /**< of all zones */
    size_t free_pages;  /**< free ones, hot ones among them */
    size_t used_pages;  /**< the rest, of which: */
    size_t slab_pages;  /**< caches' slabs */
    size_t large_pages; /**< the heap's blocks that are pages of their own */
    size_t range_pages; /**< mapped in ranges of virtual memory, or kept for them without access */
    size_t other_pages; /**< allocated as pages, and the runtime's own: tables, magazines */

    unsigned caches; /**< that have been used */
    size_t cache_objects;

    size_t heap_blocks;     /**< allocated */
    size_t heap_bytes;      /**< in them, rounded up to their sizes */
    size_t heap_peak_bytes; /**< the most there ever were; 0: nobody counts, see HEAP_PROFILE */

    unsigned ranges; /**< reserved ones, or parts of one that are mapped in different ways */
    size_t reserved_bytes;
    size_t mapped_bytes; /**< of them, at once or on demand */

    unsigned zones_used;          /**< 1 where every device reaches all RAM */
    struct kiln_mem_zone zone[2]; /**< 0: within reach of every device; 1: the rest */
};

/** Thread context. Cost: linear in slabs that are used in part and in pages of ranges. */
void kiln_mem_stats(struct kiln_memory *stats);

/** The next cache that has been used; the first after NULL, NULL after the last. Those of the heap
 * are named "heap". Any context. */
struct kiln_cache *kiln_cache_next(struct kiln_cache *cache);

/** Takes a line of text, which ends in '\n'. */
typedef void (*kiln_line_writer_t)(void *context, const char *line);

/** kiln_mem_stats() as text: sums, then each zone by orders. Thread context. */
void kiln_meminfo(kiln_line_writer_t write, void *context);

/** All caches as a table, the ones that are used last in front. Thread context. */
void kiln_slabinfo(kiln_line_writer_t write, void *context);

KILN_END

#endif
