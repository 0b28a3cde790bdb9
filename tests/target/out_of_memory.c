/*
 * What runs out of memory says so, loses nothing, and leaves things as they were: each of the
 * operations below runs again and again, with the 1st, 2nd, 3rd... of its allocations failing, once
 * that one alone and once all from there on, until it gets through.
 */
#include <errno.h>
#include <kiln.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "free_pages.h"
#include "tap.h"

#define PAGE   KILN_VM_PAGE
#define BLOCK  ((size_t)2 << 20)
#define PLACES 200

/* What is mapped begins eight pages below two blocks of 2 MiB and ends as many behind it. */
#define EDGE   (8 * PAGE)
#define LENGTH (2 * BLOCK + 2 * EDGE)

/* How an operation ended. */
enum end { DONE, NO_MEMORY, WRONG };

/* What undo() frees is what act() has got, whatever its end was. */
struct operation {
    const char *name;
    void (*prepare)(void);
    enum end (*act)(void);
    void (*undo)(void);
};

static void *places[PLACES];
static char *range;
static struct kiln_vm_version snapshot;

static enum end end_of(int error)
{
    return error == 0 ? DONE : error == -ENOMEM ? NO_MEMORY : WRONG;
}

static enum end no_memory(void)
{
    return errno == ENOMEM ? NO_MEMORY : WRONG;
}

static void nothing(void)
{
}

static void free_all(void)
{
    for (unsigned i = 0; i < PLACES; i++) {
        free(places[i]);
        places[i] = NULL;
    }
}

static enum end act_malloc(void)
{
    for (unsigned i = 0; i < PLACES / 2; i++)
        if (!(places[i] = malloc(900)))
            return no_memory();
    return DONE;
}

static enum end act_calloc(void)
{
    for (unsigned i = 0; i < 10; i++) {
        const char *block = places[i] = calloc(10 + i * 1000, 3);

        if (!block)
            return no_memory();
        for (unsigned at = 0; at < 30 + i * 3000; at++)
            if (block[at])
                return WRONG;
    }
    return DONE;
}

/* The block stays as it was when it cannot grow. */
static enum end act_realloc(void)
{
    for (size_t bytes = 16; bytes < 100000; bytes *= 2) {
        char *moved = realloc(places[0], bytes);

        if (!moved)
            return places[0] && memcmp(places[0], "kept", 5) ? WRONG : no_memory();
        places[0] = memcpy(moved, "kept", 5);
    }
    return DONE;
}

static enum end act_aligned(void)
{
    unsigned place = 0;

    for (size_t alignment = 32; alignment <= 1 << 16; alignment *= 2) {
        if (!(places[place++] = aligned_alloc(alignment, 3 * alignment)))
            return no_memory();
        errno = 0;
        int error = posix_memalign(&places[place++], alignment, 100);
        if (error)
            return error == ENOMEM && errno == 0 && !places[place - 1] ? NO_MEMORY : WRONG;
    }
    return DONE;
}

static unsigned constructed;

static void construct(void *object)
{
    memset(object, 7, 300);
    constructed++;
}

static KILN_CACHE(objects, char[300], construct);

static enum end act_cache(void)
{
    for (unsigned i = 0; i < PLACES / 2; i++) {
        if (!(places[i] = kiln_cache_allocate(&objects)))
            return NO_MEMORY;
        if (((char *)places[i])[299] != 7)
            return WRONG;
    }
    return DONE;
}

static void free_objects(void)
{
    for (unsigned i = 0; i < PLACES; i++) {
        kiln_cache_free(&objects, places[i]);
        places[i] = NULL;
    }
    kiln_cache_trim(&objects);
}

static enum end act_pages(void)
{
    for (unsigned i = 0; i <= KILN_PAGE_ORDER_TOP; i++)
        if (!(places[i] = kiln_page_alloc(i, i < 5 ? KILN_PAGE_ZERO : 0)))
            return NO_MEMORY;
    for (unsigned i = KILN_PAGE_ORDER_TOP + 1; i < 30; i++)
        if (!(places[i] = kiln_page_alloc_exact(i, KILN_PAGE_WAIT)))
            return NO_MEMORY;
    return DONE;
}

static void free_pages(void)
{
    for (unsigned i = 0; i < 30; i++) {
        if (places[i] && i <= KILN_PAGE_ORDER_TOP)
            kiln_page_free(places[i], i);
        else if (places[i])
            kiln_page_free_exact(places[i], i);
        places[i] = NULL;
    }
}

/* So many that the runtime needs more room to note them. */
static enum end act_reserve(void)
{
    for (unsigned i = 0; i < PLACES; i++) {
        int error = kiln_vm_reserve(PAGE, 0, &places[i]);

        if (error)
            return end_of(error);
    }
    return DONE;
}

static void release_all(void)
{
    for (unsigned i = 0; i < PLACES; i++)
        if (places[i] && kiln_vm_release(places[i], PAGE) == 0)
            places[i] = NULL;
}

static void reserve_range(void)
{
    void *start = NULL;

    kiln_vm_reserve(4 * BLOCK, 0, &start);
    range = (char *)start + BLOCK - EDGE;
}

static bool is_filled(size_t from, size_t to)
{
    for (size_t at = from; at < to; at += PAGE)
        if (range[at] != (char)(at / PAGE))
            return false;
    return true;
}

static void map_range(void)
{
    reserve_range();
    kiln_vm_map(range, LENGTH, KILN_VM_WRITE, KILN_VM_POPULATE);
    for (size_t at = 0; at < LENGTH; at += PAGE)
        range[at] = (char)(at / PAGE);
}

static void release_range(void)
{
    kiln_vm_snapshot_end(&snapshot);
    kiln_vm_release(range - BLOCK + EDGE, 4 * BLOCK);
}

/* Nothing is mapped when not everything can be. */
static enum end act_map(void)
{
    struct kiln_vm_info info;
    int error = kiln_vm_map(range, LENGTH, KILN_VM_WRITE, KILN_VM_POPULATE);

    if (kiln_vm_query(range, &info))
        return WRONG;
    return info.is_mapped == !error && !info.block_bytes == !!error ? end_of(error) : WRONG;
}

/* Calls that have to leave everything as it was when they cannot do all. */
static enum end unless_changed(int error)
{
    return error == 0 || is_filled(0, LENGTH) ? end_of(error) : WRONG;
}

static enum end act_unmap(void)
{
    return unless_changed(kiln_vm_unmap(range + 3 * PAGE, BLOCK));
}

static enum end act_release(void)
{
    return unless_changed(kiln_vm_release(range + BLOCK / 2, BLOCK));
}

static enum end act_protect(void)
{
    return unless_changed(kiln_vm_protect(range + 3 * PAGE, BLOCK, KILN_VM_READ));
}

static enum end act_no_access(void)
{
    return unless_changed(kiln_vm_protect(range + 3 * PAGE, 2 * BLOCK, KILN_VM_NO_ACCESS));
}

static enum end act_snapshot(void)
{
    enum end end = unless_changed(kiln_vm_snapshot(&snapshot, range + PAGE, 2 * BLOCK));

    return (kiln_vm_rollback(&snapshot) == 0) == (end == DONE) ? end : WRONG;
}

static enum end act_mmap(void)
{
    for (unsigned i = 0; i < 2; i++) {
        void *start = mmap(NULL, BLOCK + PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | (i ? MAP_POPULATE : 0), -1, 0);

        if (start == MAP_FAILED)
            return no_memory();
        places[i] = start;
    }
    return DONE;
}

static void unmap_all(void)
{
    for (unsigned i = 0; i < 2; i++)
        if (places[i] && munmap(places[i], BLOCK + PAGE) == 0)
            places[i] = NULL;
}

static void *obstacle; /* behind it, so that it has to move */

static void map_small(void)
{
    range = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
                 -1, 0);
    for (size_t at = 0; at < 4 * PAGE; at += PAGE)
        range[at] = (char)(at / PAGE);
    mprotect(range, 4 * PAGE, PROT_READ);
    obstacle = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    places[0] = NULL;
}

/* What is not there yet is not touched. */
static enum end act_mremap(void)
{
    void *moved = mremap(range, 4 * PAGE, 3 * BLOCK, MREMAP_MAYMOVE);

    if (moved == MAP_FAILED)
        return is_filled(0, 4 * PAGE) ? no_memory() : WRONG;
    range = moved;
    return is_filled(0, 4 * PAGE) ? DONE : WRONG;
}

static void unmap_range(void)
{
    munmap(range, 3 * BLOCK);
    munmap(range, 4 * PAGE);
    munmap(obstacle, PAGE);
}

/* Of a device that sees no caches, where there are such. */
static const struct kiln_dma_device device = {.boundary = 4 * PAGE};
static const struct kiln_dma_device large_device = {.boundary = 4 * BLOCK};

static enum end act_dma_allocate(void)
{
    uint64_t bus;

    for (unsigned i = 0; i < 3; i++)
        if (!(places[i] = kiln_dma_allocate(&device, PAGE << i, 0, &bus)))
            return NO_MEMORY;
    places[3] = kiln_dma_allocate(&large_device, 3 * BLOCK, 0, &bus);
    return places[3] ? DONE : NO_MEMORY;
}

static void dma_free(void)
{
    for (unsigned i = 0; i < 4; i++) {
        kiln_dma_free(i < 3 ? &device : &large_device, places[i], i < 3 ? PAGE << i : 3 * BLOCK);
        places[i] = NULL;
    }
}

static struct kiln_dma_mapping mappings[2];

/* A copy each, since they cross a boundary. */
static enum end act_dma_map(void)
{
    static char buffer[12 * PAGE] __attribute__((aligned(4 * PAGE)));

    for (unsigned i = 0; i < 2; i++) {
        int error = kiln_dma_map(&mappings[i], &device, buffer + (i * 4 + 3) * PAGE + 8, PAGE,
                                 KILN_DMA_BOTH);
        if (error)
            return mappings[i].bytes ? WRONG : end_of(error);
        if (!mappings[i].copy)
            return WRONG;
    }
    return DONE;
}

static void dma_unmap(void)
{
    for (unsigned i = 0; i < 2; i++)
        if (mappings[i].bytes)
            kiln_dma_unmap(&mappings[i]);
}

static const struct operation operations[] = {
    {"malloc", nothing, act_malloc, free_all},
    {"calloc", nothing, act_calloc, free_all},
    {"realloc", nothing, act_realloc, free_all},
    {"aligned_alloc, posix_memalign", nothing, act_aligned, free_all},
    {"a cache", nothing, act_cache, free_objects},
    {"pages", nothing, act_pages, free_pages},
    {"kiln_vm_reserve", nothing, act_reserve, release_all},
    {"kiln_vm_map", reserve_range, act_map, release_range},
    {"kiln_vm_unmap", map_range, act_unmap, release_range},
    {"kiln_vm_release", map_range, act_release, release_range},
    {"kiln_vm_protect", map_range, act_protect, release_range},
    {"kiln_vm_protect, no access", map_range, act_no_access, release_range},
    {"kiln_vm_snapshot", map_range, act_snapshot, release_range},
    {"kiln_dma_allocate", nothing, act_dma_allocate, dma_free},
    {"kiln_dma_map", nothing, act_dma_map, dma_unmap},
    {"mmap", nothing, act_mmap, unmap_all},
    {"mremap", map_small, act_mremap, unmap_range},
};

/* One run, of which `count` allocations from the `first` on fail. False: none has, or it went
 * wrong. */
static bool run(const struct operation *operation, uint64_t first, uint64_t count, size_t pages)
{
    struct kiln_fault_counts before, after;

    operation->prepare();
    kiln_fault_get_counts(&before);
    kiln_fail_allocations(first, count);
    enum end end = operation->act();
    kiln_fail_allocations(0, 0);
    kiln_fault_get_counts(&after);
    operation->undo();
    size_t left = count_free_pages();
    bool is_good =
        end != WRONG && left == pages && (after.failures > before.failures || end == DONE);
    if (!is_good) {
        printf("# %s, allocation %u%s: end %d, %zu pages before, %zu after\n", operation->name,
               (unsigned)first, count == 1 ? "" : " and all others", end, pages, left);
        tap_failures++;
    }
    return is_good && after.failures > before.failures;
}

/* Runs in which something failed; far on, where allocations are alike, not each one does. */
static unsigned count_runs(const struct operation *operation, uint64_t count, size_t pages)
{
    unsigned runs = 0;

    for (uint64_t first = 1; run(operation, first, count, pages); first += 1 + first / 16)
        runs++;
    return runs;
}

/* The runs that come first start what is kept from then on. */
static void test(const struct operation *operation)
{
    int failures = tap_failures;
    unsigned failed_once, failed_all;

    for (unsigned i = 0; i < 2; i++) {
        operation->prepare();
        operation->act();
        operation->undo();
    }
    size_t pages = count_free_pages();

    failed_once = count_runs(operation, 1, pages);
    failed_all = count_runs(operation, KILN_FAIL_ALL, pages);
    printf("# runs that failed: %u by one allocation, %u by all from one on\n", failed_once,
           failed_all);
    tap_check(tap_failures == failures && failed_once && failed_all, operation->name);
}

int main(void)
{
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        test(&operations[i]);
    return tap_done();
}
