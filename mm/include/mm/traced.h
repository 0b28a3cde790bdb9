/*
 * Traced blocks: in builds that check memory or leaks, or profile the heap, each of its blocks has
 * a header that tells who allocated it, and is on a list. Others have nothing of this.
 */
#ifndef MM_TRACED_H
#define MM_TRACED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <kiln/config.h>
#include <lib/list.h>
#include <mm/backtraces.h>
#include <mm/leak_mark.h>

#define HEAP_TRACED                                                                                \
    (KILN_CONFIG_CHECK_MEMORY || KILN_CONFIG_CHECK_LEAKS || KILN_CONFIG_HEAP_PROFILE)

struct kiln_thread;

/* Stands in front of what the program has. All but the leak checker's is written before the block
 * is on the list, and when it is freed. */
struct traced_block {
    struct list_node link; /* of live blocks; of freed ones that are held back */
    size_t bytes;          /* as asked for */
    void *plain;           /* what the heap gave */
    uintptr_t mark;        /* tells that there is a block here, and whether it is live */
    backtrace_t allocated_by;
    backtrace_t freed_by;
    const struct kiln_thread *allocator; /* which thread allocated it, and which one freed it; it */
    const struct kiln_thread *freer;     /* may have ended since */
#if KILN_CONFIG_CHECK_LEAKS
    struct leak_mark leak;
#endif
} __attribute__((aligned(16)));

/* The address that the program got. Any context. */
static inline uintptr_t traced_data(const struct traced_block *block)
{
    return (uintptr_t)(block + 1);
}

/* The header of a block by that address. Any context. */
static inline struct traced_block *traced_of(const void *data)
{
    return (struct traced_block *)(uintptr_t)data - 1;
}

/* The same of a live block; an address that is none's panics. `frame` is that of the function which
 * the program called. With the lock held, or by whoever has the block. */
struct traced_block *traced_live(const void *data, uintptr_t frame);

struct traced_totals {
    size_t allocations; /* since the program's start */
    size_t frees;
    size_t bytes_allocated; /* in all of them */
    size_t blocks;          /* live, and their bytes */
    size_t bytes;
    size_t peak_bytes; /* the most that were live at a time */
};

/* Copies the totals. Thread context. */
void traced_totals(struct traced_totals *totals);

/* Holds other CPUs and interrupts back from the heap: a spinlock. Returns what the unlock wants. */
uintptr_t traced_lock(void);
void traced_unlock(uintptr_t state);

/* Where the registry itself is, in .data: sums that may look like addresses. Any context. */
void traced_own_data(uintptr_t *start, uintptr_t *end);

/*
 * Runs through the live blocks in the order of their allocation, until `visit` returns false. It
 * is called with the lock held, and calls nothing of the heap.
 */
void traced_for_each(bool (*visit)(struct traced_block *block, void *context), void *context);

/* The live block that the address points to or into, NULL: there is none. With the lock held; as
 * long as there are blocks. */
struct traced_block *traced_find(uintptr_t address);

/* The block, live or held back, that the address is in or nearest to, NULL: there is none; and
 * which of both it is. For a report that ends the program: without the lock. */
struct traced_block *traced_near(uintptr_t address);
bool traced_is_live(const struct traced_block *block);

#endif
