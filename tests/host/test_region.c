/* Region heaps: against a model, at their limits, and every way to misuse them must panic. */
#include <stdlib.h>
#include <kiln/region.h>
#include "block_model.h"
#include "panic_support.h"
#include "test.h"

#define MEMORY_BYTES ((size_t)1 << 20)
#define OPERATIONS   20000
#define SEQUENCES    5

static _Alignas(4096) unsigned char memory[MEMORY_BYTES];
static struct kiln_region region = KILN_REGION_INIT(memory, sizeof(memory));
KILN_REGION(own, 4096);

static void *allocate(size_t alignment, size_t bytes)
{
    return alignment == 16 ? kiln_region_allocate(&region, bytes)
                           : kiln_region_allocate_aligned(&region, alignment, bytes);
}

static void *resize(void *block, size_t bytes)
{
    return kiln_region_resize(&region, block, bytes);
}

static void release(void *block)
{
    kiln_region_free(&region, block);
}

static size_t usable(const void *block)
{
    return kiln_region_usable_bytes(&region, block);
}

static size_t whole; /* what is free when all is */

static bool is_consistent(unsigned blocks)
{
    struct kiln_region_stats stats;

    kiln_region_get_stats(&region, &stats);
    if (stats.blocks == blocks && (blocks || stats.largest_free_bytes == whole))
        return true;
    printf("# %u blocks, %zu counted, %zu bytes free in one piece\n", blocks, stats.blocks,
           stats.largest_free_bytes);
    return false;
}

static const struct block_allocator allocator = {allocate, resize, release, usable, is_consistent};

static void test_model(void)
{
    static uint8_t operations[OPERATIONS * 4];

    for (unsigned run = 0; run < SEQUENCES; run++) {
        for (size_t i = 0; i < sizeof(operations); i++)
            operations[i] = (uint8_t)test_random();
        if (!model_run(&allocator, operations, sizeof(operations), 100)) {
            model_shrink(&allocator, operations, sizeof(operations));
            test_violations++;
            break;
        }
    }
    test_property("random sequences, and all grows together again");
}

/* Sizes of every list, so that each boundary is crossed: the block is never too small, and a
 * block that was freed is found again. */
static void test_lists(void)
{
    for (size_t bytes = 1; bytes < MEMORY_BYTES / 4; bytes += 1 + bytes / 64) {
        void *block = kiln_region_allocate(&region, bytes);
        void *fence = kiln_region_allocate(&region, 1);
        void *again;

        TEST_HOLDS(block && kiln_region_usable_bytes(&region, block) >= bytes, "%zu", bytes);
        kiln_region_free(&region, block);
        again = kiln_region_allocate(&region, bytes * 7 / 8);
        TEST_HOLDS(again == block, "%zu bytes at %p, then at %p", bytes, block, again);
        kiln_region_free(&region, again);
        kiln_region_free(&region, fence);
    }
    test_property("blocks of every size are found again");
}

static void test_limits(void)
{
    void *block = kiln_region_allocate(&region, whole);

    TAP_CHECK(block != NULL);
    TAP_CHECK(kiln_region_allocate(&region, 1) == NULL);
    kiln_region_free(&region, block);
    TAP_CHECK(kiln_region_allocate(&region, whole + 1) == NULL);
    TAP_CHECK(kiln_region_allocate(&region, SIZE_MAX) == NULL);
    TAP_CHECK(kiln_region_allocate(&region, (size_t)PTRDIFF_MAX + 1) == NULL);
    TAP_CHECK(kiln_region_allocate_aligned(&region, (size_t)1 << 62, 1) == NULL);
    TAP_CHECK(kiln_region_allocate_aligned(&region, 64, PTRDIFF_MAX - 64) == NULL);
    block = kiln_region_allocate(&region, 0);
    TAP_CHECK(block && kiln_region_resize(&region, block, SIZE_MAX) == NULL);
    kiln_region_free(&region, block);
    kiln_region_free(&region, NULL);
}

/* Of any place and size, down to what holds nothing. */
static void test_small_regions(void)
{
    for (size_t bytes = 0; bytes < 2000; bytes++) {
        struct kiln_region small;
        size_t start = test_below(64);
        void *block;

        memset(memory, 0xA5, 4096);
        kiln_region_init(&small, memory + 64 + start, bytes);
        block = kiln_region_allocate(&small, 1);
        TEST_HOLDS(!block || ((unsigned char *)block >= memory + 64 + start &&
                              (unsigned char *)block < memory + 64 + start + bytes),
                   "%zu bytes", bytes);
        TEST_HOLDS(block || bytes < 512, "%zu bytes hold no block", bytes);
        kiln_region_free(&small, block);
        TEST_HOLDS(memory[63 + start] == 0xA5 && memory[64 + start + bytes] == 0xA5,
                   "%zu bytes: written outside", bytes);
    }
    test_property("regions of 0 to 2000 bytes");
}

static void test_resize_in_place(void)
{
    char *block = kiln_region_resize(&region, NULL, 100);
    char *fence;

    TAP_CHECK(kiln_region_resize(&region, block, 5000) == block);
    fence = kiln_region_allocate(&region, 16);
    TAP_CHECK(kiln_region_resize(&region, block, 200) == block);
    TAP_CHECK(kiln_region_resize(&region, block, 4900) == block);
    memset(block, 'x', 4900);
    block = kiln_region_resize(&region, block, 9000);
    TAP_CHECK(block && block[0] == 'x' && block[4899] == 'x');
    kiln_region_free(&region, block);
    kiln_region_free(&region, fence);
}

static void test_misuse(void)
{
    uint64_t *block = kiln_region_allocate(&region, 100);
    uint64_t *next = kiln_region_allocate(&region, 100);
    uint64_t *last = kiln_region_allocate(&region, 100);
    uint64_t kept, on_stack[4] = {0};

    PANICS(kiln_region_free(&region, &on_stack[2]), "is not an allocated block");
    PANICS(kiln_region_free(&region, memory), "is not an allocated block");
    PANICS(kiln_region_free(&own, block), "is not an allocated block");
    PANICS(kiln_region_free(&region, (char *)block + 8), "is not an allocated block");
    PANICS(kiln_region_free(&region, (char *)block + 16), "is not an allocated block");
    PANICS(kiln_region_resize(&region, (char *)block + 32, 50), "is not an allocated block");
    PANICS(kiln_region_usable_bytes(&region, block + 4), "is not an allocated block");

    kiln_region_free(&region, next);
    PANICS(kiln_region_free(&region, next), "freed twice");
    PANICS(kiln_region_resize(&region, next, 1), "freed twice");
    next = kiln_region_allocate(&region, 100);

    kept = next[-2];
    next[-2] = 0x4141414141414141;
    PANICS(kiln_region_free(&region, block), "written beyond its end");
    PANICS(kiln_region_resize(&region, block, 1000), "written beyond its end");
    PANICS(kiln_region_free(&region, next), "overwritten from below");
    next[-2] = kept;

    kiln_region_free(&region, next);
    kept = next[0];
    next[0] = (uint64_t)(uintptr_t)on_stack; /* a link to what is no block */
    PANICS(kiln_region_free(&region, block), "was written to");
    next[0] = kept;
    kiln_region_free(&region, last);
    PANICS(kiln_region_allocate_aligned(&region, 24, 1), "alignment");
}

static void test_own(void)
{
    struct kiln_region_stats stats;
    void *block = kiln_region_allocate(&own, 1000);

    TAP_CHECK((unsigned char *)block > own_memory && (unsigned char *)block < own_memory + 4096);
    kiln_region_get_stats(&own, &stats);
    TAP_EQUAL(stats.total_bytes, 4096);
    TAP_EQUAL(stats.used_bytes, 1024);
    TAP_EQUAL(stats.blocks, 1);
    kiln_region_free(&own, block);
}

int main(int argc, char **argv)
{
    struct kiln_region_stats stats;

    test_begin(argc, argv, 1);
    test_small_regions();
    kiln_region_get_stats(&region, &stats);
    whole = stats.largest_free_bytes;
    TAP_CHECK(whole > MEMORY_BYTES - 2048 && stats.blocks == 0 && stats.used_bytes == 0);
    test_limits();
    test_lists();
    test_resize_in_place();
    test_model();
    test_own();
    test_misuse();
    return tap_done();
}
