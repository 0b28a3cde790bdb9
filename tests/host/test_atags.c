/* ATAGS: a list as QEMU makes it, lists that end early or lie, and random ones under ASan. */
#include <drivers/atags.h>
#include <stdlib.h>
#include <string.h>
#include "test.h"

#define CORE      0x54410001u
#define MEMORY    0x54410002u
#define ARGUMENTS 0x54410009u

static struct atags atags;

/* Copies the list to the very end of a heap block, so that ASan sees one word too far. */
static bool read_words(const uint32_t *words, size_t count)
{
    uint32_t *list = malloc(count * 4 + 1);
    bool result;

    memcpy(list, words, count * 4);
    result = atags_read(list, count * 4, &atags);
    if (atags.arguments && atags.arguments_bytes) {
        size_t start = (size_t)(atags.arguments - (const char *)list);

        if (start + atags.arguments_bytes > count * 4)
            tap_check(false, "the arguments lie within the list");
    }
    free(list);
    return result;
}

static void test_good(void)
{
    static const uint32_t list[] = {5,          CORE,       1, 0x1000, 0,         4,
                                    MEMORY,     0x3C000000, 0, 5,      ARGUMENTS, 0x6C6C6568,
                                    0x203D206F, 0x00002121, 0, 0};

    TAP_CHECK(atags_read(list, sizeof(list), &atags));
    TAP_EQUAL(atags.memory_base, 0);
    TAP_EQUAL(atags.memory_bytes, 0x3C000000);
    TAP_EQUAL(atags.arguments_bytes, 12);
    TAP_CHECK(atags.arguments && strcmp(atags.arguments, "hello = !!") == 0);
}

static void test_no_list(void)
{
    static const uint32_t nothing[8];
    static const uint32_t tree[] = {0xEDFE0DD0, 0x00100000, 0, 0};
    static const uint32_t core[] = {2, CORE, 0, 0};

    TAP_CHECK(!atags_read(nothing, sizeof(nothing), &atags));
    TAP_CHECK(!atags_read(tree, sizeof(tree), &atags));
    TAP_CHECK(!atags_read(core, 4, &atags));
    TAP_CHECK(!atags_read((const char *)core + 2, 8, &atags));
    TAP_CHECK(atags_read(core, sizeof(core), &atags));
    TAP_EQUAL(atags.memory_bytes, 0);
    TAP_CHECK(atags.arguments == NULL);
    TAP_EQUAL(atags.arguments_bytes, 0);
}

static void test_bounds(void)
{
    static const uint32_t endless[] = {2, CORE, 0, MEMORY, 1, 2};
    static const uint32_t too_long[] = {2, CORE, 0xFFFFFFFF, ARGUMENTS, 0x41414141};
    static const uint32_t unterminated[] = {2, CORE, 4, ARGUMENTS, 0x41414141, 0x41414141};
    static const uint32_t short_memory[] = {2, CORE, 3, MEMORY, 7, 0, 0};

    TAP_CHECK(read_words(endless, 6));
    TAP_EQUAL(atags.memory_bytes, 0);
    TAP_CHECK(read_words(too_long, 5));
    TAP_EQUAL(atags.arguments_bytes, 0);
    TAP_CHECK(read_words(unterminated, 6));
    TAP_EQUAL(atags.arguments_bytes, 8);
    TAP_CHECK(read_words(unterminated, 5));
    TAP_EQUAL(atags.arguments_bytes, 0);
    TAP_CHECK(read_words(short_memory, 7));
    TAP_EQUAL(atags.memory_bytes, 0);
}

static void test_anything(void)
{
    for (unsigned round = 0; round < 20000; round++) {
        uint32_t words[40] = {2, CORE};
        size_t count = 2 + (size_t)test_random() % 38;

        for (size_t i = 2; i < count; i++)
            words[i] = test_random() % 3 ? (uint32_t)test_random() % 6
                                         : 0x54410000u + (uint32_t)test_random() % 10;
        read_words(words, count);
    }
    tap_check(true, "random lists are read without a wrong access");
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_good();
    test_no_list();
    test_bounds();
    test_anything();
    return tap_done();
}
