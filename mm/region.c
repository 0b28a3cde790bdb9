/*
 * Region heaps: blocks side by side with boundary tags; free ones in lists by size, eight for each
 * doubling, with a bitmap of those that are not empty (two-level segregated fit: Masmano, Ripoll,
 * Crespo, Real, "TLSF: a new dynamic memory allocator for real-time systems", ECRTS 2004).
 *
 * Each block begins with its size and a check of it, keyed at random, so that a stray pointer, a
 * second free and an overrun into the next block are told apart and panic. A free block also holds
 * its links and, at its very end, its size for the neighbour that follows.
 */
#include <kiln/region.h>

#include <string.h>
#include <kiln/panic.h>
#include <kiln/system.h>

#define GRANULE        ((size_t)16)
#define BLOCK_USED     ((size_t)1)
#define BEFORE_IS_FREE ((size_t)2) /* the block before this one is free: not part of the check */
#define SIZE_MASK      (~(GRANULE - 1))
#define HEADER_BYTES   offsetof(struct block, next)
#define LEAST_BYTES    ((size_t)48) /* header, links, size at the end */
#define MOST_BYTES     ((size_t)PTRDIFF_MAX)
#define LISTS          8u
#define LISTS_LOG      3u
#define LINEAR_BYTES   (LISTS * GRANULE) /* below, each list has one size */
#define LINEAR_LOG     7u

struct block {
    size_t size; /* of the whole block, with flags */
    uintptr_t check;
    struct block *next, *previous; /* only while it is free; the program's data begins here */
};

/* Free blocks of [2^(level + 6), 2^(level + 7)) bytes, level 0: below LINEAR_BYTES. */
struct kiln_region_level {
    uint64_t lists_used; /* bit n: list n is not empty */
    struct block *lists[LISTS];
};

struct place {
    unsigned level, list;
};

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
static uintptr_t check_of(const struct kiln_region *region, const struct block *block)
{
    uintptr_t mixed = (block->size & ~BEFORE_IS_FREE) ^ (uintptr_t)block ^ region->key;

    return mixed * (uintptr_t)0x9E3779B97F4A7C15u ^ region->key;
}

/* Writes a header; BEFORE_IS_FREE is kept by whoever knows. */
static void set(const struct kiln_region *region, struct block *block, size_t size_and_flags)
{
    block->size = size_and_flags;
    block->check = check_of(region, block);
}

/* The header of the block behind one that the program writes to. */
static void verify_after(const struct kiln_region *region, const struct block *block)
{
    if (after(block)->check != check_of(region, after(block)))
        kiln_panic("region: block %p was written beyond its end", (const void *)&block->next);
}

/* The header of a block that the program has freed. */
static void verify_free(const struct kiln_region *region, const struct block *block)
{
    if (block->check != check_of(region, block) || (block->size & BLOCK_USED))
        kiln_panic("region: free block %p was written to", (const void *)&block->next);
}

static bool is_inside(const struct kiln_region *region, uintptr_t data)
{
    uintptr_t offset = data - region->first;

    return region->first && data % GRANULE == 0 && offset >= HEADER_BYTES &&
           offset < region->start + region->bytes - region->first;
}

/* The block of a pointer that the program hands in; anything else ends the program. */
static struct block *block_of(const struct kiln_region *region, const void *data)
{
    struct block *block = at(data, -HEADER_BYTES);

    if (!is_inside(region, (uintptr_t)data))
        kiln_panic("region: %p is not an allocated block", data);
    if (block->check != check_of(region, block) || size_of(block) < LEAST_BYTES)
        kiln_panic("region: %p is not an allocated block, or was overwritten from below", data);
    if (!(block->size & BLOCK_USED))
        kiln_panic("region: block %p is free already (freed twice?)", data);
    return block;
}

static unsigned log2_of(size_t bytes)
{
    return (unsigned)(sizeof(unsigned long) * 8 - 1) - (unsigned)__builtin_clzl(bytes);
}

/* Where a free block of so many bytes is kept. */
static struct place place_of(size_t bytes)
{
    unsigned log;

    if (bytes < LINEAR_BYTES)
        return (struct place){.level = 0, .list = (unsigned)(bytes / GRANULE)};
    log = log2_of(bytes);
    return (struct place){.level = log - LINEAR_LOG + 1,
                          .list = (unsigned)(bytes >> (log - LISTS_LOG)) % LISTS};
}

/* The least size of a list whose blocks all have `bytes`. */
static size_t rounded_up(size_t bytes)
{
    size_t step = bytes < LINEAR_BYTES ? GRANULE : (size_t)1 << (log2_of(bytes) - LISTS_LOG);

    return (bytes + step - 1) & ~(step - 1);
}

static void list_insert(struct kiln_region *region, struct block *block)
{
    struct place place = place_of(size_of(block));
    struct kiln_region_level *level = &region->levels[place.level];
    struct block *next = level->lists[place.list];

    block->next = next;
    block->previous = NULL;
    if (next)
        next->previous = block;
    level->lists[place.list] = block;
    level->lists_used |= UINT64_C(1) << place.list;
    region->levels_used |= UINT64_C(1) << place.level;
}

static void list_becomes(struct kiln_region *region, struct place place, struct block *head)
{
    struct kiln_region_level *level = &region->levels[place.level];

    level->lists[place.list] = head;
    if (head)
        return;
    level->lists_used &= ~(UINT64_C(1) << place.list);
    if (!level->lists_used)
        region->levels_used &= ~(UINT64_C(1) << place.level);
}

static bool is_free_block(const struct kiln_region *region, const struct block *block)
{
    return is_inside(region, (uintptr_t)&block->next) && block->check == check_of(region, block);
}

static bool is_linked(const struct kiln_region *region, const struct block *block,
                      struct place place)
{
    const struct block *head = region->levels[place.level].lists[place.list];
    const struct block *next = block->next, *previous = block->previous;

    return (!next || (is_free_block(region, next) && next->previous == block)) &&
           (previous ? is_free_block(region, previous) && previous->next == block : head == block);
}

static void list_remove(struct kiln_region *region, struct block *block)
{
    struct place place = place_of(size_of(block));

    verify_free(region, block);
    if (!is_linked(region, block, place))
        kiln_panic("region: free block %p was written to", (void *)&block->next);
    if (block->next)
        block->next->previous = block->previous;
    if (block->previous)
        block->previous->next = block->next;
    else
        list_becomes(region, place, block->next);
}

/* Makes [block, block + bytes) a free block; its neighbours are in use. */
static void make_free(struct kiln_region *region, struct block *block, size_t bytes)
{
    set(region, block, bytes | (block->size & BEFORE_IS_FREE));
    *end_size(block) = bytes;
    after(block)->size |= BEFORE_IS_FREE;
    list_insert(region, block);
}

/* Cuts a used block to `bytes` and frees the rest, if it is large enough to be a block. */
static void trim(struct kiln_region *region, struct block *block, size_t bytes)
{
    size_t rest = size_of(block) - bytes;
    struct block *next = after(block);

    if (rest == 0)
        return;
    if (!(next->size & BLOCK_USED)) {
        list_remove(region, next);
        rest += size_of(next);
    } else if (rest < LEAST_BYTES) {
        return;
    }
    set(region, block, bytes | (block->size & (BEFORE_IS_FREE | BLOCK_USED)));
    after(block)->size = 0;
    make_free(region, after(block), rest);
}

/* Takes a free block out of its list whole. */
static void take(struct kiln_region *region, struct block *block)
{
    list_remove(region, block);
    set(region, block, block->size | BLOCK_USED);
    after(block)->size &= ~BEFORE_IS_FREE;
}

static struct block *before(const struct kiln_region *region, const struct block *block)
{
    size_t bytes = ((const size_t *)block)[-1];

    if (bytes > (uintptr_t)block - region->first)
        kiln_panic("region: the free block before %p was written to", (const void *)&block->next);
    return at(block, -bytes);
}

static void release(struct kiln_region *region, struct block *block)
{
    struct block *next = after(block);
    size_t bytes = size_of(block);

    verify_after(region, block);
    set(region, block, block->size & ~BLOCK_USED);
    if (!(next->size & BLOCK_USED)) {
        list_remove(region, next);
        bytes += size_of(next);
    }
    if (block->size & BEFORE_IS_FREE) {
        struct block *lower = before(region, block);

        list_remove(region, lower);
        bytes += size_of(lower);
        block = lower;
    }
    make_free(region, block, bytes);
}

/* The first use: lists at the start of the memory, then one free block, then a used one that is a
 * header alone. */
static void lay_out(struct kiln_region *region)
{
    uintptr_t start = (region->start + GRANULE - 1) & SIZE_MASK;
    uintptr_t end = (region->start + region->bytes) & SIZE_MASK;
    size_t lists = end > start ? (place_of(end - start).level + 1) * sizeof(*region->levels) : 0;
    struct block *block = at((void *)start, (lists + GRANULE - 1) & SIZE_MASK);

    region->key = (uintptr_t)kiln_random() | 1;
    if (end < (uintptr_t)block || end - (uintptr_t)block < LEAST_BYTES + HEADER_BYTES)
        return;
    region->levels = memset((void *)start, 0, lists);
    region->first = (uintptr_t)block;
    set(region, at((void *)end, -HEADER_BYTES), HEADER_BYTES | BLOCK_USED);
    block->size = 0;
    make_free(region, block, end - HEADER_BYTES - (uintptr_t)block);
}

static uintptr_t lock(struct kiln_region *region)
{
    uintptr_t state = kiln_spin_lock(&region->lock);

    if (!region->key)
        lay_out(region);
    return state;
}

static void unlock(struct kiln_region *region, uintptr_t state)
{
    kiln_spin_unlock(&region->lock, state);
}

/* The first free block from a list on; NULL when all are empty. */
static struct block *first_from(const struct kiln_region *region, struct place place)
{
    uint64_t lists, levels = region->levels_used >> place.level;
    unsigned level = place.level;

    if (!levels)
        return NULL;
    lists = levels & 1 ? region->levels[level].lists_used >> place.list << place.list : 0;
    if (!lists) {
        levels &= ~UINT64_C(1);
        if (!levels)
            return NULL;
        level += (unsigned)__builtin_ctzll(levels);
        lists = region->levels[level].lists_used;
    }
    return region->levels[level].lists[__builtin_ctzll(lists)];
}

/* A free block of at least `bytes`, or NULL. The first of the list below is asked last: so that
 * one large block can be had whole. */
static struct block *search(const struct kiln_region *region, size_t bytes)
{
    struct place exact = place_of(bytes);
    struct block *block;

    if (!region->first || bytes > region->bytes)
        return NULL;
    block = first_from(region, place_of(rounded_up(bytes)));
    if (!block && (region->levels_used >> exact.level & 1))
        block = region->levels[exact.level].lists[exact.list];
    return block && size_of(block) >= bytes ? block : NULL;
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
static struct block *align(struct kiln_region *region, struct block *block, size_t alignment)
{
    uintptr_t data = (uintptr_t)&block->next;
    size_t gap = -data & (alignment - 1);
    struct block *aligned;

    if (gap == 0)
        return block;
    if (gap < LEAST_BYTES)
        gap += alignment;
    aligned = at(block, gap);
    set(region, aligned, (size_of(block) - gap) | BLOCK_USED);
    make_free(region, block, gap);
    return aligned;
}

static struct block *allocate(struct kiln_region *region, size_t alignment, size_t bytes)
{
    size_t slack = alignment > GRANULE ? alignment + LEAST_BYTES : 0;
    struct block *block;

    block = bytes <= MOST_BYTES - slack ? search(region, bytes + slack) : NULL;
    if (!block)
        return NULL;
    take(region, block);
    block = align(region, block, alignment);
    trim(region, block, bytes);
    return block;
}

/* Grows a used block into the free one behind it, if that is enough. */
static bool grow(struct kiln_region *region, struct block *block, size_t bytes)
{
    struct block *next = after(block);
    size_t both = size_of(block) + size_of(next);

    verify_after(region, block);
    if ((next->size & BLOCK_USED) || both < bytes)
        return false;
    list_remove(region, next);
    set(region, block, both | (block->size & (BLOCK_USED | BEFORE_IS_FREE)));
    after(block)->size &= ~BEFORE_IS_FREE;
    trim(region, block, bytes);
    return true;
}

void kiln_region_init(struct kiln_region *region, void *memory, size_t bytes)
{
    *region = (struct kiln_region)KILN_REGION_INIT(memory, bytes);
}

void *kiln_region_allocate_aligned(struct kiln_region *region, size_t alignment, size_t bytes)
{
    size_t needed = block_bytes(bytes);
    struct block *block;
    uintptr_t state;

    KILN_ASSERT(alignment && (alignment & (alignment - 1)) == 0);
    if (!needed || alignment > MOST_BYTES / 2)
        return NULL;
    state = lock(region);
    block = allocate(region, alignment, needed);
    unlock(region, state);
    return block ? &block->next : NULL;
}

void *kiln_region_allocate(struct kiln_region *region, size_t bytes)
{
    return kiln_region_allocate_aligned(region, GRANULE, bytes);
}

void kiln_region_free(struct kiln_region *region, void *data)
{
    uintptr_t state;

    if (!data)
        return;
    state = lock(region);
    release(region, block_of(region, data));
    unlock(region, state);
}

static bool resize_in_place(struct kiln_region *region, void *data, size_t bytes)
{
    struct block *block = block_of(region, data);

    if (bytes > size_of(block))
        return grow(region, block, bytes);
    verify_after(region, block);
    trim(region, block, bytes);
    return true;
}

void *kiln_region_resize(struct kiln_region *region, void *data, size_t bytes)
{
    size_t needed = block_bytes(bytes);
    uintptr_t state;
    void *moved;
    bool done;

    if (!data)
        return kiln_region_allocate(region, bytes);
    if (!needed)
        return NULL;
    state = lock(region);
    done = resize_in_place(region, data, needed);
    unlock(region, state);
    if (done)
        return data;
    moved = kiln_region_allocate(region, bytes);
    if (moved) {
        memcpy(moved, data, kiln_region_usable_bytes(region, data));
        kiln_region_free(region, data);
    }
    return moved;
}

size_t kiln_region_usable_bytes(struct kiln_region *region, const void *data)
{
    uintptr_t state = lock(region);
    size_t bytes = size_of(block_of(region, data)) - HEADER_BYTES;

    unlock(region, state);
    return bytes;
}

static void count(const struct kiln_region *region, struct kiln_region_stats *stats)
{
    const struct block *block = at((void *)region->first, 0);

    for (; size_of(block) > HEADER_BYTES; block = after(block)) {
        if (block->check != check_of(region, block))
            kiln_panic("region: the header of block %p was overwritten", (void *)&block->next);
        if (block->size & BLOCK_USED) {
            stats->used_bytes += size_of(block);
            stats->blocks++;
        } else if (size_of(block) - HEADER_BYTES > stats->largest_free_bytes) {
            stats->largest_free_bytes = size_of(block) - HEADER_BYTES;
        }
    }
}

void kiln_region_get_stats(struct kiln_region *region, struct kiln_region_stats *stats)
{
    uintptr_t state = lock(region);

    *stats = (struct kiln_region_stats){.total_bytes = region->bytes};
    if (region->first)
        count(region, stats);
    unlock(region, state);
}
