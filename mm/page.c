/* Blocks of pages for callers: hot pages first, then the zones that are allowed. */
#include <mm/page.h>

#include "page_memory.h"
#include <string.h>
#include <arch/irq.h>
#include <kiln/panic.h>
#include <lib/align.h>
#include <mm/fault.h>
#include <mm/shadow.h>

/* What is asked for; order is unused in an exact request. */
struct request {
    size_t pages;
    unsigned order;
    unsigned flags;
    bool is_exact;
};

/* The frontier moves one step at a time: in between the lock is free, and interrupts come. */
static struct page *take_block(struct page_zone *zone, const struct request *request)
{
    struct page *page = NULL;
    bool goes_on;

    do {
        uintptr_t state = mm_lock(&zone->lock);
        goes_on = page_zone_may_take(zone, request->pages, request->flags);
        if (goes_on && !(page = page_zone_take(zone, request->order)))
            goes_on = page_open_zone(zone);
        mm_unlock(&zone->lock, state);
    } while (!page && goes_on);
    if (page && request->order == 0 && zone == page_memory.usual)
        page_hot_fill(zone);
    return page;
}

/* Memory that not every device reaches is taken first, where there is such. */
static struct page *take(const struct request *request)
{
    struct page_zone *zones = page_memory.zones;
    ptrdiff_t from = request->flags & PAGE_DMA ? 0 : page_memory.usual - zones;
    struct page *page = NULL;

    for (ptrdiff_t i = from; !page && i >= 0; i--)
        page = request->is_exact ? page_exact_take(&zones[i], request->pages, request->flags)
                                 : take_block(&zones[i], request);
    return page;
}

/* Has others give back what they do not need, and tries again. */
static struct page *take_from_others(const struct request *request)
{
    page_hot_drain(request->flags);
    struct page *page = take(request);

    if (!page && (request->flags & PAGE_WAIT) && page_reclaim(request->pages))
        page = take(request);
    return page;
}

static uintptr_t serve(const struct request *request)
{
    if (!page_is_started())
        page_start();
    struct page *page = take(request);

    if (!page && !(page = take_from_others(request)))
        return 0;
    struct page_region *region = page_region_of_descriptor(page);
    uintptr_t address = ((uintptr_t)page - region->origin) / sizeof(struct page) * ARCH_PAGE_BYTES;

    page_relieve(request->flags & PAGE_DMA ? page_memory.zones : page_memory.usual, request->flags);
    if (request->flags & PAGE_ZERO)
        memset((void *)address, 0, request->pages * ARCH_PAGE_BYTES);
    return address;
}

uintptr_t page_alloc_from_zones(unsigned order, unsigned flags)
{
    if (order > PAGE_ORDER_TOP)
        return 0;
    return serve(&(struct request){(size_t)1 << order, order, flags, false});
}

/* Reclaimers may take locks that the thread holds which a handler has interrupted. */
static inline void check_context(unsigned flags)
{
    KILN_ASSERT(!(flags & PAGE_WAIT) || !arch_in_interrupt());
}

/* What goes out may be accessed from here on, and what comes back no longer. */
static inline void *going_out(uintptr_t address, size_t pages)
{
    if (KILN_CONFIG_CHECK_MEMORY && address)
        shadow_allow(address, pages * ARCH_PAGE_BYTES);
    return (void *)address;
}

static inline void *block_going_out(uintptr_t address, unsigned order)
{
    if (KILN_CONFIG_CHECK_MEMORY && address)
        shadow_allow(address, ARCH_PAGE_BYTES << order);
    return (void *)address;
}

static inline void coming_back(uintptr_t address, size_t bytes)
{
    if (KILN_CONFIG_CHECK_MEMORY && is_aligned(address, ARCH_PAGE_BYTES))
        shadow_forbid(address, bytes, SHADOW_PAGE_FREE);
}

void *kiln_page_alloc_exact(size_t pages, unsigned flags)
{
    check_context(flags);
    if (pages == 0 || pages > SIZE_MAX / ARCH_PAGE_BYTES || fault_hits())
        return NULL;
    return going_out(serve(&(struct request){pages, 0, flags, true}), pages);
}

static __attribute__((noinline)) void *zeroed(uintptr_t page)
{
    return memset((void *)page, 0, ARCH_PAGE_BYTES);
}

void *kiln_page_alloc(unsigned order, unsigned flags)
{
    check_context(flags);
    if (fault_hits())
        return NULL;
    if (order != 0 || (flags & PAGE_DMA))
        return block_going_out(page_zone_block(order, flags), order);
    uintptr_t state = arch_irq_save();
    struct page_hot *hot = page_hot_of_this_cpu();
    size_t count = hot->count;
    struct page_hot_page top = hot->pages[count];

    if (!top.page) {
        arch_irq_restore(state);
        return going_out(page_alloc_from_zones(0, flags), 1);
    }
    page_hot_set_count(hot, count - 1);
    page_set_head(top.page, PAGE_HEAD_ALLOCATED(0));
    arch_irq_restore(state);
    going_out(top.address, 1);
    return flags & PAGE_ZERO ? zeroed(top.address) : (void *)top.address;
}

static _Noreturn void stray(uintptr_t address, const struct page *page)
{
    if (page && page->state == PAGE_INSIDE)
        kiln_panic("pages: 0x%zx is not the first page of an allocated block", address);
    if (page && page->state <= PAGE_HOT_FREE)
        kiln_panic("pages: 0x%zx is free already (freed twice?)", address);
    kiln_panic("pages: 0x%zx is no page that was allocated", address);
}

/* The descriptor of a block in use; anything else ends the program. */
static struct page *allocated(uintptr_t address)
{
    struct page *page = is_aligned(address, ARCH_PAGE_BYTES) ? page_of(address) : NULL;

    if (!page || page->state <= PAGE_HOT_FREE)
        stray(address, page);
    return page;
}

/* The same, of a block that may be freed as what it was allocated as. */
static struct page *freeable(uintptr_t address, enum page_state state)
{
    struct page *page = allocated(address);

    if (page->references != 1)
        kiln_panic("pages: 0x%zx is freed while it has %u references", address, page->references);
    if (page->state == state && page->in_use == 0)
        return page;
    if (page->state == PAGE_EXACT)
        kiln_panic("pages: 0x%zx is freed as a block, allocated as %zu pages", address,
                   page->pages);
    if (page->state == PAGE_ALLOCATED && page->in_use == 0)
        kiln_panic("pages: 0x%zx is freed as exact pages, allocated as a block", address);
    kiln_panic("pages: 0x%zx is freed while its owner uses it", address);
}

static __attribute__((noinline)) void free_to_zone(uintptr_t address, unsigned order)
{
    struct page *page = freeable(address, PAGE_ALLOCATED);
    struct page_region *region = page_region_of(address);

    if (page->order != order)
        kiln_panic("pages: 0x%zx is freed as order %u, allocated as order %u", address, order,
                   page->order);
    if (order == 0 && region->zone == page_memory.usual) {
        page_hot_push(address, page);
        return;
    }
    uintptr_t state = mm_lock(&region->zone->lock);
    page_zone_give(region, address / ARCH_PAGE_BYTES, order);
    mm_unlock(&region->zone->lock, state);
    page_tell_free();
}

void kiln_page_free_exact(void *first, size_t pages)
{
    uintptr_t address = (uintptr_t)first;
    struct page *page = freeable(address, PAGE_EXACT);
    struct page_region *region = page_region_of(address);

    if (page->pages != pages)
        kiln_panic("pages: 0x%zx is freed as %zu pages, allocated as %zu", address, pages,
                   page->pages);
    coming_back(address, pages * ARCH_PAGE_BYTES);
    page_exact_shrink(region, address / ARCH_PAGE_BYTES, 0);
    page_tell_free();
}

/* The frame of a page's first address; rotated, any other address is beyond all frames. */
static inline size_t frame_at(uintptr_t address)
{
    return address >> ARCH_PAGE_SHIFT | address << (8 * sizeof(address) - ARCH_PAGE_SHIFT);
}

/* Whether a block begins there, in the first region, that was allocated by this order. */
static inline bool is_usual_block(size_t frame, unsigned order)
{
    struct page_region *region = page_regions;

    return frame - region->first < page_opened(region) &&
           page_head(page_descriptor(region, frame)) == PAGE_HEAD_ALLOCATED(order);
}

static inline bool free_hot(uintptr_t address)
{
    size_t frame = frame_at(address);
    struct page *page = page_descriptor(page_regions, frame);

    if (!is_usual_block(frame, 0))
        return false;
    uintptr_t state = arch_irq_save();
    struct page_hot *hot = page_hot_of_this_cpu();
    size_t count = hot->count;

    if (count < PAGE_HOT) {
        hot->pages[count + 1] = (struct page_hot_page){address, page};
        page_hot_set_count(hot, count + 1);
        page_set_head(page, PAGE_HEAD(PAGE_HOT_FREE, 0));
    }
    arch_irq_restore(state);
    return count < PAGE_HOT;
}

static __attribute__((noinline)) void free_block(uintptr_t address, unsigned order)
{
    if (order > PAGE_ORDER_TOP || !is_usual_block(frame_at(address), order)) {
        free_to_zone(address, order);
        return;
    }
    struct page_zone *zone = page_memory.usual;
    uintptr_t state = mm_lock(&zone->lock);
    page_zone_give(page_regions, address / ARCH_PAGE_BYTES, order);
    mm_unlock(&zone->lock, state);
    page_tell_free();
}

void kiln_page_free(void *block, unsigned order)
{
    uintptr_t address = (uintptr_t)block;

    if (KILN_CONFIG_CHECK_MEMORY && order <= PAGE_ORDER_TOP)
        coming_back(address, ARCH_PAGE_BYTES << order);
    if (order != 0)
        free_block(address, order);
    else if (!free_hot(address))
        free_to_zone(address, 0);
}

/* Without other CPUs, masking interrupts makes a change atomic. Returns what comes out. */
static uint32_t change_references(struct page *page, uint32_t by)
{
    if (KILN_CONFIG_SMP)
        return __atomic_add_fetch(&page->references, by, __ATOMIC_ACQ_REL);
    uintptr_t state = arch_irq_save();
    uint32_t references = page->references += by;
    arch_irq_restore(state);
    return references;
}

void page_get(uintptr_t address)
{
    change_references(allocated(address), 1);
}

void page_put(uintptr_t address)
{
    struct page *page = allocated(address);

    if (change_references(page, (uint32_t)-1) != 0)
        return;
    __atomic_store_n(&page->references, 1, __ATOMIC_RELAXED);
    if (page->state == PAGE_EXACT)
        page_free_exact(address, page->pages);
    else
        page_free(address, page->order);
}
