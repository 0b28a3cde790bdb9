/*
 * Coherent buffers. Where a device sees caches, they are pages. Where it does not, they must not be
 * cached, by no mapping: RAM is mapped once, and so its own mapping changes, in whole blocks of 2
 * MiB that hold nothing else. Smaller pieces cannot be changed while the machine runs: to cut a
 * block of a mapping takes all of it away for a moment, with stacks and data that are in use.
 *
 * A block's frames have descriptors of their own, which say what is allocated in it. A buffer of
 * more than a block has blocks for itself.
 */
#include "dma_memory.h"
#include <arch/barrier.h>
#include <arch/irq.h>
#include <arch/spin.h>
#include <kiln/panic.h>
#include <lib/align.h>
#include <lib/list.h>
#include <mm/page.h>
#include <string.h>

#define BLOCK_PAGES ((size_t)512)
#define BLOCK_BYTES (BLOCK_PAGES * ARCH_PAGE_BYTES)

/* Blocks that are not cached and that several buffers may share, by the link of their second
 * page's descriptor: the first one's is the page allocator's. Protected by `owner`. */
static struct list_node blocks = LIST_INIT(blocks);
static uint32_t owner; /* 1: a call is running; atomic */

/* Calls exclude each other with interrupts on, because to reach other CPUs' TLBs may take an
 * interrupt there. */
static void enter(void)
{
    KILN_ASSERT(!arch_in_interrupt());
    KILN_ASSERT(!arch_irqs_off());
    while (KILN_CONFIG_SMP && __atomic_exchange_n(&owner, 1, __ATOMIC_ACQUIRE))
        arch_spin_until_changes(&owner, 1);
}

static void leave(void)
{
    if (!KILN_CONFIG_SMP)
        return;
    __atomic_store_n(&owner, 0, __ATOMIC_RELEASE);
    arch_spin_wake();
}

/* Whether RAM is mapped there by pieces that can be changed one by one. */
static bool is_changeable(uintptr_t start, uintptr_t end)
{
    for (; start < end; start += BLOCK_BYTES)
        if (arch_mmu_query(&arch_boot_space, start).block_bytes > BLOCK_BYTES)
            return false;
    return true;
}

/* Once no CPU can fetch lines of the blocks any more, none must be left: neither to be found by a
 * read nor to be written back. Nobody else changes these entries, and no tables are needed. */
static bool uncache(uintptr_t start, size_t bytes)
{
    if (!is_changeable(start, start + bytes) ||
        arch_mmu_protect(&arch_boot_space, start, bytes, ARCH_MAP_UNCACHED))
        return false;
    arch_cache_clean_invalidate((void *)start, bytes);
    return true;
}

static void cache_again(uintptr_t start, size_t bytes)
{
    arch_barrier_io();
    if (arch_mmu_protect(&arch_boot_space, start, bytes, ARCH_MAP_DATA))
        kiln_panic("dma: memory at 0x%zx cannot be mapped as it was", start);
}

/* Free pages that the device reaches, not cached from here on; 0: there are none. The zone that
 * every device reaches is mapped by smaller blocks, since the image lies in it. */
static uintptr_t take_uncached(const struct kiln_dma_device *device, size_t bytes, size_t alignment)
{
    uintptr_t start = dma_take_pages(device, bytes, alignment, PAGE_DMA | PAGE_WAIT);

    if (start && !uncache(start, bytes)) {
        page_free_exact(start, dma_pages(bytes));
        return 0;
    }
    return start;
}

static size_t pages_at(const struct page *page)
{
    return (size_t)page->owner;
}

/* Where in a block so many pages are free, a multiple of the alignment from its start;
 * BLOCK_PAGES: nowhere. */
static size_t find_free(const struct page *block, size_t pages, size_t alignment)
{
    size_t start = 0, at = 0;

    while (at < BLOCK_PAGES) {
        size_t used = pages_at(&block[at]);
        at += used ? used : 1;
        if (used)
            start = align_up(at, alignment);
        else if (at >= start + pages)
            return start;
    }
    return BLOCK_PAGES;
}

static struct page *new_block(const struct kiln_dma_device *device)
{
    const struct kiln_dma_device whole = {.limit = device->limit, .offset = device->offset};
    uintptr_t start = take_uncached(&whole, BLOCK_BYTES, BLOCK_BYTES);
    struct page *block = start ? page_of(start) : NULL;

    for (size_t i = 0; block && i < BLOCK_PAGES; i++)
        block[i].owner = NULL;
    if (block)
        list_add_first(&blocks, &block[1].link);
    return block;
}

static uintptr_t allocate_in(const struct kiln_dma_device *device, struct page *block, size_t pages,
                             size_t alignment)
{
    uintptr_t start = page_address(block);
    size_t at = find_free(block, pages, alignment / ARCH_PAGE_BYTES);

    if (at == BLOCK_PAGES ||
        !dma_reaches(device, start + at * ARCH_PAGE_BYTES, pages * ARCH_PAGE_BYTES))
        return 0;
    block[at].owner = (void *)pages;
    block->in_use += (uint16_t)pages;
    return start + at * ARCH_PAGE_BYTES;
}

/* The alignment keeps a buffer off boundaries. */
static uintptr_t allocate_small(const struct kiln_dma_device *device, size_t pages,
                                size_t alignment)
{
    while (device->boundary && alignment < pages * ARCH_PAGE_BYTES)
        alignment <<= 1;
    list_for_each (node, &blocks) {
        struct page *block = list_entry(node, struct page, link) - 1;
        uintptr_t start = allocate_in(device, block, pages, alignment);
        if (start)
            return start;
    }
    struct page *block = new_block(device);
    return block ? allocate_in(device, block, pages, alignment) : 0;
}

static uintptr_t allocate_uncached(const struct kiln_dma_device *device, size_t bytes,
                                   size_t alignment)
{
    if (bytes > BLOCK_BYTES || alignment > BLOCK_BYTES)
        return take_uncached(device, align_up(bytes, BLOCK_BYTES),
                             alignment > BLOCK_BYTES ? alignment : BLOCK_BYTES);
    enter();
    uintptr_t start = allocate_small(device, dma_pages(bytes), alignment);
    leave();
    return start;
}

void *kiln_dma_allocate(const struct kiln_dma_device *device, size_t bytes, size_t alignment,
                        uint64_t *bus)
{
    KILN_ASSERT(is_power_of_two(alignment) || alignment == 0);
    KILN_ASSERT(!arch_in_interrupt());
    device = dma_device(device);
    if (alignment < ARCH_PAGE_BYTES)
        alignment = ARCH_PAGE_BYTES;
    if (!dma_is_possible(device, bytes) || bytes > SIZE_MAX / 2)
        return NULL;
    uintptr_t start = dma_is_coherent(device) ? dma_take_pages(device, bytes, alignment, PAGE_WAIT)
                                              : allocate_uncached(device, bytes, alignment);
    if (!start)
        return NULL;
    memset((void *)start, 0, dma_pages(bytes) * ARCH_PAGE_BYTES);
    arch_barrier_dma_write();
    if (KILN_CONFIG_DMA_STATS)
        dma_count_coherent(dma_pages(bytes), true);
    *bus = start + device->offset;
    return (void *)start;
}

static _Noreturn void stray(uintptr_t start, size_t bytes)
{
    kiln_panic("dma: 0x%zx is no coherent buffer of %zu bytes", start, bytes);
}

static void free_small(uintptr_t start, size_t bytes)
{
    uintptr_t block_start = align_down(start, BLOCK_BYTES);
    struct page *page = page_of(start), *block = page_of(block_start);

    if (!block || pages_at(page) != dma_pages(bytes))
        stray(start, bytes);
    page->owner = NULL;
    block->in_use -= (uint16_t)dma_pages(bytes);
    if (block->in_use)
        return;
    list_remove(&block[1].link);
    cache_again(block_start, BLOCK_BYTES);
    page_free_exact(block_start, BLOCK_PAGES);
}

/* Of a block that buffers share the first descriptor says how much is used. */
static void free_uncached(uintptr_t start, size_t bytes)
{
    const struct page *page = is_aligned(start, ARCH_PAGE_BYTES) ? page_of(start) : NULL;
    size_t whole = align_up(bytes, BLOCK_BYTES);

    if (!page || arch_mmu_query(&arch_boot_space, start).kind != ARCH_MAP_UNCACHED)
        stray(start, bytes);
    if (page->state == PAGE_EXACT && page->in_use == 0) {
        if (page->pages != whole / ARCH_PAGE_BYTES)
            stray(start, bytes);
        cache_again(start, whole);
        page_free_exact(start, whole / ARCH_PAGE_BYTES);
        return;
    }
    enter();
    free_small(start, bytes);
    leave();
}

void kiln_dma_free(const struct kiln_dma_device *device, void *memory, size_t bytes)
{
    uintptr_t start = (uintptr_t)memory;

    KILN_ASSERT(!arch_in_interrupt());
    if (!memory)
        return;
    if (dma_is_coherent(dma_device(device)))
        page_free_exact(start, dma_pages(bytes));
    else
        free_uncached(start, bytes);
    if (KILN_CONFIG_DMA_STATS)
        dma_count_coherent(dma_pages(bytes), false);
}
