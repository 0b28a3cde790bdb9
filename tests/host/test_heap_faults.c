/*
 * The heap and a cache while allocations fail: the first of each path, and others at random, alone
 * or all of them. What cannot be had is NULL, nothing else changes, and no page is lost.
 */
#include <kiln/cache.h>
#include <kiln/heap.h>
#include <mm/fault.h>
#include "block_model.h"
#include "heap_support.h"
#include "test.h"

#define OPERATIONS 20000
#define SEQUENCES  5
#define OBJECTS    500
#define STEPS      30000

/* NULL, though nothing failed on demand. */
static unsigned unexplained, refused;

static uint64_t failures(void)
{
    struct kiln_fault_counts counts;

    kiln_fault_get_counts(&counts);
    return counts.failures;
}

/* Some of the next few allocations fail, or none. */
static uint64_t begin_failing(void)
{
    static const uint64_t counts[] = {0, 0, 1, 1, 2, KILN_FAIL_ALL};

    kiln_fail_allocations(1 + test_below(4), counts[test_below(6)]);
    return failures();
}

static void *end_failing(uint64_t before, void *block)
{
    kiln_fail_allocations(0, 0);
    refused += !block;
    unexplained += !block && failures() == before;
    return block;
}

static void *allocate(size_t alignment, size_t bytes)
{
    uint64_t before = begin_failing();

    return end_failing(before, alignment == 16 ? kiln_heap_allocate(bytes)
                                               : kiln_heap_allocate_aligned(alignment, bytes));
}

static void *resize(void *block, size_t bytes)
{
    uint64_t before = begin_failing();

    return end_failing(before, kiln_heap_resize(block, bytes));
}

static bool is_consistent(unsigned blocks)
{
    struct kiln_heap_stats stats;

    kiln_heap_get_stats(&stats);
    return stats.blocks == blocks && (blocks || stats.used_bytes == 0);
}

static const struct block_allocator allocator = {allocate, resize, kiln_heap_free,
                                                 kiln_heap_usable_bytes, is_consistent};

static void test_heap(void)
{
    static uint8_t operations[OPERATIONS * 4];

    for (unsigned run = 0; run < SEQUENCES; run++) {
        for (size_t i = 0; i < sizeof(operations); i++)
            operations[i] = (uint8_t)test_random();
        TEST_HOLDS(model_run(&allocator, operations, sizeof(operations), 100), "sequence %u", run);
    }
    test_property("random sequences of the heap");
}

static KILN_CACHE(objects, uint64_t[20], NULL);

static void test_cache(void)
{
    static uint64_t *held[OBJECTS];

    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = (unsigned)test_below(OBJECTS);

        if (held[i]) {
            TEST_HOLDS(held[i][19] == i, "object %u", i);
            kiln_cache_free(&objects, held[i]);
            held[i] = NULL;
        } else {
            uint64_t before = begin_failing();

            held[i] = end_failing(before, kiln_cache_allocate(&objects));
            if (held[i])
                held[i][19] = i;
        }
        if (step % 100 == 0)
            kiln_cache_trim(&objects);
    }
    for (unsigned i = 0; i < OBJECTS; i++) {
        kiln_cache_free(&objects, held[i]);
        held[i] = NULL;
    }
    test_property("random objects of a cache");
}

/* What the runtime keeps for good, CPUs' magazines, is there after a first run. */
static void test_all(void)
{
    test_heap();
    test_cache();
    page_reclaim(SIZE_MAX);
}

int main(int argc, char **argv)
{
    struct kiln_fault_counts counts;

    test_begin(argc, argv, 1);
    give_memory();
    fault_fail_each_path();
    test_all();
    size_t pages = free_pages();
    test_all();
    TAP_EQUAL(free_pages(), pages);
    TAP_EQUAL(unexplained, 0);
    kiln_fault_get_counts(&counts);
    printf("# %u paths, %u failures, %u calls refused\n", counts.paths, (unsigned)counts.failures,
           refused);
    TAP_CHECK(counts.paths > 10 && counts.failures > refused && refused > 1000);
    return tap_done();
}
