/*
 * The buddies: free blocks of each order in a list, and a bit for each list that has one. A block
 * and its buddy, whose address differs in the one bit that is the block's size, are one block of
 * the next order as soon as both are free.
 */
#include "page_memory.h"
#include <lib/align.h>

#define FREE_HEAD(order) PAGE_HEAD(PAGE_FREE, order)

static struct page *page_of_node(struct list_node *node)
{
    return list_entry(node, struct page, link);
}

/* Takes a block out of its list: list_remove() would also write the node, which nobody looks at
 * again. True: that was the last one. */
static inline bool unlink_block(struct page_list *list, struct page *page)
{
    struct list_node *next = page->link.next, *previous = page->link.previous;

    previous->next = next;
    next->previous = previous;
    return --list->count == 0;
}

static inline void remove_block(struct page_zone *zone, struct page *page, unsigned order)
{
    if (unlink_block(&zone->free[order], page))
        zone->orders &= ~(1u << order);
}

void page_zone_remove(struct page_zone *zone, struct page *page, unsigned order)
{
    remove_block(zone, page, order);
    page_set_head(page, 0);
}

/* The lists below the block's order down to `wanted` are empty: else it would not be split. */
static inline void split(struct page_zone *zone, struct page *page, unsigned order, unsigned wanted)
{
    struct page_list *list = &zone->free[order], *last = &zone->free[wanted];
    size_t size = (size_t)1 << order;
    uint64_t head = FREE_HEAD(order);

    zone->orders |= (uint32_t)size - (1u << wanted);
    while (list != last) {
        list--;
        size >>= 1;
        head -= FREE_HEAD(1) - FREE_HEAD(0);
        struct page *buddy = page + size;
        page_set_head(buddy, head);
        buddy->link.next = buddy->link.previous = &list->blocks;
        list->blocks.next = list->blocks.previous = &buddy->link;
        list->count = 1;
    }
}

static inline struct page *take(struct page_zone *zone, unsigned order)
{
    uint32_t orders = zone->orders >> order;

    if (orders == 0)
        return NULL;
    unsigned found = order + (unsigned)__builtin_ctz(orders);
    struct page *page = page_of_node(zone->free[found].blocks.next);

    remove_block(zone, page, found);
    split(zone, page, found, order);
    page_set_head(page, PAGE_HEAD_ALLOCATED(order));
    page_zone_set_free(zone, zone->free_pages - ((size_t)1 << order));
    zone->used[order]++;
    return page;
}

struct page *page_zone_first(struct page_zone *zone, unsigned order)
{
    uint32_t orders = zone->orders >> order;

    if (orders == 0)
        return NULL;
    return page_of_node(zone->free[order + (unsigned)__builtin_ctz(orders)].blocks.next);
}

struct page *page_zone_take(struct page_zone *zone, unsigned order)
{
    return take(zone, order);
}

/* What others leave to PAGE_DMA where memory is of two kinds is more than they leave to the
 * reserve. */
bool page_zone_may_take(const struct page_zone *zone, size_t pages, unsigned flags)
{
    bool is_borrowed = zone != page_memory.usual && !(flags & PAGE_DMA);
    size_t least = is_borrowed ? zone->min : 0;

    if (!(flags & PAGE_RESERVE))
        least = is_borrowed ? zone->high : zone->min;
    return zone->free_pages >= pages && zone->free_pages - pages >= least;
}

uintptr_t page_zone_block(unsigned order, unsigned flags)
{
    struct page_zone *zone = flags & PAGE_DMA ? page_memory.zones : page_memory.usual;
    struct page *page = NULL;

    if (!page_is_started() || order > PAGE_ORDER_TOP || (flags & PAGE_ZERO))
        return page_alloc_from_zones(order, flags);
    uintptr_t state = mm_lock(&zone->lock);

    if (zone->free_pages >= zone->low + ((size_t)1 << order))
        page = take(zone, order);
    mm_unlock(&zone->lock, state);
    return page ? page_address(page) : page_alloc_from_zones(order, flags);
}

static unsigned highest_bit(size_t value)
{
    return 8 * sizeof(unsigned long) - 1 - (unsigned)__builtin_clzl(value);
}

/* The highest order whose aligned block around the frame is all in the opened part: as long as the
 * frame's number and a limit's agree in all bits above, the limit is in the same block. */
static inline unsigned highest_order(const struct page_region *region, size_t frame)
{
    size_t first = region->first;
    unsigned from_below = highest_bit(frame ^ (first - 1));
    unsigned from_above = highest_bit(frame ^ (first + page_opened(region)));
    unsigned order = from_below < from_above ? from_below : from_above;

    return order < PAGE_ORDER_TOP ? order : PAGE_ORDER_TOP;
}

static inline size_t insert(struct page_region *region, size_t frame, unsigned order)
{
    struct page_zone *zone = region->zone;
    struct page_list *list = &zone->free[order];
    size_t size = (size_t)1 << order, largest = (size_t)1 << highest_order(region, frame);
    uint64_t head = FREE_HEAD(order);
    uint32_t emptied = 0;

    for (; size < largest; size <<= 1, list++, head += FREE_HEAD(1) - FREE_HEAD(0)) {
        struct page *buddy = page_descriptor(region, frame ^ size);
        if (page_head(buddy) != head)
            break;
        if (unlink_block(list, buddy))
            emptied |= (uint32_t)size;
        page_set_head(buddy, 0);
        frame &= ~size;
    }
    zone->orders = (zone->orders & ~emptied) | (uint32_t)size;
    struct page *page = page_descriptor(region, frame);

    page_set_head(page, head);
    list_add_first(&list->blocks, &page->link);
    list->count++;
    return size;
}

/* The order of the largest block of so many frames that begins or ends there. */
static unsigned order_at(size_t frame, size_t count)
{
    unsigned fits = highest_bit(count);
    unsigned aligned = (unsigned)__builtin_ctzl(frame);
    unsigned order = fits < aligned ? fits : aligned;

    return order < PAGE_ORDER_TOP ? order : PAGE_ORDER_TOP;
}

unsigned page_zone_last_order(size_t from, size_t to)
{
    return order_at(to, to - from);
}

void page_zone_insert(struct page_region *region, size_t from, size_t to)
{
    while (from < to) {
        unsigned order = order_at(from, to - from);

        insert(region, from, order);
        from += (size_t)1 << order;
    }
}

void page_zone_insert_rest(struct page_region *region, size_t from, size_t to)
{
    struct page_zone *zone = region->zone;

    while (from < to) {
        unsigned order = order_at(from, to - from);
        struct page *page = page_descriptor(region, from);

        page_set_head(page, FREE_HEAD(order));
        list_add_first(&zone->free[order].blocks, &page->link);
        zone->free[order].count++;
        zone->orders |= 1u << order;
        from += (size_t)1 << order;
    }
}

size_t page_zone_insert_block(struct page_region *region, size_t frame, unsigned order)
{
    return insert(region, frame, order);
}

size_t page_zone_give(struct page_region *region, size_t frame, unsigned order)
{
    struct page_zone *zone = region->zone;

    page_set_head(page_descriptor(region, frame), 0);
    page_zone_set_free(zone, zone->free_pages + ((size_t)1 << order));
    zone->used[order]--;
    return insert(region, frame, order);
}
