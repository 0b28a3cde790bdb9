/*
 * Pages: all RAM that boot leaves, in blocks of 2^order pages, aligned to their size. A buddy
 * allocator (Knuth, The Art of Computer Programming 2.5) with a descriptor for each page frame, and
 * a small cache of hot single pages for each CPU in front.
 *
 * The first allocation of all takes the ranges that boot has found, as regions. A region begins
 * with its descriptors; they are written, and its pages get into the free lists, up to a frontier
 * only, which moves on when the lists have nothing: so nothing here costs more with more RAM.
 *
 * Freeing what is not an allocated block, twice, or by another order panics with the address.
 * Unless it is said otherwise: any context; a few hundred instructions at a time, at most, with
 * interrupts masked.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <arch/mmu.h>
#include <kiln/page.h>
#include <lib/list.h>

#define PAGE_ORDER_TOP ((unsigned)KILN_PAGE_ORDER_TOP)
#define PAGE_ORDERS    (PAGE_ORDER_TOP + 1) /* blocks of 2^0 to 2^10 pages: 4 KiB to 4 MiB */
#define PAGE_ZONES     2u
#define PAGE_CPUS      (KILN_CONFIG_SMP ? 16u : 1u) /* as many as any controller serves */
#define PAGE_HOT       16u                          /* hot pages of a CPU, at most */
#define PAGE_BATCH     8u                           /* move between them and the zone */

/* What an allocation may do, or wants: kiln/page.h says what. */
enum page_flags {
    PAGE_ZERO = KILN_PAGE_ZERO,
    PAGE_DMA = KILN_PAGE_DMA, /* below board_facts.dma_limit */
    PAGE_RESERVE = KILN_PAGE_RESERVE,
    PAGE_WAIT = KILN_PAGE_WAIT,
    PAGE_ALIGNED = 16, /* exact pages: to the next power of two, where a block is free for that */
    PAGE_NATURAL = 32  /* exact pages, a power of two above all blocks: a multiple of that */
};

/* What a page frame is. Only the first frame of a block has anything but PAGE_INSIDE from here. */
enum page_state {
    PAGE_INSIDE,    /* of a larger block; in an allocated one its owner may write another state */
    PAGE_FREE,      /* in a free list */
    PAGE_HOT_FREE,  /* in a CPU's cache */
    PAGE_ALLOCATED, /* as page_alloc hands it out */
    PAGE_EXACT,     /* as page_alloc_exact does */
    PAGE_SLAB,      /* the heap's from here on */
    PAGE_LARGE
};

/*
 * One for each page frame. The owner of an allocated block has all members of its descriptors for
 * himself but order, references and, of an exact allocation, pages; he gives the block back with
 * the state that he got and in_use 0, and those of its further frames as PAGE_INSIDE.
 */
struct page {
    union {
        struct {
            uint8_t state; /* enum page_state */
            uint8_t order;
            uint16_t in_use;     /* the owner's; 0 when allocated */
            uint32_t references; /* 1 when allocated; atomic */
        };
        uint64_t head; /* all of them */
    };
    union {
        struct list_node link; /* free blocks of an order; then the owner's */
        size_t pages;          /* of an exact allocation */
    };
    void *owner; /* the owner's; arbitrary when allocated */
};

/* kiln/page.h by addresses, physical = virtual; 0 when there is none. */
static inline uintptr_t page_alloc(unsigned order, unsigned flags)
{
    return (uintptr_t)kiln_page_alloc(order, flags);
}

static inline void page_free(uintptr_t address, unsigned order)
{
    kiln_page_free((void *)address, order);
}

static inline uintptr_t page_alloc_exact(size_t pages, unsigned flags)
{
    return (uintptr_t)kiln_page_alloc_exact(pages, flags);
}

static inline void page_free_exact(uintptr_t address, size_t pages)
{
    kiln_page_free_exact((void *)address, pages);
}

/* Gives an exact allocation, which nobody else refers to, so many pages where it stands: its last
 * ones go back, or those behind it join. False: some of these are in use; nothing has changed. */
bool page_resize_exact(uintptr_t address, size_t pages, unsigned flags);

/*
 * As page_alloc_exact, below a physical address (0: anywhere) and aligned to a power of two of
 * whole pages; freed by page_free_exact. Where that is not what an ordinary allocation gives, up to
 * 4 MiB are found by a search: a few instructions for each page in use below the limit. Not with
 * PAGE_ZERO.
 */
uintptr_t page_alloc_within(size_t pages, uintptr_t limit, size_t alignment, unsigned flags);

/* Makes a block so many single pages, each allocated, with one reference and the block's owner.
 * Nobody else refers to the block. About 5 instructions a page. */
void page_split(uintptr_t address, unsigned order);

/* Makes exact pages, a multiple of 2^order, blocks of that order, each allocated. Nobody else
 * refers to them. About 5 instructions a block. */
void page_split_exact(uintptr_t address, size_t pages, unsigned order);

/* One more and one less reference to an allocated block or exact allocation, by its first address;
 * the last page_put frees it. */
void page_get(uintptr_t address);
void page_put(uintptr_t address);

/* The descriptor of the frame that an address is in, NULL: there is none. And back; any frame's. */
struct page *page_of(uintptr_t address);
uintptr_t page_address(const struct page *page);

/*
 * Something that can give pages back, such as empty slabs. The function frees about so many pages
 * as it is asked for, if it has them, and returns how many it has freed. It is called by a thread
 * that holds no lock, also on several CPUs at once, and allocates, if at all, by PAGE_RESERVE.
 */
struct page_reclaimer {
    size_t (*reclaim)(size_t pages);
    struct page_reclaimer *next; /* the list's */
};

/* Adds one for good. */
void page_reclaimer_add(struct page_reclaimer *reclaimer);

/* Has reclaimers free so many pages, and the CPUs' hot pages returned; pages that they freed.
 * Thread context, interrupts on, no lock held. */
size_t page_reclaim(size_t pages);

/*
 * Upcalls, which core registers; NULL: none. They are called in any context. A zone is short of
 * pages, and page_relieve_zones() is to run soon: then no allocation reclaims before it has to. And
 * pages have come back to a zone; single ones that stay with a CPU as hot pages are not told.
 */
void page_on_short(void (*short_of_pages)(void));
void page_on_free(void (*pages_came_back)(void));

/* Has reclaimers free pages until no zone is short of them. As page_reclaim(). */
void page_relieve_zones(void);

struct page_order_stats {
    size_t free_blocks;
    size_t used_blocks; /* exact allocations not among them */
};

/* A zone at one moment; while other CPUs allocate single pages, hot_pages may be some off. */
struct page_zone_stats {
    size_t total_pages;      /* used, free or hot; descriptors not among them */
    size_t free_pages;       /* in free lists, or behind the frontier */
    size_t hot_pages;        /* free, in the CPUs' caches */
    size_t unopened_pages;   /* those of free_pages that are behind the frontier */
    size_t exact_pages;      /* in exact allocations */
    size_t descriptor_pages; /* RAM that descriptors take */
    size_t min, low, high;   /* watermarks: below min only PAGE_RESERVE is served, below low
                                reclaimers run, until high */
    struct page_order_stats orders[PAGE_ORDERS];
};

struct page_stats {
    struct page_zone_stats zones[PAGE_ZONES]; /* 0: within every device's reach; 1: the rest */
    unsigned regions;
};

void page_stats(struct page_stats *stats);

/* How much of a zone's free memory is of no use to an allocation of this order, in thousandths: 0
 * is a zone whose free pages all lie in blocks of the order or larger (or are not opened yet). */
unsigned page_fragmentation(const struct page_zone_stats *zone, unsigned order);

#endif
