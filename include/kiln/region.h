/*
 * Region heaps: blocks of any size over a piece of memory that the program names, such as SRAM, a
 * DMA zone or an array. Time is bounded: nothing is searched, whatever the number of blocks.
 */
#ifndef KILN_REGION_H
#define KILN_REGION_H

#include <kiln/api.h>
#include <kiln/spinlock.h>

KILN_BEGIN

struct kiln_region_level;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" /* a lock that is not configured in has no byte */
/** A region. Its fields are the runtime's. */
struct kiln_region {
    uintptr_t start; /* of the memory; never changes */
    size_t bytes;
    uint64_t levels_used; /* bit n: a free block is in level n */
    struct kiln_region_level *levels;
    uintptr_t first;           /* block; 0 when the memory is too small for any */
    uintptr_t key;             /* random; 0 until the first use */
    struct kiln_spinlock lock; /* protects the memory and all but its place */
};
#pragma GCC diagnostic pop

/** A region over `size` bytes at `memory`, which is laid out at the first use. */
#define KILN_REGION_INIT(memory, size)                                                             \
    {                                                                                              \
        (uintptr_t)(memory), (size), 0, NULL, 0, 0, KILN_SPINLOCK_INIT                             \
    }

/** Defines a region `name` over `size` bytes of its own. */
#define KILN_REGION(name, size)                                                                    \
    static __attribute__((aligned(16))) unsigned char name##_memory[size];                         \
    struct kiln_region name = KILN_REGION_INIT(name##_memory, size)

/** The same at run time; nothing may be allocated from the region. Any context. */
void kiln_region_init(struct kiln_region *region, void *memory, size_t bytes);

/**
 * A block of at least so many bytes, aligned to 16 or to a power of two; NULL when there is none.
 * Each block costs 16 bytes more, and the region about 72 for each doubling of its size. The block
 * comes from the list of the next size, at most 1/8 larger, so that a request can fail while a
 * block that just fits is free. Interrupts are masked for about 200 instructions. Any context.
 */
void *kiln_region_allocate(struct kiln_region *region, size_t bytes);
void *kiln_region_allocate_aligned(struct kiln_region *region, size_t alignment, size_t bytes);

/**
 * A block with the old one's contents, in place when the memory behind it is free; NULL, and the
 * old one stays, when there is none. Of NULL: a new block. Costs a copy when it has to move.
 * Any context.
 */
void *kiln_region_resize(struct kiln_region *region, void *data, size_t bytes);

/**
 * Gives a block back; free neighbours become one at once. NULL is let pass. A pointer that is not
 * a block, one that is free already and a block that was written beyond its end panic. Any context.
 */
void kiln_region_free(struct kiln_region *region, void *data);

/** Bytes that the block really holds. Any context. */
size_t kiln_region_usable_bytes(struct kiln_region *region, const void *data);

struct kiln_region_stats {
    size_t total_bytes; /* of memory, those of the region's own lists included */
    size_t used_bytes;  /* in allocated blocks, headers included */
    size_t largest_free_bytes;
    size_t blocks; /* allocated */
};

/**
 * Counts by walking the region and checks every header: linear in the number of blocks, with
 * interrupts masked. Thread context.
 */
void kiln_region_get_stats(struct kiln_region *region, struct kiln_region_stats *stats);

KILN_END

#endif
