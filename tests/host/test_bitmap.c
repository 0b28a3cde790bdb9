/* Bitmaps against an array of bools, and rounding to powers of two. */
#include <lib/align.h>
#include <lib/bitmap.h>
#include "test.h"

#define MOST_BITS 300

static bool model[MOST_BITS];

static size_t model_find(size_t bits, bool value)
{
    for (size_t i = 0; i < bits; i++)
        if (model[i] == value)
            return i;
    return bits;
}

static void run(size_t bits)
{
    unsigned long *map = calloc(BITMAP_WORDS(bits), sizeof(*map));

    for (size_t i = 0; i < bits; i++)
        model[i] = false;
    for (int step = 0; step < 2000; step++) {
        /* Mostly near one end, so that whole words fill up and empty. */
        size_t bit = test_below(2) ? test_below(bits) : bits - 1 - test_below(bits) / 4;
        bool value = test_below(8) < (unsigned)(step / 250);

        if (value)
            bitmap_set(map, bit);
        else
            bitmap_clear(map, bit);
        model[bit] = value;
        bit = test_below(bits);
        TEST_HOLDS(bitmap_test(map, bit) == model[bit], "bit %zu of %zu", bit, bits);
        TEST_HOLDS(bitmap_find_first_set(map, bits) == model_find(bits, true), "%zu bits", bits);
        TEST_HOLDS(bitmap_find_first_clear(map, bits) == model_find(bits, false), "%zu bits", bits);
    }
    free(map);
}

static void test_beyond_the_end(void)
{
    unsigned long map[2] = {0, ~0ul};

    TAP_EQUAL(bitmap_find_first_set(map, 64), 64);
    TAP_EQUAL(bitmap_find_first_set(map, 70), 64);
    TAP_EQUAL(bitmap_find_first_clear(map + 1, 3), 3);
    TAP_EQUAL(bitmap_find_first_set(map, 0), 0);
    TAP_EQUAL(BITMAP_WORDS(0), 0);
    TAP_EQUAL(BITMAP_WORDS(64), 1);
    TAP_EQUAL(BITMAP_WORDS(65), 2);
}

static void test_align(void)
{
    for (int i = 0; i < 10000; i++) {
        uintptr_t alignment = (uintptr_t)1 << test_below(40);
        uintptr_t value = test_random() >> test_below(64);
        uintptr_t down = align_down(value, alignment);
        uintptr_t up = align_up(value, alignment);

        TEST_HOLDS(down % alignment == 0 && down <= value && value - down < alignment,
                   "%zx down to %zx", value, alignment);
        TEST_HOLDS(up == (value % alignment ? down + alignment : value), "%zx up to %zx", value,
                   alignment);
        TEST_HOLDS(is_aligned(value, alignment) == (value % alignment == 0), "%zx", value);
        TEST_HOLDS(is_power_of_two(value) == (__builtin_popcountl(value) == 1), "%zx", value);
    }
    test_property("rounding");
    TAP_CHECK(!is_power_of_two(0) && is_power_of_two(1));
    TAP_EQUAL(align_up(UINTPTR_MAX, 4096), 0);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {1, 63, 64, 65, 128, MOST_BITS};

    test_begin(argc, argv, 1);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        run(sizes[i]);
    test_property("random bits agree with the model");
    test_beyond_the_end();
    test_align();
    return tap_done();
}
