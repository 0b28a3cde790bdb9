/*
 * The heap behind malloc: blocks up to 4 KiB from caches of 48 sizes (kiln/cache.h), larger ones as
 * pages. Most calls are a few dozen instructions that take no lock; one that needs a new slab or
 * pages takes some hundred.
 */
#ifndef KILN_HEAP_H
#define KILN_HEAP_H

#include <kiln/api.h>

KILN_BEGIN

/**
 * Like the C library's, under names of Kiln's own. Blocks are aligned to 16 bytes; `alignment` is
 * a power of two. NULL when memory is used up or a size overflows. With
 * HEAP_HARDENED, freeing what is not an allocated block, or twice, one that was written beyond its
 * end, and one that is written to after it was freed panic with its address. Thread context.
 */
void *kiln_heap_allocate(size_t bytes);
void *kiln_heap_allocate_aligned(size_t alignment, size_t bytes);
void *kiln_heap_resize(void *data, size_t bytes);
void kiln_heap_free(void *data);

/**
 * Called each time that one of these is about to return NULL, if somebody defines it: the C
 * library's malloc does, for errno. Thread context.
 */
__attribute__((weak)) void kiln_heap_failed(void);

/** Bytes that the block really holds. Thread context. */
size_t kiln_heap_usable_bytes(const void *data);

struct kiln_heap_stats {
    size_t total_bytes;        /* managed by the heap */
    size_t used_bytes;         /* in allocated blocks, rounded up to their sizes */
    size_t free_bytes;         /* in pages that are in nobody's use, caches' slabs neither */
    size_t largest_free_bytes; /* in one piece, up to 4 MiB */
    size_t blocks;             /* allocated */
};

/** Counts by walking the caches' slabs that are used in part. Thread context. */
void kiln_heap_get_stats(struct kiln_heap_stats *stats);

KILN_END

#endif
