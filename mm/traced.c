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
#include <mm/page.h>

#define GRANULE    ((size_t)16)
#define MOST_BYTES ((size_t)PTRDIFF_MAX / 2)

/* What the heap's own functions are called here: heap_plain.h. */
void *kiln_heap_plain_allocate(size_t bytes);
void kiln_heap_plain_free(void *data);
void kiln_heap_plain_get_stats(struct kiln_heap_stats *stats);

static struct {
    struct kiln_spinlock lock; /* protects what follows, and the links and marks of blocks */
    struct list_node live;     /* the newest is the last */
    uintptr_t key;
    struct traced_totals totals;
} traced = {.lock = KILN_SPINLOCK_INIT, .live = LIST_INIT(traced.live)};

_Static_assert(sizeof(struct traced_block) % GRANULE == 0, "what stands behind is aligned");

uintptr_t traced_lock(void)
{
    return mm_lock(&traced.lock);
}

void traced_unlock(uintptr_t state)
{
    mm_unlock(&traced.lock, state);
}

void traced_totals(struct traced_totals *totals)
{
    uintptr_t state = traced_lock();

    *totals = traced.totals;
    traced_unlock(state);
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
    totals->allocations++;
    totals->bytes_allocated += block->bytes;
    totals->blocks++;
    totals->bytes += block->bytes;
    if (totals->bytes > totals->peak_bytes)
        totals->peak_bytes = totals->bytes;
    traced_unlock(state);
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
    plain = kiln_heap_plain_allocate(in_front + bytes);
    if (!plain)
        return NULL;
    block = traced_of((void *)align_up((uintptr_t)plain + sizeof(*block), alignment));
    *block = (struct traced_block){
        .bytes = bytes, .plain = plain, .allocated_by = by, .allocator = arch_thread_self()};
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
    const struct page *page = page_of((uintptr_t)data);

    return page && page->state >= PAGE_SLAB && is_aligned((uintptr_t)data, GRANULE)
               ? traced_of(data)
               : NULL;
}

static _Noreturn void refuse(const void *data)
{
    struct traced_block *block = candidate(data);

    if (block && block->mark == ~mark_of(block))
        kiln_panic("heap: block %p is free already (freed twice?)", data);
    kiln_panic("heap: %p is not an allocated block", data);
}

static struct traced_block *live_block(const void *data)
{
    struct traced_block *block = candidate(data);

    if (!block || block->mark != mark_of(block))
        refuse(data);
    return block;
}

static void release(void *data, backtrace_t by)
{
    uintptr_t state = traced_lock();
    struct traced_block *block = live_block(data);

    list_remove(&block->link);
    block->mark = ~block->mark;
    block->freed_by = by;
    block->freer = arch_thread_self();
    traced.totals.frees++;
    traced.totals.blocks--;
    traced.totals.bytes -= block->bytes;
    traced_unlock(state);
    kiln_heap_plain_free(block->plain);
}

void kiln_heap_free(void *data)
{
    KILN_ASSERT(!arch_in_interrupt());
    if (data)
        release(data, backtrace_record());
}

/* A block always moves, so that nobody gets used to one that stays. */
void *kiln_heap_resize(void *data, size_t bytes)
{
    backtrace_t by = backtrace_record();
    size_t old = data ? live_block(data)->bytes : 0;
    void *moved;

    KILN_ASSERT(!arch_in_interrupt());
    moved = allocate(GRANULE, bytes, by);
    if (!data)
        return moved;
    if (!moved)
        return bytes <= old ? data : NULL;
    memcpy(moved, data, bytes < old ? bytes : old);
    release(data, by);
    return moved;
}

size_t kiln_heap_usable_bytes(const void *data)
{
    return live_block(data)->bytes;
}

void kiln_heap_get_stats(struct kiln_heap_stats *stats)
{
    struct traced_totals totals;

    kiln_heap_plain_get_stats(stats);
    traced_totals(&totals);
    stats->blocks = totals.blocks;
    stats->used_bytes = totals.bytes;
}

#endif
