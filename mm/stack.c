/*
 * Stacks in addresses of their own. These are cut into slots of 2^order pages, each order in a part
 * of its own, so that an address says which slot it is in. A stack is the upper end of its slot;
 * what is left below it, a page at least, is its guard, and the next slot's guard stands above it.
 * The descriptor of a stack's uppermost page is the stack's: `in_use` has its pages, `owner` its
 * name.
 */
#include <kiln/stack.h>
#include <arch/irq.h>
#include <errno.h>
#include <kiln/panic.h>
#include <lib/align.h>
#include <lib/bitmap.h>
#include <mm/lock.h>
#include <mm/page.h>
#include <mm/shadow.h>
#include <mm/vm.h>
#include "table_stock.h"

#define ORDER_LEAST 1u
#define ORDER_MOST  14u
#define SHELVES     (ORDER_MOST - ORDER_LEAST + 1)
#define SHELF_BYTES ((uintptr_t)2 << 30) /* fourteen of them are less than 1/16 of 39 bits */
#define TABLE_BYTES (ARCH_PAGE_BYTES * ARCH_PAGE_BYTES / sizeof(uint64_t))
#define NO_SLOT     SIZE_MAX
#define LOOK_LATER  (SIZE_MAX - 1)
#define LOOKS       32u /* words at a time, interrupts masked */
#define MAP_BITS    (ARCH_PAGE_BYTES * 8)
#define MAPS        (SHELF_BYTES / (ARCH_PAGE_BYTES << ORDER_LEAST) / MAP_BITS)
#define IN_CACHE    0x8000u /* in `in_use`: nobody's; `owner` then is where it ends */

_Static_assert(KILN_STACK_BYTES_MOST == ((ARCH_PAGE_BYTES << ORDER_MOST) - ARCH_PAGE_BYTES),
               "a slot has a stack and a page");

/* Slots of one size. */
struct shelf {
    struct list_node cached;   /* stacks that nobody has, last used first */
    unsigned long *maps[MAPS]; /* bits of those of the slots in use ever that are free again */
    size_t map_count;
    size_t opened; /* slots in use ever */
    size_t lowest; /* no slot below it is free */
};

static struct {
    struct kiln_spinlock lock;
    struct arch_space space; /* the lock to add tables */
    struct table_stock tables;
    uintptr_t start; /* 0 before the first call; atomic */
    mm_fault_hook_t next_hook;
    struct shelf shelves[SHELVES];
} stacks = {.lock = KILN_SPINLOCK_INIT};

static unsigned slot_shift(const struct shelf *shelf)
{
    return ARCH_PAGE_SHIFT + ORDER_LEAST + (unsigned)(shelf - stacks.shelves);
}

static size_t slot_bytes(const struct shelf *shelf)
{
    return (size_t)1 << slot_shift(shelf);
}

static bool is_ours(uintptr_t address)
{
    uintptr_t start = __atomic_load_n(&stacks.start, __ATOMIC_ACQUIRE);
    return start && address - start < SHELVES * SHELF_BYTES;
}

static struct shelf *shelf_of(uintptr_t address)
{
    return &stacks.shelves[(address - stacks.start) / SHELF_BYTES];
}

static uintptr_t slot_start(uintptr_t address)
{
    return align_down(address, slot_bytes(shelf_of(address)));
}

static uintptr_t slot_top(uintptr_t address)
{
    return slot_start(address) + slot_bytes(shelf_of(address));
}

/* A slot's number on its shelf. */
static size_t slot_at(uintptr_t address)
{
    return (address - stacks.start) % SHELF_BYTES >> slot_shift(shelf_of(address));
}

/* The descriptor of what ends there, NULL: nothing does. */
static struct page *descriptor_of(uintptr_t top)
{
    struct arch_mapping_info info = arch_mmu_query(&stacks.space, top - ARCH_PAGE_BYTES);
    return info.kind == ARCH_MAP_NONE ? NULL : page_of(info.physical);
}

/* The same, of what is somebody's. */
static struct page *stack_at(uintptr_t top)
{
    struct page *page = is_ours(top - 1) ? descriptor_of(top) : NULL;
    return page && !(page->in_use & IN_CACHE) ? page : NULL;
}

static void explain(const struct arch_frame *frame, uintptr_t address, arch_print_t print)
{
    uintptr_t below = slot_start(address), fp = arch_frame_fp(frame);
    const struct page *lower = stack_at(below), *page = stack_at(slot_top(address));
    if (lower && is_ours(fp) && slot_top(fp) == below)
        print("above the stack of thread %s: ", (const char *)lower->owner);
    else if (!page)
        print("no stack: ");
    else if (slot_top(address) - address > page->in_use * ARCH_PAGE_BYTES)
        print("stack overflow of thread %s: its stack has %zu bytes; ", (const char *)page->owner,
              page->in_use * ARCH_PAGE_BYTES);
}

static bool stack_fault(const struct arch_frame *frame, arch_print_t print)
{
    uintptr_t address;
    if (!arch_frame_is_access(frame, &address) || !is_ours(address))
        return stacks.next_hook && stacks.next_hook(frame, print);
    if (print)
        explain(frame, address, print);
    return false;
}

static uintptr_t new_table(void)
{
    return table_stock_take(&stacks.tables);
}

/* Takes a list of pages that TLBs have forgotten. */
static void free_pages(struct list_node *list)
{
    list_for_each_safe (node, list) {
        struct page *page = list_entry(node, struct page, link);
        page->in_use = 0;
        page_free(page_address(page), 0);
    }
}

static void flush(void)
{
    arch_mmu_flush(stacks.start, SHELVES * SHELF_BYTES);
}

/* The stack out of a cache that was used least lately, or NULL. */
static struct page *take_coldest(void)
{
    struct page *coldest = NULL;
    uintptr_t state = mm_lock(&stacks.lock);
    for (unsigned i = 0; !coldest && i < SHELVES; i++) {
        struct list_node *cached = &stacks.shelves[i].cached;
        if (list_is_empty(cached))
            continue;
        coldest = list_entry(cached->previous, struct page, link);
        list_remove(&coldest->link);
    }
    mm_unlock(&stacks.lock, state);
    return coldest;
}

/* Unmaps a stack that nobody has. Its uppermost page is left out of the list. Returns its pages. */
static size_t unmap(const struct page *stack, struct list_node *list)
{
    uintptr_t at = (uintptr_t)stack->owner - ARCH_PAGE_BYTES;
    size_t pages = stack->in_use & ~IN_CACHE;
    arch_mmu_exchange(&stacks.space, at, 0, ARCH_MAP_NONE);
    for (size_t left = pages; left > 1; left--) {
        at -= ARCH_PAGE_BYTES;
        uintptr_t page = arch_mmu_exchange(&stacks.space, at, 0, ARCH_MAP_NONE);
        list_add_last(list, &page_of(page)->link);
    }
    return pages;
}

/* Slots whose pages the same tables translate, and no other. */
struct chunk {
    struct shelf *shelf;
    uintptr_t start;
    size_t bytes, first, end; /* slots [first, end) */
};

static struct chunk chunk_of(uintptr_t address)
{
    struct chunk chunk = {.shelf = shelf_of(address), .bytes = TABLE_BYTES};
    if (chunk.bytes < slot_bytes(chunk.shelf))
        chunk.bytes = slot_bytes(chunk.shelf);
    chunk.start = align_down(address, chunk.bytes);
    chunk.first = slot_at(chunk.start);
    chunk.end = chunk.first + (chunk.bytes >> slot_shift(chunk.shelf));
    return chunk;
}

static unsigned long *word_of(const struct shelf *shelf, size_t slot)
{
    return &shelf->maps[slot / MAP_BITS][slot % MAP_BITS / BITMAP_WORD_BITS];
}

/* The bits of slots from one on, up to another one, that are in its word. */
static unsigned long bits_of(size_t slot, size_t end)
{
    unsigned long bits = end - slot < BITMAP_WORD_BITS ? (1ul << (end - slot)) - 1 : ~0ul;
    return bits << slot % BITMAP_WORD_BITS;
}

static bool is_free(const struct chunk *chunk)
{
    size_t end = chunk->end < chunk->shelf->opened ? chunk->end : chunk->shelf->opened;
    for (size_t slot = chunk->first; slot < end; slot += BITMAP_WORD_BITS)
        if (bits_of(slot, end) & ~*word_of(chunk->shelf, slot))
            return false;
    return true;
}

static void set_free(struct shelf *shelf, size_t slot, size_t end)
{
    if (shelf->lowest > slot)
        shelf->lowest = slot;
    for (; slot < end; slot += BITMAP_WORD_BITS)
        *word_of(shelf, slot) |= bits_of(slot, end);
}

/* Until all of a chunk's tables are gone. */
static void set_used(const struct chunk *chunk)
{
    for (size_t slot = chunk->first; slot < chunk->end; slot += BITMAP_WORD_BITS)
        *word_of(chunk->shelf, slot) &= ~bits_of(slot, chunk->end);
    if (chunk->shelf->opened < chunk->end)
        chunk->shelf->opened = chunk->end;
}

static struct list_node *released; /* a chunk's tables; the lock */
static uintptr_t released_at;

static void release_table(uintptr_t table)
{
    struct page *page = page_of(table);
    page->owner = (void *)released_at;
    list_add_last(released, &page->link);
}

/* Gets the tables of a chunk that nobody uses into a list, some at a time. */
static void release_tables(const struct chunk *chunk, struct list_node *tables)
{
    uintptr_t end = chunk->start + chunk->bytes;
    for (uintptr_t at = chunk->start; at < end;) {
        uintptr_t state = mm_lock(&stacks.lock);
        released = tables;
        released_at = chunk->start;
        at +=
            arch_mmu_release_tables(&stacks.space, at, end - at, chunk->start, end, release_table);
        mm_unlock(&stacks.lock, state);
    }
}

/* Frees the slot of a stack that is unmapped. Tables that serve no slot any more get into a list,
 * and all slots that they served are nobody's until TLBs are flushed again. */
static void free_slot(const struct page *stack, struct list_node *tables)
{
    uintptr_t last = (uintptr_t)stack->owner - 1;
    struct chunk chunk = chunk_of(last);
    uintptr_t state = mm_lock(&stacks.lock);
    set_free(chunk.shelf, slot_at(last), slot_at(last) + 1);
    bool serves_none = is_free(&chunk);
    if (serves_none)
        set_used(&chunk);
    mm_unlock(&stacks.lock, state);
    if (serves_none)
        release_tables(&chunk, tables);
}

/* TLBs are flushed: the slots that released tables served are free. */
static void free_chunks(const struct list_node *tables)
{
    for (const struct list_node *node = tables->next; node != tables; node = node->next) {
        struct chunk chunk = chunk_of((uintptr_t)list_entry(node, struct page, link)->owner);
        uintptr_t state = mm_lock(&stacks.lock);
        set_free(chunk.shelf, chunk.first, chunk.end);
        mm_unlock(&stacks.lock, state);
    }
}

static size_t reclaim(size_t pages)
{
    struct list_node tops = LIST_INIT(tops), others = LIST_INIT(others);
    struct list_node tables = LIST_INIT(tables);
    size_t freed = 0;
    for (struct page *stack; freed < pages && (stack = take_coldest());) {
        freed += unmap(stack, &others);
        list_add_last(&tops, &stack->link);
    }
    if (freed == 0)
        return 0;
    flush();
    list_for_each_safe (node, &tops)
        free_slot(list_entry(node, struct page, link), &tables);
    if (!list_is_empty(&tables)) {
        flush();
        free_chunks(&tables);
        free_pages(&tables);
    }
    free_pages(&others);
    free_pages(&tops);
    return freed;
}

/* True for the caller that was the first. */
static bool begin(void)
{
    uintptr_t state = mm_lock(&stacks.lock);
    bool is_first = !stacks.start;
    if (is_first) {
        stacks.space = arch_boot_space;
        stacks.space.source = new_table;
        stacks.space.is_zeroed = true;
        stacks.space.flushes_later = true;
        for (unsigned i = 0; i < SHELVES; i++)
            list_init(&stacks.shelves[i].cached);
        stacks.next_hook = mm_fault_hook_add(stack_fault);
        uintptr_t end = arch_mmu_limit(&stacks.space);
        __atomic_store_n(&stacks.start, end - end / MM_STACKS_SHARE, __ATOMIC_RELEASE);
    }
    mm_unlock(&stacks.lock, state);
    return is_first;
}

static size_t room_of(const struct shelf *shelf)
{
    size_t most = SHELF_BYTES >> slot_shift(shelf);
    size_t bits = shelf->map_count * MAP_BITS;
    return bits < most ? bits : most;
}

/* Adds a map, if nobody has meanwhile. 0 or -ENOMEM. */
static int grow(struct shelf *shelf, size_t count)
{
    if (count * MAP_BITS >= SHELF_BYTES >> slot_shift(shelf))
        return -ENOMEM;
    unsigned long *map = (unsigned long *)page_alloc(0, PAGE_ZERO | PAGE_WAIT);
    if (!map)
        return -ENOMEM;
    uintptr_t state = mm_lock(&stacks.lock);
    if (shelf->map_count == count) {
        shelf->maps[count] = map;
        shelf->map_count++;
        map = NULL;
    }
    mm_unlock(&stacks.lock, state);
    if (map)
        page_free((uintptr_t)map, 0);
    return 0;
}

/* The lowest free slot; LOOK_LATER: it has not been found yet. The lock. */
static size_t find_slot(struct shelf *shelf)
{
    for (unsigned looks = LOOKS; shelf->lowest < shelf->opened; looks--) {
        size_t slot = shelf->lowest;
        unsigned long word = *word_of(shelf, slot) >> slot % BITMAP_WORD_BITS;
        if (looks == 0)
            return LOOK_LATER;
        if (word == 0) {
            shelf->lowest = align_down(slot, BITMAP_WORD_BITS) + BITMAP_WORD_BITS;
            continue;
        }
        slot += (size_t)__builtin_ctzl(word);
        *word_of(shelf, slot) &= ~bits_of(slot, slot + 1);
        shelf->lowest = slot;
        return slot;
    }
    if (shelf->opened == room_of(shelf))
        return NO_SLOT;
    return shelf->opened++;
}

/* Where a new slot ends, 0: there is none. */
static uintptr_t take_slot(struct shelf *shelf)
{
    uintptr_t shelf_start = stacks.start + (uintptr_t)(shelf - stacks.shelves) * SHELF_BYTES;
    for (;;) {
        uintptr_t state = mm_lock(&stacks.lock);
        size_t count = shelf->map_count, slot = find_slot(shelf);
        mm_unlock(&stacks.lock, state);
        if (slot < LOOK_LATER)
            return shelf_start + ((slot + 1) << slot_shift(shelf));
        if (slot == NO_SLOT && grow(shelf, count))
            return 0;
    }
}

/* Maps the pages of a stack from one on, downwards. Returns how many it then has. */
static size_t map(uintptr_t top, size_t from, size_t to)
{
    for (; from < to; from++) {
        uintptr_t at = top - (from + 1) * ARCH_PAGE_BYTES, page;
        if (!table_stock_fill(&stacks.tables, &stacks.lock, &stacks.space, at, ARCH_PAGE_BYTES) ||
            !(page = page_alloc(0, PAGE_WAIT)))
            break;
        uintptr_t state = mm_lock(&stacks.lock);
        int error = arch_mmu_map_page(&stacks.space, at, page, ARCH_MAP_DATA);
        mm_unlock(&stacks.lock, state);
        if (error) {
            page_free(page, 0);
            break;
        }
    }
    table_stock_empty(&stacks.tables, &stacks.lock);
    return from;
}

static void put_into_cache(uintptr_t top, struct page *stack, size_t pages)
{
    struct shelf *shelf = shelf_of(top - 1);
    stack->owner = (void *)top;
    uintptr_t state = mm_lock(&stacks.lock);
    stack->in_use = (uint16_t)(pages | IN_CACHE);
    list_add_first(&shelf->cached, &stack->link);
    mm_unlock(&stacks.lock, state);
}

static struct page *take_from_cache(struct shelf *shelf)
{
    uintptr_t state = mm_lock(&stacks.lock);
    struct list_node *node = list_take_first(&shelf->cached);
    mm_unlock(&stacks.lock, state);
    return node ? list_entry(node, struct page, link) : NULL;
}

/* A slot without pages is free at once. What did not get all its pages can still be of use. */
static int give_up(uintptr_t top, size_t pages)
{
    if (pages) {
        put_into_cache(top, descriptor_of(top), pages);
        return -ENOMEM;
    }
    uintptr_t state = mm_lock(&stacks.lock);
    set_free(shelf_of(top - 1), slot_at(top - 1), slot_at(top - 1) + 1);
    mm_unlock(&stacks.lock, state);
    return -ENOMEM;
}

/* Where a stack of the shelf ends, 0: there is no memory; and how many pages it has already. */
static uintptr_t take(struct shelf *shelf, size_t *pages)
{
    const struct page *cached = take_from_cache(shelf);
    *pages = cached ? cached->in_use & ~IN_CACHE : 0;
    return cached ? (uintptr_t)cached->owner : take_slot(shelf);
}

int kiln_stack_create(size_t bytes, const char *name, struct kiln_stack *stack)
{
    KILN_ASSERT(!arch_in_interrupt());
    KILN_ASSERT(!arch_irqs_off());
    if (bytes == 0 || bytes > KILN_STACK_BYTES_MOST)
        return -EINVAL;
    static struct page_reclaimer reclaimer = {.reclaim = reclaim};
    if (!__atomic_load_n(&stacks.start, __ATOMIC_ACQUIRE) && begin())
        page_reclaimer_add(&reclaimer);
    size_t wanted = (bytes + ARCH_PAGE_BYTES - 1) / ARCH_PAGE_BYTES, pages;
    unsigned order = 8 * sizeof(unsigned long) - (unsigned)__builtin_clzl(wanted);
    uintptr_t top = take(&stacks.shelves[order - ORDER_LEAST], &pages);
    if (!top)
        return -ENOMEM;
    pages = map(top, pages, wanted);
    if (pages < wanted ||
        (KILN_CONFIG_CHECK_MEMORY && !shadow_open_high(top - pages * ARCH_PAGE_BYTES, top)))
        return give_up(top, pages);
    struct page *page = descriptor_of(top);
    page->owner = (void *)(uintptr_t)name;
    page->in_use = (uint16_t)pages;
    *stack = (struct kiln_stack){top - pages * ARCH_PAGE_BYTES, top};
    return 0;
}

void kiln_stack_destroy(const struct kiln_stack *stack)
{
    KILN_ASSERT(!arch_in_interrupt());
    struct page *page = stack_at(stack->top);
    size_t pages = (stack->top - stack->bottom) / ARCH_PAGE_BYTES;
    if (!page || slot_top(stack->top - 1) != stack->top || page->in_use != pages)
        kiln_panic("stacks: 0x%zx-0x%zx is no stack (destroyed twice?)", stack->bottom, stack->top);
    put_into_cache(stack->top, page, pages);
}

const char *kiln_stack_name(const void *address)
{
    uintptr_t at = (uintptr_t)address;
    const struct page *page = is_ours(at) ? stack_at(slot_top(at)) : NULL;
    return page ? page->owner : NULL;
}
