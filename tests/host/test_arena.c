/* Arenas: where blocks lie, what is left, and marks. */
#include <kiln/arena.h>
#include "panic_support.h"
#include "test.h"

#define BYTES 4096

KILN_ARENA(arena, BYTES);

/* Blocks of random sizes and alignments lie one behind the other, inside, until there is no room.
 */
static void fill_up(void)
{
    unsigned char *end = arena_memory;

    for (;;) {
        size_t bytes = test_below(300), alignment = (size_t)1 << test_below(8);
        size_t left = kiln_arena_available(&arena);
        unsigned char *block = kiln_arena_allocate_aligned(&arena, alignment, bytes);

        if (!block) {
            TEST_HOLDS(bytes + alignment > left, "%zu of %zu bytes left", bytes, left);
            return;
        }
        TEST_HOLDS(block >= end && block + bytes <= arena_memory + BYTES, "%p", (void *)block);
        TEST_HOLDS((uintptr_t)block % alignment == 0, "%p", (void *)block);
        memset(block, 0x41, bytes);
        end = block + bytes;
    }
}

static void test_blocks(void)
{
    for (unsigned i = 0; i < 2000; i++) {
        fill_up();
        kiln_arena_free_all(&arena);
        TEST_HOLDS(kiln_arena_available(&arena) == BYTES, "all is free");
    }
    test_property("random blocks");
}

static void test_marks(void)
{
    uintptr_t outer, inner;
    void *block;

    kiln_arena_allocate(&arena, 100);
    outer = kiln_arena_mark(&arena);
    block = kiln_arena_allocate(&arena, 100);
    inner = kiln_arena_mark(&arena);
    kiln_arena_free_to(&arena, inner);
    kiln_arena_free_to(&arena, outer);
    TAP_EQUAL(kiln_arena_available(&arena), BYTES - 100);
    PANICS(kiln_arena_free_to(&arena, inner), "is no mark of it, or was freed");
    PANICS(kiln_arena_free_to(&arena, outer - 200), "is no mark of it, or was freed");
    TAP_CHECK(kiln_arena_allocate(&arena, 1) == block);
}

static void test_limits(void)
{
    kiln_arena_init(&arena, arena_memory + 1, BYTES - 1);
    TAP_CHECK(kiln_arena_allocate(&arena, SIZE_MAX) == NULL);
    TAP_CHECK(kiln_arena_allocate(&arena, BYTES - 15) == NULL);
    TAP_CHECK(kiln_arena_allocate(&arena, BYTES - 16) == arena_memory + 16);
    TAP_CHECK(kiln_arena_allocate(&arena, 1) == NULL);
    TAP_CHECK(kiln_arena_allocate_aligned(&arena, (size_t)1 << 63, 0) == NULL);
    PANICS(kiln_arena_allocate_aligned(&arena, 24, 1), "alignment");
    kiln_arena_init(&arena, NULL, 0);
    TAP_CHECK(kiln_arena_allocate(&arena, 1) == NULL);
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_blocks();
    test_marks();
    test_limits();
    return tap_done();
}
