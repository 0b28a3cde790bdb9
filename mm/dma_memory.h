/* What coherent buffers and mappings share: what a device reaches, and pages within its reach. */
#ifndef DMA_MEMORY_H
#define DMA_MEMORY_H

#include <arch/cache.h>
#include <arch/mmu.h>
#include <board.h>
#include <kiln/dma.h>
#include <kiln/spinlock.h>

static inline const struct kiln_dma_device *dma_device(const struct kiln_dma_device *device)
{
    return device ? device : &board_dma;
}

/* Whether CPUs' caches are no matter. */
static inline bool dma_is_coherent(const struct kiln_dma_device *device)
{
    return ARCH_DEVICES_SNOOP || device->is_coherent;
}

static inline uintptr_t dma_pages(size_t bytes)
{
    return bytes / ARCH_PAGE_BYTES + (bytes % ARCH_PAGE_BYTES != 0);
}

/* dma_reach.c: whether some address would do for so many bytes; whether this one does. */
bool dma_is_possible(const struct kiln_dma_device *device, size_t bytes);
bool dma_reaches(const struct kiln_dma_device *device, uintptr_t physical, size_t bytes);

/* Pages that the device reaches, for so many bytes, as page_alloc_within() finds them; 0: none. */
uintptr_t dma_take_pages(const struct kiln_dma_device *device, size_t bytes, size_t alignment,
                         unsigned flags);

/* dma_check.c, with CHECKS=1: notes a mapping that begins, and forgets one that ends. What is
 * mapped already, also in part where a device writes, or is not mapped, panics. Any context. */
void dma_check_map(struct kiln_dma_mapping *mapping);
void dma_check_unmap(struct kiln_dma_mapping *mapping);

/* With DMA_STATS=1. Any context. */
extern struct kiln_dma_stats dma_stats;
extern struct kiln_spinlock dma_stats_lock;
void dma_count_mapping(const struct kiln_dma_mapping *mapping);
void dma_count_coherent(size_t pages, bool is_more);

#endif
