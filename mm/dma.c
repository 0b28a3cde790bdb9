/*
 * Buffers that are a device's for a while. Every hand-over to a device cleans the buffer's lines,
 * in each direction: then the device reads what was written, none of them can be written back over
 * what it writes, and what it leaves alone is there afterwards. Every hand-over back invalidates
 * them, because a CPU may have fetched some meanwhile.
 */
#include "dma_memory.h"
#include <arch/barrier.h>
#include <arch/irq.h>
#include <errno.h>
#include <kiln/panic.h>
#include <lib/align.h>
#include <mm/page.h>
#include <string.h>

static bool is_written(const struct kiln_dma_mapping *mapping)
{
    return mapping->direction & KILN_DMA_FROM_DEVICE;
}

/* What the device uses. */
static char *memory_of(const struct kiln_dma_mapping *mapping)
{
    return mapping->copy ? mapping->copy : mapping->buffer;
}

static void give_to_device(struct kiln_dma_mapping *mapping)
{
    if (mapping->copy)
        memcpy(mapping->copy, mapping->buffer, mapping->bytes);
    if (!dma_is_coherent(mapping->device))
        arch_cache_clean(memory_of(mapping), mapping->bytes);
    arch_barrier_dma_write();
    mapping->is_cpus = false;
}

/* The barrier stands behind the read that has told that the device is done. */
static void take_from_device(struct kiln_dma_mapping *mapping)
{
    mapping->is_cpus = true;
    arch_barrier_io();
    if (!is_written(mapping))
        return;
    if (!dma_is_coherent(mapping->device))
        arch_cache_invalidate(memory_of(mapping), mapping->bytes);
    if (mapping->copy)
        memcpy(mapping->buffer, mapping->copy, mapping->bytes);
}

/* How many bytes from the start lie side by side in memory that may be so used, and where; 0: the
 * first page has to be used by a CPU. */
static size_t span(const char *buffer, size_t bytes, bool is_written, uintptr_t *physical)
{
    size_t done = 0;

    while (done < bytes) {
        uintptr_t at = (uintptr_t)buffer + done;
        struct arch_mapping_info info = arch_mmu_query(&arch_boot_space, at);
        if (info.kind >= ARCH_MAP_DEVICE || (is_written && info.kind < ARCH_MAP_DATA))
            break;
        if (done == 0)
            *physical = info.physical;
        else if (info.physical != *physical + done)
            break;
        done += info.block_bytes - (at & (info.block_bytes - 1));
    }
    return done < bytes ? done : bytes;
}

/* Whether lines of the buffer may hold something else, too, which a CPU may write meanwhile. */
static bool shares_lines(const struct kiln_dma_mapping *mapping)
{
    return is_written(mapping) && !dma_is_coherent(mapping->device) &&
           !is_aligned((uintptr_t)mapping->buffer | mapping->bytes, arch_cache_writeback_bytes());
}

static bool is_device_memory(const char *address)
{
    return arch_mmu_query(&arch_boot_space, (uintptr_t)address).kind == ARCH_MAP_DEVICE;
}

/* Finds out what the device shall use. */
static int place(struct kiln_dma_mapping *mapping)
{
    uintptr_t physical = 0;
    size_t bytes = mapping->bytes,
           done = span(mapping->buffer, bytes, is_written(mapping), &physical);

    if (done < bytes && is_device_memory(mapping->buffer + done))
        return -EFAULT;
    if (done < bytes || !dma_reaches(mapping->device, physical, bytes) || shares_lines(mapping)) {
        physical = dma_take_pages(mapping->device, bytes, 0, PAGE_RESERVE);
        if (!physical)
            return -ENOMEM;
        mapping->copy = (char *)physical;
    }
    mapping->bus = physical + mapping->device->offset;
    return 0;
}

int kiln_dma_map(struct kiln_dma_mapping *mapping, const struct kiln_dma_device *device,
                 void *buffer, size_t bytes, enum kiln_dma_direction direction)
{
    KILN_ASSERT(mapping->bytes == 0);
    if (mapping->bytes)
        return -EBUSY;
    device = dma_device(device);
    if (!dma_is_possible(device, bytes) || bytes - 1 > UINTPTR_MAX - (uintptr_t)buffer ||
        direction < KILN_DMA_TO_DEVICE || direction > KILN_DMA_BOTH)
        return -EINVAL;
    struct kiln_dma_mapping made = {
        .device = device, .buffer = buffer, .bytes = bytes, .direction = (uint8_t)direction};
    int error = place(&made);
    if (error)
        return error;
    *mapping = made;
    if (KILN_CONFIG_CHECKS)
        dma_check_map(mapping);
    if (KILN_CONFIG_DMA_STATS)
        dma_count_mapping(mapping);
    give_to_device(mapping);
    return 0;
}

void kiln_dma_unmap(struct kiln_dma_mapping *mapping)
{
    if (KILN_CONFIG_CHECKS)
        dma_check_unmap(mapping);
    if (!mapping->bytes)
        return;
    if (!mapping->is_cpus)
        take_from_device(mapping);
    if (mapping->copy)
        page_free_exact((uintptr_t)mapping->copy, dma_pages(mapping->bytes));
    *mapping = (struct kiln_dma_mapping){.bytes = 0};
}

void kiln_dma_sync_for_cpu(struct kiln_dma_mapping *mapping)
{
    KILN_ASSERT(mapping->bytes != 0);
    if (mapping->bytes && !mapping->is_cpus)
        take_from_device(mapping);
}

void kiln_dma_sync_for_device(struct kiln_dma_mapping *mapping)
{
    KILN_ASSERT(mapping->bytes != 0);
    if (mapping->bytes && mapping->is_cpus)
        give_to_device(mapping);
}

/* How much the next mapping of a list takes: a stretch that lies on one side of the device's limit,
 * and within its boundary; where there is none, what a page has. */
static size_t next_piece(const struct kiln_dma_device *device, const char *buffer, size_t bytes,
                         bool is_written)
{
    uintptr_t physical = 0;
    uint64_t piece = span(buffer, bytes, is_written, &physical);
    uint64_t limit = device->limit ? device->limit : UINT64_MAX;
    size_t page = ARCH_PAGE_BYTES - ((uintptr_t)buffer & (ARCH_PAGE_BYTES - 1));

    if (piece == 0)
        piece = page < bytes ? page : bytes;
    if (physical < limit && piece > limit - physical)
        piece = limit - physical;
    if (piece > limit)
        piece = limit;
    if (device->boundary && piece > device->boundary - physical % device->boundary)
        piece = device->boundary - physical % device->boundary;
    return (size_t)piece;
}

int kiln_dma_map_list(struct kiln_dma_mapping *mappings, unsigned most,
                      const struct kiln_dma_device *device, void *buffer, size_t bytes,
                      enum kiln_dma_direction direction)
{
    char *next = buffer;
    unsigned count = 0;
    int error = bytes == 0 || bytes - 1 > UINTPTR_MAX - (uintptr_t)buffer ? -EINVAL : 0;

    device = dma_device(device);
    while (bytes && !error) {
        size_t piece = next_piece(device, next, bytes, direction & KILN_DMA_FROM_DEVICE);
        error = count == most ? -ENOSPC
                              : kiln_dma_map(&mappings[count], device, next, piece, direction);
        count += !error;
        next += piece;
        bytes -= piece;
    }
    while (error && count > 0)
        kiln_dma_unmap(&mappings[--count]);
    return error ? error : (int)count;
}

void kiln_dma_fence(void)
{
    arch_barrier_io();
}
