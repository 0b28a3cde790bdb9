/*
 * The arch contract: cache maintenance by address range, to the point of coherency. Any context.
 * Cost: one operation per cache line. Ranges are widened to whole lines, so what shares a line
 * with an invalidated range must not be dirty: align DMA buffers to arch_cache_line_bytes().
 */
#ifndef ARCH_CACHE_H
#define ARCH_CACHE_H

#include <stddef.h>
#include <stdint.h>

static inline size_t arch_cache_line_bytes(void);

/* The most that is written back at once: no cache has a longer line. What a device writes must
 * share none with anything else. The isa's header also says, as ARCH_DEVICES_SNOOP (0 or 1),
 * whether all devices see the caches, so that the first three of the calls below have nothing to do
 * for them. */
static inline size_t arch_cache_writeback_bytes(void);

/* Writes dirty lines back: before a device, or a CPU with its caches off, reads. */
void arch_cache_clean(const void *start, size_t bytes);

/* Drops lines: before the CPU reads what a device has written. */
void arch_cache_invalidate(void *start, size_t bytes);

/* Both, for a buffer that goes out and comes back. */
void arch_cache_clean_invalidate(void *start, size_t bytes);

/* Makes instructions that were just written visible to every CPU's instruction fetch. */
void arch_cache_sync_code(const void *start, size_t bytes);

#include <isa/cache.h>

#endif
