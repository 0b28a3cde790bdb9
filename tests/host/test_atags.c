/* ATAGS: a list as QEMU makes it, lists that end early or lie, and random ones under ASan. */
#include <drivers/atags.h>
#include <stdlib.h>
#include <string.h>
#include "test.h"

#define CORE      0x54410001u
#define MEMORY    ATAG_MEMORY
#define ARGUMENTS ATAG_COMMAND_LINE

static size_t bytes;

/* Copies the list to the very end of a heap block, so that ASan sees one word too far. The place of
 * the tag's value in words, 0 when there is none; bytes is its size. */
static size_t find(const uint32_t *words, size_t count, uint32_t tag)
{
    uint32_t *list = malloc(count * 4 + 1);
    const uint32_t *value;
    size_t place = 0;

    memcpy(list, words, count * 4);
    value = atags_find(list, count * 4, tag, &bytes);
    if (value) {
        place = (size_t)(value - list);
        if (place * 4 + bytes > count * 4)
            tap_check(false, "the value lies within the list");
    } else if (bytes) {
        tap_check(false, "no value has no bytes");
    }
    free(list);
    return place;
}

static void test_good(void)
{
    static const uint32_t list[] = {
        5,         CORE,       1,          0x1000,     0, 4,      MEMORY, 0x3C000000, 0, 5,
        ARGUMENTS, 0x6C6C6568, 0x203D206F, 0x00002121, 4, MEMORY, 1,      2,          0, 0};
    const char *text = (const char *)atags_find(list, sizeof(list), ARGUMENTS, &bytes);

    TAP_EQUAL(bytes, 12);
    TAP_CHECK(text && strcmp(text, "hello = !!") == 0);
    TAP_EQUAL(find(list, 20, MEMORY), 7);
    TAP_EQUAL(bytes, 8);
    TAP_EQUAL(find(list, 20, CORE), 2);
    TAP_EQUAL(find(list, 20, 0x54410004), 0);
}

static void test_no_list(void)
{
    static const uint32_t nothing[8];
    static const uint32_t tree[] = {0xEDFE0DD0, 0x00100000, 0, 0};
    static const uint32_t no_core[] = {4, MEMORY, 1, 2, 0, 0};
    static const uint32_t core[] = {2, CORE, 0, 0};

    TAP_EQUAL(find(nothing, 8, MEMORY), 0);
    TAP_EQUAL(find(tree, 4, MEMORY), 0);
    TAP_EQUAL(find(no_core, 6, MEMORY), 0);
    TAP_EQUAL(find(core, 1, CORE), 0);
    TAP_EQUAL(find(core, 4, CORE), 2);
    TAP_EQUAL(bytes, 0);
    TAP_CHECK(!atags_find((const uint32_t *)((const char *)core + 2), 8, CORE, &bytes));
}

static void test_bounds(void)
{
    static const uint32_t endless[] = {2, CORE, 0, MEMORY, 1, 2};
    static const uint32_t after_end[] = {2, CORE, 2, 0, 4, MEMORY, 1, 2};
    static const uint32_t too_long[] = {2, CORE, 0xFFFFFFFF, ARGUMENTS, 0x41414141};
    static const uint32_t unterminated[] = {2, CORE, 4, ARGUMENTS, 0x41414141, 0x41414141};
    static const uint32_t short_memory[] = {2, CORE, 3, MEMORY, 7, 0, 0};

    TAP_EQUAL(find(endless, 6, MEMORY), 0);
    TAP_EQUAL(find(after_end, 8, MEMORY), 0);
    TAP_EQUAL(find(too_long, 5, ARGUMENTS), 0);
    TAP_EQUAL(find(unterminated, 6, ARGUMENTS), 4);
    TAP_EQUAL(bytes, 8);
    TAP_EQUAL(find(unterminated, 5, ARGUMENTS), 0);
    TAP_EQUAL(find(short_memory, 7, MEMORY), 4);
    TAP_EQUAL(bytes, 4);
}

static void test_anything(void)
{
    for (unsigned round = 0; round < 20000; round++) {
        uint32_t words[40] = {2, CORE};
        size_t count = 2 + (size_t)test_random() % 38;

        for (size_t i = 2; i < count; i++)
            words[i] = test_random() % 3 ? (uint32_t)test_random() % 6
                                         : 0x54410000u + (uint32_t)test_random() % 10;
        find(words, count, round % 2 ? MEMORY : ARGUMENTS);
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
