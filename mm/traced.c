/* Traced blocks: kiln/heap.h over the heap itself, with a header in front of each block. */
#include <mm/traced.h>

#if HEAP_TRACED

#include <string.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <kiln/heap.h>
#include <kiln/panic.h>
#include <kiln/system.h>
#include <lib/align.h>
#include <mm/lock.h>
#include <mm/memory_bug.h>
#include <mm/page.h>
#include <mm/shadow.h>
#include "heap_sites.h"

#define GRANULE       ((size_t)16)
#define MOST_BYTES    ((size_t)PTRDIFF_MAX / 2)

#define REDZONE_SHARE 8u /* of a block's size are behind it, but at least and at most: */
#define REDZONE_LEAST ((size_t)32)
#define REDZONE_MOST  ((size_t)1024)
#define HELD_SHARE    32u /* of RAM holds freed blocks back */

/* What the heap's own functions are called here: heap_plain.h. */
void *kiln_heap_plain_allocate(size_t bytes);
void kiln_heap_plain_free(void *data);
size_t kiln_heap_plain_usable_bytes(const void *data);
void kiln_heap_plain_get_stats(struct kiln_heap_stats *stats);

/* How many of their bytes stay held back: the header's too, as what counts is memory. */
static size_t held_bytes_of(const struct traced_block *block)
{
    return sizeof(*block) + block->bytes;
}

static struct {
    struct kiln_spinlock lock; /* protects what follows, and the links and marks of blocks */
    struct list_node live;     /* the newest is the last */
    struct list_node held;     /* freed blocks that are held back, the oldest first */
    size_t held_bytes;         /* also read without the lock, atomic */
    uintptr_t key;
    struct traced_totals totals;
} traced = {
    .lock = KILN_SPINLOCK_INIT, .live = LIST_INIT(traced.live), .held = LIST_INIT(traced.held)};

_Static_assert(sizeof(struct traced_block) % GRANULE == 0, "what stands behind is aligned");

uintptr_t traced_lock(void)
{
    return mm_lock_unordered(&traced.lock);
}

void traced_unlock(uintptr_t state)
{
    mm_unlock_unordered(&traced.lock, state);
}

void traced_totals(struct traced_totals *totals)
{
    uintptr_t state = traced_lock();

    *totals = traced.totals;
    traced_unlock(state);
}

void traced_own_data(uintptr_t *start, uintptr_t *end)
{
    *start = (uintptr_t)&traced;
    *end = (uintptr_t)(&traced + 1);
}

void traced_for_each(bool (*visit)(struct traced_block *block, void *context), void *context)
{
    list_for_each (node, &traced.live)
        if (!visit(list_entry(node, struct traced_block, link), context))
            return;
}

struct traced_block *traced_find(uintptr_t address)
{
    list_for_each (node, &traced.live) {
        struct traced_block *block = list_entry(node, struct traced_block, link);

        if (address - traced_data(block) < (block->bytes ? block->bytes : 1))
            return block;
    }
    return NULL;
}

/* Random, so that nothing else looks like a block. With the lock held, or a block allocated. */
static uintptr_t mark_of(const struct traced_block *block)
{
    if (!traced.key)
        traced.key = (uintptr_t)kiln_random() | 1;
    return traced.key ^ (uintptr_t)block;
}

static void enlist(struct traced_block *block)
{
    struct traced_totals *totals = &traced.totals;
    uintptr_t state = traced_lock();

    block->mark = mark_of(block);
    list_add_last(&traced.live, &block->link);
    if (KILN_CONFIG_HEAP_PROFILE)
        heap_sites_add(block->allocated_by, block->bytes);
    totals->allocations++;
    totals->bytes_allocated += block->bytes;
    totals->blocks++;
    totals->bytes += block->bytes;
    if (totals->bytes > totals->peak_bytes)
        totals->peak_bytes = totals->bytes;
    traced_unlock(state);
}

/* Bytes behind a block that nobody may access: more behind a larger one. */
static size_t redzone(size_t bytes)
{
    size_t share = align_up(bytes / REDZONE_SHARE, GRANULE);

    if (!KILN_CONFIG_CHECK_MEMORY)
        return 0;
    return share < REDZONE_LEAST ? REDZONE_LEAST : share > REDZONE_MOST ? REDZONE_MOST : share;
}

/* With the lock held. */
static void count_held(size_t bytes)
{
    __atomic_store_n(&traced.held_bytes, traced.held_bytes + bytes, __ATOMIC_RELAXED);
}

static void open_block(const struct traced_block *block)
{
    uintptr_t plain = (uintptr_t)block->plain, data = traced_data(block);
    uintptr_t end = align_up(data + block->bytes, SHADOW_GRANULE);

    shadow_forbid(plain, data - plain, SHADOW_HEAP);
    shadow_allow(data, block->bytes);
    shadow_forbid(end, plain + kiln_heap_plain_usable_bytes(block->plain) - end, SHADOW_HEAP);
}

/* The oldest of the blocks that are held back, if there are more bytes than that. */
static struct traced_block *take_oldest(size_t most)
{
    struct traced_block *oldest = NULL;
    uintptr_t state;

    if (__atomic_load_n(&traced.held_bytes, __ATOMIC_RELAXED) <= most)
        return NULL;
    state = traced_lock();
    if (traced.held_bytes > most) {
        oldest = list_entry(list_take_first(&traced.held), struct traced_block, link);
        count_held(-held_bytes_of(oldest));
    }
    traced_unlock(state);
    return oldest;
}

/* Gives blocks back to the heap until no more than so many bytes are held back. */
static void let_go(size_t most)
{
    struct traced_block *block;

    while ((block = take_oldest(most)) != NULL)
        kiln_heap_plain_free(block->plain);
}

/* What can be held back, a share of RAM. */
static size_t held_most(void)
{
    static size_t most; /* atomic; written once, if by several, the same */
    struct page_stats pages;

    if (__atomic_load_n(&most, __ATOMIC_RELAXED) == 0) {
        page_stats(&pages);
        __atomic_store_n(&most,
                         (pages.zones[0].total_pages + pages.zones[1].total_pages) *
                                 ARCH_PAGE_BYTES / HELD_SHARE +
                             1,
                         __ATOMIC_RELAXED);
    }
    return __atomic_load_n(&most, __ATOMIC_RELAXED);
}

static void *take(size_t bytes)
{
    void *plain = kiln_heap_plain_allocate(bytes);

    if (!plain && KILN_CONFIG_CHECK_MEMORY) {
        let_go(0);
        plain = kiln_heap_plain_allocate(bytes);
    }
    return plain;
}

static void *allocate(size_t alignment, size_t bytes, backtrace_t by)
{
    size_t in_front = sizeof(struct traced_block) + (alignment > GRANULE ? alignment : 0);
    struct traced_block *block;
    void *plain;

    if (bytes > MOST_BYTES || alignment > MOST_BYTES) {
        if (kiln_heap_failed)
            kiln_heap_failed();
        return NULL;
    }
    plain = take(in_front + bytes + redzone(bytes));
    if (!plain)
        return NULL;
    block = traced_of((void *)align_up((uintptr_t)plain + sizeof(*block), alignment));
    *block = (struct traced_block){
        .bytes = bytes, .plain = plain, .allocated_by = by, .allocator = arch_thread_self()};
    if (KILN_CONFIG_CHECK_MEMORY)
        open_block(block);
    enlist(block);
    return (void *)traced_data(block);
}

void *kiln_heap_allocate(size_t bytes)
{
    KILN_ASSERT(!arch_in_interrupt());
    return allocate(GRANULE, bytes, backtrace_record());
}

void *kiln_heap_allocate_aligned(size_t alignment, size_t bytes)
{
    KILN_ASSERT(!arch_in_interrupt());
    KILN_ASSERT(is_power_of_two(alignment));
    return allocate(alignment < GRANULE ? GRANULE : alignment, bytes, backtrace_record());
}

/* The header of what the program calls a block, as far as the address may be one's. */
static struct traced_block *candidate(const void *data)
{
    struct traced_block *block = traced_of(data);

    return is_aligned((uintptr_t)data, GRANULE) && page_of((uintptr_t)block) ? block : NULL;
}

static _Noreturn void refuse(const void *data, uintptr_t frame)
{
    struct traced_block *block = candidate(data);

    if (KILN_CONFIG_CHECK_MEMORY && memory_bug_report)
        memory_bug_report(&(struct memory_bug){.what = MEMORY_FREE,
                                               .address = (uintptr_t)data,
                                               .bad = (uintptr_t)data,
                                               .frame = frame});
    if (block && block->mark == ~mark_of(block))
        kiln_panic("heap: block %p is free already (freed twice?)", data);
    kiln_panic("heap: %p is not an allocated block", data);
}

/* `frame` is that of the function which the program called. */
struct traced_block *traced_live(const void *data, uintptr_t frame)
{
    struct traced_block *block = candidate(data);

    if (!block || block->mark != mark_of(block))
        refuse(data, frame);
    return block;
}

/* With the lock held. */
static void hold_back(struct traced_block *block)
{
    shadow_forbid(traced_data(block), align_up(block->bytes, SHADOW_GRANULE), SHADOW_HEAP_FREED);
    list_add_last(&traced.held, &block->link);
    count_held(held_bytes_of(block));
}

static void release(void *data, uintptr_t frame)
{
    backtrace_t by = backtrace_record_from(frame);
    uintptr_t state = traced_lock();
    struct traced_block *block = traced_live(data, frame);

    list_remove(&block->link);
    block->mark = ~block->mark;
    block->freed_by = by;
    block->freer = arch_thread_self();
    if (KILN_CONFIG_HEAP_PROFILE)
        heap_sites_remove(block->allocated_by, block->bytes);
    traced.totals.frees++;
    traced.totals.blocks--;
    traced.totals.bytes -= block->bytes;
    if (KILN_CONFIG_CHECK_MEMORY)
        hold_back(block);
    traced_unlock(state);
    if (KILN_CONFIG_CHECK_MEMORY)
        let_go(held_most());
    else
        kiln_heap_plain_free(block->plain);
}

void kiln_heap_free(void *data)
{
    KILN_ASSERT(!arch_in_interrupt());
    if (data)
        release(data, (uintptr_t)__builtin_frame_address(0));
}

/* A block always moves, so that nobody gets used to one that stays. */
void *kiln_heap_resize(void *data, size_t bytes)
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    size_t old = data ? traced_live(data, frame)->bytes : 0;
    void *moved;

    KILN_ASSERT(!arch_in_interrupt());
    moved = allocate(GRANULE, bytes, backtrace_record_from(frame));
    if (!data)
        return moved;
    if (!moved)
        return bytes <= old ? data : NULL;
    memcpy(moved, data, bytes < old ? bytes : old);
    release(data, frame);
    return moved;
}

size_t kiln_heap_usable_bytes(const void *data)
{
    return traced_live(data, (uintptr_t)__builtin_frame_address(0))->bytes;
}

void kiln_heap_get_stats(struct kiln_heap_stats *stats)
{
    struct traced_totals totals;

    kiln_heap_plain_get_stats(stats);
    traced_totals(&totals);
    stats->blocks = totals.blocks;
    stats->used_bytes = totals.bytes;
}

bool traced_is_live(const struct traced_block *block)
{
    return block->mark == mark_of(block);
}

/* How far an address is from what the program got. */
static size_t distance(const struct traced_block *block, uintptr_t address)
{
    uintptr_t data = traced_data(block), end = data + block->bytes;

    return address < data ? data - address : address < end ? 0 : address - end + 1;
}

static void take_nearer(struct list_node *list, uintptr_t address, struct traced_block **best)
{
    list_for_each (node, list) {
        struct traced_block *block = list_entry(node, struct traced_block, link);

        if (!*best || distance(block, address) < distance(*best, address))
            *best = block;
    }
}

struct traced_block *traced_near(uintptr_t address)
{
    struct traced_block *best = NULL;

    take_nearer(&traced.live, address, &best);
    take_nearer(&traced.held, address, &best);
    return best;
}

#endif
