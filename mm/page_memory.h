/* What the parts of the page allocator share: regions, zones, free lists, hot pages. */
#ifndef PAGE_MEMORY_H
#define PAGE_MEMORY_H

#include <arch/cpu.h>
#include <mm/lock.h>
#include <mm/page.h>

#define PAGE_REGIONS     32u /* the early ranges, with one cut in two */
#define PAGE_OPEN_FRAMES 32u /* the frontier moves from one multiple to the next */
#define PAGE_TOP_FRAMES  ((size_t)1 << PAGE_ORDER_TOP)

/* What is done at a time, interrupts masked: so much work, of which a block that goes into a list
 * is some, and each doubling that makes it a larger one, by `times`, is one; and so many
 * descriptors that are looked at. */
#define PAGE_WORK(times) (3u + 8 * sizeof(long) - (size_t)__builtin_clzl(times))
#define PAGE_WORK_MOST   10u
#define PAGE_LOOKS       12u

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "PAGE_HEAD spells struct page's head");
#define PAGE_HEAD(state, order)    ((uint64_t)(state) | (uint64_t)(order) << 8)
#define PAGE_HEAD_ALLOCATED(order) (PAGE_HEAD(PAGE_ALLOCATED, order) | UINT64_C(1) << 32)

struct page_zone;

/* Frames are numbered by address / ARCH_PAGE_BYTES. All but `opened` is written once, before
 * page_memory.started. */
struct page_region {
    size_t opened;    /* pages in front of the frontier: the zone's lock to write, atomic */
    size_t first;     /* frame of its first page: descriptors stand before it */
    uintptr_t origin; /* where the descriptor of frame 0 would stand */
    size_t count;     /* pages */
    struct page_zone *zone;
};

struct page_list {
    struct list_node blocks;
    size_t count;
};

/* Protected by its lock. */
struct page_zone {
    struct kiln_spinlock lock;
    uint32_t orders;   /* bit n: free[n] is not empty */
    size_t free_pages; /* in lists and behind frontiers; also read without the lock, atomic */
    size_t unopened;   /* those behind frontiers */
    size_t min, low, high;
    size_t reclaim_below; /* low, or less after reclaimers had nothing; atomic, no lock */
    size_t exact_pages;
    size_t used[PAGE_ORDERS]; /* blocks, hot ones among order 0 */
    size_t total, descriptors;
    struct page_list free[PAGE_ORDERS];
};

struct page_hot_page {
    uintptr_t address;
    struct page *page;
};

/* A CPU's hot pages, a stack. Used by that CPU only, interrupts masked; count is atomic, since
 * statistics read it. */
struct page_hot {
    _Alignas(64) size_t count;
    struct page_hot_page pages[PAGE_HOT + 1]; /* the first is always NULL */
};

/* The largest region of the usual zone stands first. */
extern struct page_region page_regions[PAGE_REGIONS];

extern struct page_hot page_hot_of[PAGE_CPUS];

struct page_memory {
    uint32_t started; /* set with release once the ranges are taken */
    unsigned region_count;
    struct page_zone *usual; /* where an allocation without PAGE_DMA looks first: hot pages' zone */
    struct page_zone zones[PAGE_ZONES];
    struct page_reclaimer *reclaimers; /* grows at its front; read without a lock */
    struct kiln_spinlock start_lock;   /* of the takeover, and of changes to reclaimers */
    void (*short_of_pages)(void);      /* what core registers, NULL: nothing; atomic */
    void (*pages_came_back)(void);
};
extern struct page_memory page_memory;

static inline struct page *page_descriptor(const struct page_region *region, size_t frame)
{
    return (struct page *)(region->origin + frame * sizeof(struct page));
}

static inline size_t page_opened(const struct page_region *region)
{
    return __atomic_load_n(&region->opened, __ATOMIC_RELAXED);
}

/* Reads what another CPU may be changing: whether it is a free block's is all that counts. */
static inline uint64_t page_head(const struct page *page)
{
    return __atomic_load_n(&page->head, __ATOMIC_RELAXED);
}

static inline void page_set_head(struct page *page, uint64_t head)
{
    __atomic_store_n(&page->head, head, __ATOMIC_RELAXED);
}

static inline size_t page_zone_free(const struct page_zone *zone)
{
    return __atomic_load_n(&zone->free_pages, __ATOMIC_RELAXED);
}

static inline void page_zone_set_free(struct page_zone *zone, size_t pages)
{
    __atomic_store_n(&zone->free_pages, pages, __ATOMIC_RELAXED);
}

/* Pages have come back to a zone, whose lock is released. */
static inline void page_tell_free(void)
{
    void (*tell)(void) = __atomic_load_n(&page_memory.pages_came_back, __ATOMIC_RELAXED);

    if (__builtin_expect(tell != NULL, 0))
        tell();
}

static inline struct page_hot *page_hot_of_this_cpu(void)
{
    return &page_hot_of[KILN_CONFIG_SMP ? arch_cpu_id() : 0];
}

static inline void page_hot_set_count(struct page_hot *hot, size_t count)
{
    __atomic_store_n(&hot->count, count, __ATOMIC_RELAXED);
}

/* page_region.c: takes the early ranges, once. */
void page_start(void);

static inline bool page_is_started(void)
{
    return __atomic_load_n(&page_memory.started, __ATOMIC_ACQUIRE);
}

/* The region whose opened part the address is in, or NULL. */
struct page_region *page_region_of(uintptr_t address);

/* The region that the descriptor belongs to. */
struct page_region *page_region_of_descriptor(const struct page *page);

/* Moves a region's frontier to the next multiple of PAGE_OPEN_FRAMES; it is not at the end. Zone's
 * lock. */
void page_open_region(struct page_region *region);

/* The same, but not beyond a frame, and for pages that are taken at once: they get into no list,
 * but stay counted as free. Returns how many. Zone's lock. */
size_t page_open_taken(struct page_region *region, size_t end);

/* The same for some region of a zone; false: all are open. Zone's lock. */
bool page_open_zone(struct page_zone *zone);

/* page_zone.c, all with the zone's lock: takes a block out of the lists, NULL: there is none in
 * them; and what it would take, or the start of. */
struct page *page_zone_take(struct page_zone *zone, unsigned order);
struct page *page_zone_first(struct page_zone *zone, unsigned order);

/* page_alloc without hot pages: this tries the zone that is to be tried first, as long as it is not
 * short of pages and nothing else is asked for, and leaves all the rest to the other, in page.c. */
uintptr_t page_zone_block(unsigned order, unsigned flags);
uintptr_t page_alloc_from_zones(unsigned order, unsigned flags);

/* Gives a block back, whose descriptors say PAGE_INSIDE but for the first. Returns how many pages
 * the free block has that it is a part of then. */
size_t page_zone_give(struct page_region *region, size_t frame, unsigned order);

/* Puts frames [from, to) that are in no list into the lists, without counting them free. */
void page_zone_insert(struct page_region *region, size_t from, size_t to);

/* The same for what is left of a block of which a part is used: nothing else is beside it. */
void page_zone_insert_rest(struct page_region *region, size_t from, size_t to);

/* Puts a block that is in no list, and whose descriptors all say PAGE_INSIDE, into its list, as
 * part of the largest free block that it makes whole. Returns how many pages that has. And the
 * order of the last block that a range of frames is made of. */
size_t page_zone_insert_block(struct page_region *region, size_t frame, unsigned order);
unsigned page_zone_last_order(size_t from, size_t to);

/* Takes a free block out of its list, without counting it used. */
void page_zone_remove(struct page_zone *zone, struct page *page, unsigned order);

/* Whether its watermarks let so many pages go. */
bool page_zone_may_take(const struct page_zone *zone, size_t pages, unsigned flags);

/* page_exact.c: so many pages, NULL: there are none. Takes the zone's lock. */
struct page *page_exact_take(struct page_zone *zone, size_t pages, unsigned flags);

/* Makes pages that are in no list any more, but counted free, an exact allocation. Zone's lock. */
struct page *page_exact_make(struct page_region *region, size_t frame, size_t pages);

/* Gives the last ones back but so many, some at a time. No lock. */
void page_exact_shrink(struct page_region *region, size_t frame, size_t pages);

/* Makes an exact allocation two, of which the first has so many pages. No lock. */
void page_exact_split(uintptr_t address, size_t pages);

/* page_hot.c: gets this CPU more hot pages. No lock. */
void page_hot_fill(struct page_zone *zone);

/* Puts a single page that was allocated onto this CPU's stack, and makes room there before. */
void page_hot_push(uintptr_t address, struct page *page);

/* Returns this CPU's hot pages; or, in a call that may wait, all CPUs'. */
void page_hot_drain(unsigned flags);

/* page_reclaim.c: has reclaimers work if a zone is short of pages: those who are told of it, else
 * the call itself if it may wait. */
void page_relieve(struct page_zone *zone, unsigned flags);

#endif
