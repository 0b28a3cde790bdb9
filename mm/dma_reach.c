/* What a device reaches, and what was mapped for devices. */
#include "dma_memory.h"
#include <lib/align.h>
#include <mm/lock.h>
#include <mm/page.h>

struct kiln_dma_stats dma_stats;
struct kiln_spinlock dma_stats_lock = KILN_SPINLOCK_INIT;

bool dma_is_possible(const struct kiln_dma_device *device, size_t bytes)
{
    return bytes != 0 && (!device->limit || bytes <= device->limit) &&
           (!device->boundary || bytes <= device->boundary);
}

bool dma_reaches(const struct kiln_dma_device *device, uintptr_t physical, size_t bytes)
{
    uint64_t last = physical + (bytes - 1);

    if (device->limit && last >= device->limit)
        return false;
    return !device->boundary || (physical ^ last) < device->boundary;
}

/* What is aligned to its own size, rounded up to a power of two, crosses no multiple of a larger
 * one. */
static size_t alignment_within(const struct kiln_dma_device *device, size_t bytes, size_t alignment)
{
    if (alignment < ARCH_PAGE_BYTES)
        alignment = ARCH_PAGE_BYTES;
    while (device->boundary && alignment < bytes && alignment < device->boundary)
        alignment <<= 1;
    return alignment;
}

uintptr_t dma_take_pages(const struct kiln_dma_device *device, size_t bytes, size_t alignment,
                         unsigned flags)
{
    uintptr_t limit = device->limit < UINTPTR_MAX ? (uintptr_t)device->limit : 0;

    return page_alloc_within(dma_pages(bytes), limit, alignment_within(device, bytes, alignment),
                             flags);
}

void dma_count_mapping(const struct kiln_dma_mapping *mapping)
{
    uintptr_t state = mm_lock(&dma_stats_lock);

    dma_stats.mapped++;
    dma_stats.mapped_bytes += mapping->bytes;
    if (mapping->copy) {
        dma_stats.copied++;
        dma_stats.copied_bytes += mapping->bytes;
    }
    mm_unlock(&dma_stats_lock, state);
}

void dma_count_coherent(size_t pages, bool is_more)
{
    uintptr_t state = mm_lock(&dma_stats_lock);
    uint64_t bytes = (uint64_t)pages * ARCH_PAGE_BYTES;

    dma_stats.coherent_bytes += is_more ? bytes : -bytes;
    mm_unlock(&dma_stats_lock, state);
}

void kiln_dma_get_stats(struct kiln_dma_stats *stats)
{
    uintptr_t state = mm_lock(&dma_stats_lock);

    *stats = dma_stats;
    mm_unlock(&dma_stats_lock, state);
}
