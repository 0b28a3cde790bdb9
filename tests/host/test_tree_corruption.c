/*
 * Every single-byte corruption and every truncation of real trees: the reader must say that it is
 * wrong or give a sane answer, and AddressSanitizer must see no byte read outside.
 */
#include <string.h>
#include "test.h"
#include "tree_file.h"
#include "tree_invariants.h"

static unsigned accepted, refused;

static void check(const void *tree, size_t bytes, const char *what, size_t at)
{
    int result;

    TEST_HOLDS(tree_info_is_sane(tree, bytes, &result), "%s at %zu", what, at);
    TEST_HOLDS(tree_walk(tree, bytes) >= 0, "%s at %zu", what, at);
    if (result == 0)
        accepted++;
    else
        refused++;
}

static void corrupt_bytes(unsigned char *tree, size_t bytes)
{
    for (size_t at = 0; at < bytes; at++) {
        static const unsigned char flips[] = {0x01, 0x02, 0x04, 0x80, 0xFF};
        unsigned char good = tree[at];

        for (size_t i = 0; i < sizeof(flips); i++) {
            tree[at] = good ^ flips[i];
            check(tree, bytes, "flip", at);
        }
        tree[at] = 0;
        check(tree, bytes, "zero", at);
        tree[at] = good;
    }
}

/* Words, since lengths and offsets are words. */
static void corrupt_words(unsigned char *tree, size_t bytes)
{
    static const uint32_t values[] = {0,          1,          0x03000000, 0x09000000,
                                      0xFFFFFFFF, 0xFCFFFFFF, 0x00000080, 0xFFFFFF7F};

    for (size_t at = 0; at + 4 <= bytes; at += 4) {
        uint32_t good;

        memcpy(&good, tree + at, 4);
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            memcpy(tree + at, &values[i], 4);
            check(tree, bytes, "word", at);
        }
        memcpy(tree + at, &good, 4);
    }
}

/* Each length in a block of its own, with the header's size as it was and cut as well. */
static void truncate_tree(const unsigned char *tree, size_t bytes)
{
    for (size_t length = 0; length < bytes; length++) {
        unsigned char *cut = malloc(length ? length : 1);

        memcpy(cut, tree, length);
        check(cut, length, "truncation", length);
        if (length >= 8) {
            cut[4] = (unsigned char)(length >> 24);
            cut[5] = (unsigned char)(length >> 16);
            cut[6] = (unsigned char)(length >> 8);
            cut[7] = (unsigned char)length;
            check(cut, length, "shortened", length);
        }
        free(cut);
    }
}

static void run(const char *path)
{
    size_t bytes;
    unsigned char *tree = tree_load(path, &bytes);

    corrupt_bytes(tree, bytes);
    test_property("every byte corrupted in six ways");
    corrupt_words(tree, bytes);
    test_property("every word replaced");
    truncate_tree(tree, bytes);
    test_property("every truncation");
    printf("# %s: %u accepted, %u refused\n", path, accepted, refused);
    TAP_CHECK(accepted > 1000 && refused > 1000);
    free(tree);
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    run(TREE_FOLDER "/virt-gicv2.dtb");
    run(TREE_FOLDER "/virt-gicv3.dtb");
    return tap_done();
}
