/*
 * The heap: blocks side by side with boundary tags, free ones in a ring that is searched from
 * where the last search ended (next fit: Knuth, The Art of Computer Programming 2.5).
 *
 * Each block begins with its size and a check of it, keyed at random per boot, so that a stray
 * pointer, a second free and an overrun into the next block are told apart and panic. A free block
 * also holds its links and, at its very end, its size for the neighbour that follows.
 */
#include <stddef.h>
#include <string.h>
#include <arch/irq.h>
#include <kiln/heap.h>
#include <kiln/panic.h>
#include <kiln/spinlock.h>
#include <kiln/system.h>
#include <kiln/trace.h>
#include <mm/early.h>

#define GRANULE        ((size_t)16)
#define BLOCK_USED     ((size_t)1)
#define BEFORE_IS_FREE ((size_t)2) /* the block before this one is free: not part of the check */
#define SIZE_MASK      (~(GRANULE - 1))
#define HEADER_BYTES   offsetof(struct block, next)
#define LEAST_BYTES    ((size_t)48) /* header, links, size at the end */
#define MOST_BYTES     ((size_t)PTRDIFF_MAX)

struct block {
    size_t size; /* of the whole block, with flags */
    uintptr_t check;
    struct block *next, *previous; /* only while it is free; the program's data begins here */
};

/* At the start of each range; the blocks follow, up to a used one that is a header alone. */
struct range {
    struct range *next;
    size_t bytes;
};

struct heap {
    struct kiln_spinlock lock;
    struct range *ranges; /* protected by the lock, like all that follows */
    struct block *rover;  /* where the next search begins, a free block or NULL */
    uintptr_t key;
};
static struct heap heap = {.lock = KILN_SPINLOCK_INIT};

_Static_assert(sizeof(struct range) % 16 == 0, "blocks after it are aligned");

static size_t size_of(const struct block *block)
{
    return block->size & SIZE_MASK;
}

static struct block *at(const void *base, size_t offset)
{
    return (struct block *)((uintptr_t)base + offset);
}

static struct block *after(const struct block *block)
{
    return at(block, size_of(block));
}

static size_t *end_size(const struct block *block)
{
    return (size_t *)after(block) - 1;
}

/* Multiplied so that every bit of the key, address and size reaches the upper half. */
static uintptr_t check_of(const struct block *block)
{
    uintptr_t mixed = (block->size & ~BEFORE_IS_FREE) ^ (uintptr_t)block ^ heap.key;

    return mixed * (uintptr_t)0x9E3779B97F4A7C15u ^ heap.key;
}

/* Writes a header; BEFORE_IS_FREE is kept by whoever knows. */
static void set(struct block *block, size_t size_and_flags)
{
    block->size = size_and_flags;
    block->check = check_of(block);
}

/* The header of the block behind one that the program writes to. */
static void verify_after(const struct block *block)
{
    if (after(block)->check != check_of(after(block)))
        kiln_panic("heap: block %p was written beyond its end", (const void *)&block->next);
}

/* The header of a block that the program has freed. */
static void verify_free(const struct block *block)
{
    if (block->check != check_of(block) || (block->size & BLOCK_USED))
        kiln_panic("heap: free block %p was written to", (const void *)&block->next);
}

/* The block of a pointer that the program hands in; anything else ends the program. */
static struct block *block_of(const void *data)
{
    struct block *block = at(data, -HEADER_BYTES);

    if ((uintptr_t)data % GRANULE || (uintptr_t)data < HEADER_BYTES)
        kiln_panic("heap: %p is not an allocated block", data);
    if (block->check != check_of(block) || size_of(block) < LEAST_BYTES)
        kiln_panic("heap: %p is not an allocated block, or was overwritten from below", data);
    if (!(block->size & BLOCK_USED))
        kiln_panic("heap: block %p is free already (freed twice?)", data);
    return block;
}

static void ring_insert(struct block *block)
{
    struct block *rover = heap.rover;

    if (!rover) {
        block->next = block->previous = block;
    } else {
        block->next = rover;
        block->previous = rover->previous;
        rover->previous->next = block;
        rover->previous = block;
    }
    heap.rover = block;
}

static bool is_linked(const struct block *block)
{
    return block->next && block->previous && block->next->previous == block &&
           block->previous->next == block;
}

static void ring_remove(struct block *block)
{
    verify_free(block);
    if (!is_linked(block))
        kiln_panic("heap: free block %p was written to", (void *)&block->next);
    block->next->previous = block->previous;
    block->previous->next = block->next;
    if (heap.rover == block)
        heap.rover = block->next == block ? NULL : block->next;
}

/* Makes [block, block + bytes) a free block; its neighbours are in use. */
static void make_free(struct block *block, size_t bytes)
{
    set(block, bytes | (block->size & BEFORE_IS_FREE));
    *end_size(block) = bytes;
    after(block)->size |= BEFORE_IS_FREE;
    ring_insert(block);
}

/* Cuts a used block to `bytes` and frees the rest, if it is large enough to be a block. */
static void trim(struct block *block, size_t bytes)
{
    size_t rest = size_of(block) - bytes;
    struct block *next = after(block);

    if (rest == 0)
        return;
    if (!(next->size & BLOCK_USED)) {
        ring_remove(next);
        rest += size_of(next);
    } else if (rest < LEAST_BYTES) {
        return;
    }
    set(block, bytes | (block->size & (BEFORE_IS_FREE | BLOCK_USED)));
    after(block)->size = 0;
    make_free(after(block), rest);
}

/* Takes a free block out of the ring whole. */
static void take(struct block *block)
{
    ring_remove(block);
    set(block, block->size | BLOCK_USED);
    after(block)->size &= ~BEFORE_IS_FREE;
}

static void release(struct block *block)
{
    struct block *next = after(block);
    size_t bytes = size_of(block);

    verify_after(block);
    set(block, block->size & ~BLOCK_USED);
    if (!(next->size & BLOCK_USED)) {
        ring_remove(next);
        bytes += size_of(next);
    }
    if (block->size & BEFORE_IS_FREE) {
        size_t before = ((size_t *)block)[-1];

        block = at(block, -before);
        ring_remove(block);
        bytes += before;
    }
    make_free(block, bytes);
}

/* Makes a range one free block; what is too small is left alone. */
static void add_range(uintptr_t start, size_t bytes)
{
    struct range *range = (struct range *)((start + GRANULE - 1) & SIZE_MASK);
    struct block *block = at(range, sizeof(*range));
    uintptr_t end = (start + bytes) & SIZE_MASK;

    if (end < (uintptr_t)block || end - (uintptr_t)block < LEAST_BYTES + HEADER_BYTES)
        return;
    range->bytes = end - (uintptr_t)range;
    range->next = heap.ranges;
    heap.ranges = range;
    set(at((void *)end, -HEADER_BYTES), HEADER_BYTES | BLOCK_USED);
    block->size = 0;
    make_free(block, end - HEADER_BYTES - (uintptr_t)block);
}

/* Boot leaves memory alone until somebody wants it. */
static void take_ranges(void)
{
    uintptr_t start;
    size_t bytes;

    if (!heap.key)
        heap.key = kiln_random() | 1;
    while (mm_early_take_range(&start, &bytes))
        add_range(start, bytes);
}

/* A free block of at least `bytes`, or NULL. */
static struct block *search(size_t bytes)
{
    struct block *block;

    if (!heap.rover)
        take_ranges();
    block = heap.rover;
    if (!block)
        return NULL;
    do {
        if (block->size >= bytes) {
            heap.rover = block;
            return block;
        }
        block = block->next;
    } while (block != heap.rover);
    return NULL;
}

/* Bytes of a block that holds so many; 0 when there can be no such block. */
static size_t block_bytes(size_t bytes)
{
    if (bytes > MOST_BYTES - HEADER_BYTES - GRANULE)
        return 0;
    bytes = (bytes + HEADER_BYTES + GRANULE - 1) & SIZE_MASK;
    return bytes < LEAST_BYTES ? LEAST_BYTES : bytes;
}

/* Frees what lies before the first address in a used block where data is aligned. */
static struct block *align(struct block *block, size_t alignment)
{
    uintptr_t data = (uintptr_t)&block->next;
    size_t gap = -data & (alignment - 1);
    struct block *aligned;

    if (gap == 0)
        return block;
    if (gap < LEAST_BYTES)
        gap += alignment;
    aligned = at(block, gap);
    set(aligned, (size_of(block) - gap) | BLOCK_USED);
    make_free(block, gap);
    return aligned;
}

static struct block *allocate(size_t alignment, size_t bytes)
{
    size_t slack = alignment > GRANULE ? alignment + LEAST_BYTES : 0;
    struct block *block;

    block = bytes <= MOST_BYTES - slack ? search(bytes + slack) : NULL;
    if (!block)
        return NULL;
    take(block);
    block = align(block, alignment);
    trim(block, bytes);
    return block;
}

/* Grows a used block into the free one behind it, if that is enough. */
static bool grow(struct block *block, size_t bytes)
{
    struct block *next = after(block);

    verify_after(block);
    if ((next->size & BLOCK_USED) || size_of(block) + size_of(next) < bytes)
        return false;
    ring_remove(next);
    set(block, (size_of(block) + size_of(next)) | (block->size & (BLOCK_USED | BEFORE_IS_FREE)));
    after(block)->size &= ~BEFORE_IS_FREE;
    trim(block, bytes);
    return true;
}

void *kiln_heap_allocate_aligned(size_t alignment, size_t bytes)
{
    size_t needed = block_bytes(bytes);
    struct block *block;
    uintptr_t state;

    KILN_ASSERT(!arch_in_interrupt());
    KILN_ASSERT(alignment && (alignment & (alignment - 1)) == 0);
    if (!needed || alignment > MOST_BYTES / 2)
        return NULL;
    state = kiln_spin_lock(&heap.lock);
    block = allocate(alignment, needed);
    kiln_spin_unlock(&heap.lock, state);
    KILN_TRACE(KILN_TRACE_ALLOCATE, block ? &block->next : NULL, bytes);
    return block ? &block->next : NULL;
}

void *kiln_heap_allocate(size_t bytes)
{
    return kiln_heap_allocate_aligned(GRANULE, bytes);
}

void kiln_heap_free(void *data)
{
    uintptr_t state;

    KILN_ASSERT(!arch_in_interrupt());
    if (!data)
        return;
    KILN_TRACE(KILN_TRACE_FREE, data, 0);
    state = kiln_spin_lock(&heap.lock);
    release(block_of(data));
    kiln_spin_unlock(&heap.lock, state);
}

static bool resize_in_place(void *data, size_t bytes)
{
    struct block *block = block_of(data);

    if (bytes > size_of(block))
        return grow(block, bytes);
    verify_after(block);
    trim(block, bytes);
    return true;
}

void *kiln_heap_resize(void *data, size_t bytes)
{
    size_t needed = block_bytes(bytes);
    uintptr_t state;
    void *moved;
    bool done;

    if (!data)
        return kiln_heap_allocate(bytes);
    KILN_ASSERT(!arch_in_interrupt());
    if (!needed)
        return NULL;
    state = kiln_spin_lock(&heap.lock);
    done = resize_in_place(data, needed);
    kiln_spin_unlock(&heap.lock, state);
    if (done)
        return data;
    moved = kiln_heap_allocate(bytes);
    if (moved) {
        memcpy(moved, data, kiln_heap_usable_bytes(data));
        kiln_heap_free(data);
    }
    return moved;
}

size_t kiln_heap_usable_bytes(const void *data)
{
    return size_of(block_of(data)) - HEADER_BYTES;
}

static void count(const struct range *range, struct kiln_heap_stats *stats)
{
    const struct block *block = at(range, sizeof(*range));

    stats->total_bytes += range->bytes;
    for (; size_of(block) > HEADER_BYTES; block = after(block)) {
        if (block->check != check_of(block))
            kiln_panic("heap: the header of block %p was overwritten", (void *)&block->next);
        if (block->size & BLOCK_USED) {
            stats->used_bytes += size_of(block);
            stats->blocks++;
        } else if (size_of(block) - HEADER_BYTES > stats->largest_free_bytes) {
            stats->largest_free_bytes = size_of(block) - HEADER_BYTES;
        }
    }
}

void kiln_heap_get_stats(struct kiln_heap_stats *stats)
{
    uintptr_t state;

    *stats = (struct kiln_heap_stats){0};
    state = kiln_spin_lock(&heap.lock);
    take_ranges();
    for (const struct range *range = heap.ranges; range; range = range->next)
        count(range, stats);
    kiln_spin_unlock(&heap.lock, state);
}
