/*
 * The heap against a model, at its limits, through exhaustion and back, and every way to misuse it.
 * Built with free lists hardened and not.
 */
#include <kiln/heap.h>
#include "block_model.h"
#include "heap_support.h"
#include "test.h"

#define OPERATIONS 20000
#define SEQUENCES  5
#define OWN_BYTES  (KILN_CONFIG_HEAP_HARDENED ? 8u : 0u)

static unsigned failures;

void kiln_heap_failed(void)
{
    failures++;
}

static void *allocate(size_t alignment, size_t bytes)
{
    return alignment == 16 ? kiln_heap_allocate(bytes)
                           : kiln_heap_allocate_aligned(alignment, bytes);
}

static bool is_consistent(unsigned blocks)
{
    struct kiln_heap_stats stats;

    kiln_heap_get_stats(&stats);
    if (stats.blocks == blocks && (blocks || stats.used_bytes == 0))
        return true;
    printf("# %u blocks, %zu counted, %zu bytes used\n", blocks, stats.blocks, stats.used_bytes);
    return false;
}

static const struct block_allocator allocator = {allocate, kiln_heap_resize, kiln_heap_free,
                                                 kiln_heap_usable_bytes, is_consistent};

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
    test_property("random sequences");
}

/* Every small size, and large ones around pages. */
static void test_sizes(void)
{
    for (size_t bytes = 0; bytes < 20000; bytes++) {
        unsigned char *block = kiln_heap_allocate(bytes);
        size_t usable = kiln_heap_usable_bytes(block);

        TEST_HOLDS(block && (uintptr_t)block % 16 == 0, "%zu bytes at %p", bytes, (void *)block);
        TEST_HOLDS(usable >= bytes, "%zu bytes in %zu", bytes, usable);
        TEST_HOLDS(bytes > 4088 || usable <= bytes + bytes / 8 + 16, "%zu bytes in %zu", bytes,
                   usable);
        memset(block, 0x41, usable);
        kiln_heap_free(block);
    }
    test_property("blocks of 0 to 20000 bytes");
}

static void test_alignments(void)
{
    for (size_t alignment = 1; alignment <= (size_t)8 << 20; alignment *= 2)
        for (size_t bytes = 0; bytes < 10000; bytes += 1 + test_below(bytes / 3 + 1)) {
            void *block = kiln_heap_allocate_aligned(alignment, bytes);

            TEST_HOLDS(block && (uintptr_t)block % alignment == 0, "%zu bytes at %p for %zu", bytes,
                       block, alignment);
            TEST_HOLDS(kiln_heap_usable_bytes(block) >= bytes, "%zu bytes", bytes);
            memset(block, 0x41, kiln_heap_usable_bytes(block));
            kiln_heap_free(block);
        }
    test_property("alignments of 1 byte to 8 MiB");
}

static void test_limits(void)
{
    void *block, *other;

    TAP_CHECK(kiln_heap_allocate(MEMORY_BYTES) == NULL);
    TAP_EQUAL(failures, 1);
    TAP_CHECK(kiln_heap_allocate(SIZE_MAX) == NULL);
    TAP_CHECK(kiln_heap_allocate(SIZE_MAX - 15) == NULL);
    TAP_CHECK(kiln_heap_allocate((size_t)PTRDIFF_MAX + 1) == NULL);
    TAP_CHECK(kiln_heap_allocate_aligned((size_t)1 << 62, 1) == NULL);
    TAP_CHECK(kiln_heap_allocate_aligned(64, PTRDIFF_MAX - 64) == NULL);
    block = kiln_heap_allocate(0);
    other = kiln_heap_allocate(0);
    TAP_CHECK(block && other && block != other);
    TAP_CHECK(kiln_heap_resize(block, SIZE_MAX) == NULL);
    kiln_heap_free(block);
    kiln_heap_free(other);
    kiln_heap_free(NULL);
}

static void test_resize(void)
{
    char *block = kiln_heap_resize(NULL, 100);

    TAP_CHECK(kiln_heap_resize(block, 104) == block);
    TAP_CHECK(kiln_heap_resize(block, 60) == block);
    memset(block, 'x', 60);
    block = kiln_heap_resize(block, 100000);
    TAP_CHECK(block && block[0] == 'x' && block[59] == 'x');
    TAP_CHECK(kiln_heap_resize(block, 99000) == block);
    block = kiln_heap_resize(block, 50);
    TAP_CHECK(block[49] == 'x' && kiln_heap_usable_bytes(block) < 100);
    kiln_heap_free(block);
}

/* A block of pages grows into free ones behind it and gives back those that it does not need. */
static void test_resize_pages(void)
{
    size_t before, page = ARCH_PAGE_BYTES;
    char *block, *blocks[50];
    unsigned count = 0;

    page_reclaim(SIZE_MAX);
    before = free_pages();
    block = kiln_heap_allocate(3 * page);
    memset(block, 'x', 3 * page);
    TAP_CHECK(kiln_heap_resize(block, 3 * page - 5000) == block);
    TAP_EQUAL(before - free_pages(), 2);
    TAP_CHECK(kiln_heap_resize(block, 50 * page) == block);
    TAP_EQUAL(before - free_pages(), 50);
    TAP_CHECK(kiln_heap_resize(block, 4 * page) == block && block[3 * page - 5001] == 'x');
    TAP_EQUAL(before - free_pages(), 4);
    kiln_heap_free(block);
    while (count < 2 || blocks[count - 1] != blocks[count - 2] + 4 * page)
        blocks[count++] = kiln_heap_allocate(4 * page);
    block = blocks[count - 2];
    memset(block, 'y', 4 * page);
    TAP_CHECK(kiln_heap_resize(block, 3 * page) == block);
    TAP_CHECK(kiln_heap_resize(block, 4 * page) == block);
    TAP_CHECK(kiln_heap_resize(block, PTRDIFF_MAX) == NULL);
    TAP_CHECK(kiln_heap_resize(block, MEMORY_BYTES) == NULL);
    blocks[count - 2] = kiln_heap_resize(block, 4 * page + 1);
    TAP_CHECK(blocks[count - 2] != block && blocks[count - 2][3 * page - 1] == 'y');
    while (count > 0)
        kiln_heap_free(blocks[--count]);
    block = kiln_heap_allocate_aligned(8 * page, 2 * page);
    TAP_CHECK(kiln_heap_resize(block, 6 * page - 100) == block);
    TAP_EQUAL(kiln_heap_usable_bytes(block), 6 * page - OWN_BYTES);
    kiln_heap_free(block);
    TAP_EQUAL(free_pages(), before);
}

/* All of memory in blocks of one size, and back: nothing is lost. Blocks of pages may leave holes
 * that are too small for another one. */
static void exhaust(size_t bytes)
{
    size_t before, taken = 0;
    void **first = NULL, **block;

    page_reclaim(SIZE_MAX);
    before = free_pages();
    while ((block = kiln_heap_allocate(bytes)) != NULL) {
        *block = first;
        first = block;
        taken += kiln_heap_usable_bytes(block) + OWN_BYTES;
    }
    TEST_HOLDS(taken > MEMORY_BYTES / 64 * (bytes < 4096 ? 52 : 58), "%zu bytes by blocks of %zu",
               taken, bytes);
    for (; first; first = block) {
        block = *first;
        kiln_heap_free(first);
    }
    page_reclaim(SIZE_MAX);
    TEST_HOLDS(free_pages() == before, "%zu pages were free, now %zu", before, free_pages());
}

/* With nothing allocated, caches and magazines give all that they keep back. */
static void test_exhaustion(size_t at_start)
{
    size_t kept = at_start - free_pages();

    TAP_EQUAL(page_reclaim(SIZE_MAX), kept);
    TAP_EQUAL(free_pages(), at_start);
    for (size_t bytes = 8; bytes < 100000; bytes += bytes / 2 + 8)
        exhaust(bytes);
    test_property("exhaustion, and all pages come back");
}

static void test_overhead(void)
{
    static void *blocks[5000];
    size_t before, asked = 0, taken;

    page_reclaim(SIZE_MAX);
    before = free_pages();
    for (unsigned i = 0; i < 5000; i++) {
        size_t bytes = 16 + test_below(4081);

        blocks[i] = kiln_heap_allocate(bytes);
        asked += bytes;
    }
    taken = (before - free_pages()) * ARCH_PAGE_BYTES;
    printf("# %zu bytes asked for, %zu taken: %zu per thousand\n", asked, taken,
           taken * 1000 / asked);
    TAP_CHECK(taken * 100 <= asked * 120);
    for (unsigned i = 0; i < 5000; i++)
        kiln_heap_free(blocks[i]);
}

static void test_stray(void)
{
    char *block = kiln_heap_allocate(100), *large = kiln_heap_allocate(100000);
    uint64_t on_stack[4] = {0};

    PANICS(kiln_heap_free(&on_stack[2]), "is not an allocated block");
    PANICS(kiln_heap_free(large + 16), "is not an allocated block");
    PANICS(kiln_heap_free(large + 4096), "is not an allocated block");
    PANICS(kiln_heap_usable_bytes(large + 4096), "is not an allocated block");
    kiln_heap_free(large);
    PANICS(kiln_heap_free(large), "is free already (freed twice?)");
    PANICS(kiln_heap_allocate_aligned(24, 1), "alignment");
    host_cpu.in_interrupt = true;
    PANICS(kiln_heap_allocate(1), "arch_in_interrupt");
    PANICS(kiln_heap_free(block), "arch_in_interrupt");
    host_cpu.in_interrupt = false;
    kiln_heap_free(block);
}

#if KILN_CONFIG_HEAP_HARDENED
static void test_misuse(void)
{
    char *block = kiln_heap_allocate(100), *next = kiln_heap_allocate(100);
    char *many[100];

    PANICS(kiln_heap_free(block + 8), "is not an allocated block");
    PANICS(kiln_heap_free(block + 16), "is not an allocated block");
    PANICS(kiln_heap_resize(block + 32, 50), "is not an allocated block");
    PANICS(kiln_heap_usable_bytes(block + 32), "is not an allocated block");
    kiln_heap_free(next);
    PANICS(kiln_heap_free(next), "is free already (freed twice?)");
    PANICS(kiln_heap_resize(next, 1), "is free already (freed twice?)");
    memset(next, 0, 16);
    PANICS(kiln_heap_allocate(100), "was written to");
    next = kiln_heap_allocate(100);
    memset(next, 'A', 120);
    PANICS(kiln_heap_free(next), "was written beyond its end");
    PANICS(kiln_heap_resize(next, 1000), "was written beyond its end");
    block = kiln_heap_allocate(20000); /* of 5 pages, the last one's end is a word of the heap's */
    TAP_EQUAL(kiln_heap_usable_bytes(block), 20480 - 8);
    memset(block, 'A', 20480 - 8);
    TAP_CHECK(kiln_heap_resize(block, 20001) == block);
    block[20480 - 8] ^= 1;
    PANICS(kiln_heap_free(block), "was written beyond its end");
    PANICS(kiln_heap_resize(block, 21000), "was written beyond its end");
    PANICS(kiln_heap_usable_bytes(block), "was written beyond its end");
    block[20480 - 8] ^= 1;
    TAP_CHECK(kiln_heap_resize(block, 20480) == block);
    TAP_EQUAL(kiln_heap_usable_bytes(block), 20480);
    memset(block, 'A', 20480);
    kiln_heap_free(block);

    for (unsigned i = 0; i < 100; i++)
        many[i] = kiln_heap_allocate(1000);
    for (unsigned i = 0; i < 100; i++)
        kiln_heap_free(many[i]);
    for (unsigned i = 0; i < 100; i++) /* some of their slabs are free pages by now */
        PANICS(kiln_heap_free(many[i]), "heap: ");
    for (unsigned i = 50; i < 100; i++)
        memset(many[i], 0, 16);
    PANICS(for (unsigned i = 0; i < 100; i++) kiln_heap_allocate(1000), "was written to");
}
#endif

static void test_without_memory(void)
{
    struct kiln_heap_stats stats;

    TAP_CHECK(kiln_heap_allocate(1) == NULL);
    TAP_CHECK(kiln_heap_allocate(1 << 20) == NULL);
    kiln_heap_get_stats(&stats);
    TAP_EQUAL(stats.total_bytes, 0);
}

int main(int argc, char **argv)
{
    size_t at_start;

    test_begin(argc, argv, 1);
    if (argc > 2 && strcmp(argv[2], "none") == 0) {
        test_without_memory();
        return tap_done();
    }
    give_memory();
    at_start = free_pages();
    test_limits();
    test_sizes();
    test_alignments();
    test_resize();
    test_resize_pages();
    test_model();
    test_exhaustion(at_start);
    test_overhead();
    test_stray();
#if KILN_CONFIG_HEAP_HARDENED
    test_misuse();
#endif
    return tap_done();
}
