/* The heap behind malloc. */
#ifndef KILN_HEAP_H
#define KILN_HEAP_H

#include <kiln/api.h>

KILN_BEGIN

/**
 * Like the C library's, under names of Kiln's own. Blocks are aligned to 16 bytes; `alignment` is
 * a power of two. NULL when memory is used up or a size overflows. Freeing what is not an
 * allocated block, or twice, panics with its address. Thread context.
 */
void *kiln_heap_allocate(size_t bytes);
void *kiln_heap_allocate_aligned(size_t alignment, size_t bytes);
void *kiln_heap_resize(void *data, size_t bytes);
void kiln_heap_free(void *data);

/** Bytes that the block really holds. Thread context. */
size_t kiln_heap_usable_bytes(const void *data);

struct kiln_heap_stats {
    size_t total_bytes; /* managed by the heap */
    size_t used_bytes;  /* in allocated blocks, headers included */
    size_t largest_free_bytes;
    size_t blocks; /* allocated */
};

/** Counts by walking the heap: linear in the number of blocks. Thread context. */
void kiln_heap_get_stats(struct kiln_heap_stats *stats);

KILN_END

#endif
