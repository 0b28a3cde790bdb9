/* The shadow: where it is, and how it changes. */
#include <mm/shadow.h>

#if KILN_CONFIG_CHECK_MEMORY

#include <string.h>
#include <arch/mmu.h>
#include <kiln/panic.h>
#include <lib/align.h>
#include <mm/early.h>
#include <mm/lock.h>
#include <mm/page.h>

#define RANGES      40u /* as many as early memory and the page allocator have */
#define PAGE_COVERS (ARCH_PAGE_BYTES * SHADOW_GRANULE)
#define BLOCK_BYTES ((size_t)2 << 20)
#define BLOCKS_FROM (4 * BLOCK_BYTES)    /* a shadow this large is mapped by blocks */
#define LEAST_BYTES ((size_t)128 * 1024) /* a range that is not worth it stays as it is */

struct range {
    uintptr_t start;
    size_t bytes; /* of an open one atomic: it grows while others look */
};

static struct {
    struct kiln_spinlock lock; /* of changes to open ranges */
    unsigned covered_count;
    unsigned open_count; /* atomic; 0: everything is let through */
    bool is_stopped;     /* atomic */
    bool has_high;       /* some memory above RAM is open; atomic */
    uintptr_t image;
    struct range covered[RANGES];
    struct range open[RANGES];
} shadow = {.lock = KILN_SPINLOCK_INIT};

static size_t bytes_of(const struct range *range)
{
    return __atomic_load_n(&range->bytes, __ATOMIC_RELAXED);
}

static bool holds(const struct range *range, uintptr_t start, size_t bytes)
{
    size_t all = bytes_of(range), offset = start - range->start;

    return offset < all && bytes <= all - offset;
}

static bool is_mapped(uintptr_t page)
{
    return arch_mmu_query(&arch_boot_space, page).kind != ARCH_MAP_NONE;
}

/* As open_end() above RAM, where a page of shadow is mapped for all that it stands for. */
static uintptr_t high_end(uintptr_t address, size_t bytes)
{
    uintptr_t limit = arch_mmu_limit(&arch_boot_space), end = align_down(address, PAGE_COVERS);

    if (!__atomic_load_n(&shadow.has_high, __ATOMIC_ACQUIRE) || address < limit / 4 * 3)
        return 0;
    while (end < limit && (end <= address || end - address < bytes) &&
           is_mapped((uintptr_t)shadow_of(end)))
        end += PAGE_COVERS;
    return end > address ? end : 0;
}

/* The end of what is open around an address, or of those bytes from it; 0: it is not open. */
static uintptr_t open_end(uintptr_t address, size_t bytes)
{
    unsigned count = __atomic_load_n(&shadow.open_count, __ATOMIC_ACQUIRE);

    for (const struct range *range = shadow.open; range < &shadow.open[count]; range++)
        if (holds(range, address, 0))
            return range->start + bytes_of(range);
    return high_end(address, bytes);
}

bool shadow_is_open(uintptr_t start, size_t bytes)
{
    uintptr_t end = open_end(start, bytes);

    return end && bytes <= end - start;
}

static void fill(uintptr_t start, uintptr_t end, enum shadow_kind kind)
{
    memset(shadow_of(start), kind, (end - start) / SHADOW_GRANULE);
}

/* An open range that ends there becomes longer, or there is one more. */
static void extend(uintptr_t start, uintptr_t end)
{
    unsigned count = shadow.open_count;
    struct range *range = shadow.open;

    while (range < &shadow.open[count] && range->start + range->bytes != start)
        range++;
    if (range < &shadow.open[count]) {
        __atomic_store_n(&range->bytes, end - range->start, __ATOMIC_RELEASE);
    } else if (count < RANGES) {
        *range = (struct range){start, end - start};
        __atomic_store_n(&shadow.open_count, count + 1, __ATOMIC_RELEASE);
    }
}

static void open_covered(uintptr_t start, uintptr_t end, enum shadow_kind kind)
{
    for (unsigned i = 0; i < shadow.covered_count; i++) {
        if (holds(&shadow.covered[i], start, end - start)) {
            fill(start, end, kind);
            extend(start, end);
        }
    }
}

void shadow_open(uintptr_t start, uintptr_t end, enum shadow_kind kind)
{
    start = align_up(start, SHADOW_GRANULE);
    end = align_up(end, SHADOW_GRANULE);
    if (!__atomic_load_n(&shadow.open_count, __ATOMIC_RELAXED) || start >= end)
        return;
    uintptr_t state = mm_lock(&shadow.lock);

    open_covered(start, end, kind);
    mm_unlock(&shadow.lock, state);
}

void shadow_allow(uintptr_t start, size_t bytes)
{
    size_t whole = align_down(bytes, SHADOW_GRANULE);

    if (!shadow_is_open(start, bytes))
        return;
    fill(start, start + whole, SHADOW_FINE);
    if (whole != bytes)
        *shadow_of(start + whole) = (uint8_t)(bytes - whole);
}

void shadow_forbid(uintptr_t start, size_t bytes, enum shadow_kind kind)
{
    if (shadow_is_open(start, bytes))
        fill(start, start + bytes, kind);
}

static bool is_bad(uintptr_t address)
{
    uint8_t value = *shadow_of(address);

    return value >= SHADOW_GRANULE || (value && address % SHADOW_GRANULE >= value);
}

/* What leaves open memory is wrong there. */
uintptr_t shadow_find_bad(uintptr_t start, size_t bytes)
{
    uintptr_t open = open_end(start, bytes), end;

    if (!open || bytes == 0 || __atomic_load_n(&shadow.is_stopped, __ATOMIC_RELAXED))
        return 0;
    end = bytes < open - start ? start + bytes : open;
    for (uintptr_t next = start; next < end;) {
        if (is_bad(next))
            return next;
        /* The first bytes of a granule are no worse than its last. */
        next = *shadow_of(next) ? next + 1 : align_down(next, SHADOW_GRANULE) + SHADOW_GRANULE;
    }
    return bytes > open - start ? open : 0;
}

void shadow_stop(void)
{
    __atomic_store_n(&shadow.is_stopped, true, __ATOMIC_RELAXED);
}

static _Noreturn void no_memory(void)
{
    kiln_panic("no memory for the memory checker's shadow");
}

/*
 * Covers [start, end) with shadow cut from the end of [free, end); the new end. A page of shadow
 * may be a neighbouring range's already. A large one is put so that blocks can map it.
 */
static uintptr_t cover(uintptr_t start, uintptr_t free, uintptr_t end)
{
    uintptr_t first = align_down((uintptr_t)shadow_of(start), ARCH_PAGE_BYTES);
    uintptr_t last = align_up((uintptr_t)shadow_of(end), ARCH_PAGE_BYTES);
    uintptr_t memory;

    if (end - free < LEAST_BYTES || shadow.covered_count == RANGES)
        return end;
    if (is_mapped(first))
        first += ARCH_PAGE_BYTES;
    if (is_mapped(last - ARCH_PAGE_BYTES))
        last -= ARCH_PAGE_BYTES;
    memory = align_down(end, ARCH_PAGE_BYTES) - (last - first);
    if (last - first >= BLOCKS_FROM)
        memory -= (memory - first) % BLOCK_BYTES;
    if (arch_mmu_map(&arch_boot_space, first, memory, last - first, ARCH_MAP_DATA))
        no_memory();
    shadow.covered[shadow.covered_count++] = (struct range){start, end - start};
    return memory;
}

/* Early memory's ranges; the image stands in front of the first. */
static uintptr_t cut(uintptr_t start, uintptr_t end)
{
    bool is_behind_image = start == mm_early_next();

    return cover(is_behind_image ? shadow.image : start, start, end);
}

void shadow_start(uintptr_t image)
{
    shadow.image = image;
    mm_early_cut(cut);
    if (shadow.covered_count == 0 || shadow.covered[0].start != image)
        no_memory();
    fill(image, align_up(mm_early_next(), SHADOW_GRANULE), SHADOW_FINE);
    shadow.open[0] = (struct range){image, align_up(mm_early_next(), SHADOW_GRANULE) - image};
    __atomic_store_n(&shadow.open_count, 1, __ATOMIC_RELEASE);
}

/* Maps a page of shadow, all of which may be accessed, unless it is mapped already. */
static bool map_high(uintptr_t page)
{
    static struct kiln_spinlock lock = KILN_SPINLOCK_INIT; /* of the tables of such shadow */
    uintptr_t memory = is_mapped(page) ? 0 : page_alloc(0, PAGE_ZERO | PAGE_WAIT), state;
    int error;

    if (!memory)
        return is_mapped(page);
    state = mm_lock(&lock);
    error = arch_mmu_map_page(&arch_boot_space, page, memory, ARCH_MAP_DATA);
    mm_unlock(&lock, state);
    if (error)
        page_free(memory, 0);
    return !error || is_mapped(page);
}

bool shadow_open_high(uintptr_t start, uintptr_t end)
{
    uintptr_t page = align_down((uintptr_t)shadow_of(start), ARCH_PAGE_BYTES);

    for (; page < (uintptr_t)shadow_of(end); page += ARCH_PAGE_BYTES)
        if (!map_high(page))
            return false;
    __atomic_store_n(&shadow.has_high, true, __ATOMIC_RELEASE);
    shadow_allow(start, end - start);
    return true;
}

#endif
