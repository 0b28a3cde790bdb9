/* The device tree reader: what it makes of right trees, and each thing that can be wrong. */
#include <errno.h>
#include "test.h"
#include "tree_builder.h"
#include "tree_file.h"

static struct fdt_reader reader;
static uint32_t *tree;
static size_t tree_size;

static void finish(void)
{
    free(tree);
    tree = tree_finish(&tree_size);
}

/* Starts to read what has been built. */
static int begin(void)
{
    finish();
    return fdt_begin(&reader, tree, tree_size);
}

/* The last token of what has been built: FDT_END or FDT_CORRUPT. */
static enum fdt_token last_token(void)
{
    enum fdt_token token;

    if (begin() != 0)
        return FDT_CORRUPT;
    do
        token = fdt_next(&reader);
    while (token != FDT_END && token != FDT_CORRUPT);
    for (int i = 0; i < 20; i++) /* who does not stop stays inside the tree all the same */
        fdt_next(&reader);
    return token;
}

static void test_tokens(void)
{
    const char *name;

    tree_new();
    tree_begin("");
    tree_string("compatible", "a,b");
    tree_word(FDT_NOP);
    tree_property("empty", NULL, 0);
    tree_begin("node@1");
    tree_property("odd", "12345", 5);
    tree_end();
    tree_word(FDT_NOP);
    tree_end();
    tree_word(FDT_END);
    TAP_EQUAL(begin(), 0);
    TAP_CHECK(fdt_next(&reader) == FDT_BEGIN_NODE && reader.depth == 1 && reader.name[0] == 0);
    TAP_CHECK(fdt_next(&reader) == FDT_PROPERTY && fdt_property_bytes(reader.property) == 4 &&
              memcmp(reader.property->value, "a,b", 4) == 0);
    TAP_CHECK(fdt_property_name(&reader, reader.property, &name) &&
              strcmp(name, "compatible") == 0);
    TAP_CHECK(fdt_next(&reader) == FDT_PROPERTY && fdt_property_bytes(reader.property) == 0);
    TAP_CHECK(fdt_next(&reader) == FDT_BEGIN_NODE && reader.depth == 2 &&
              strcmp(reader.name, "node@1") == 0);
    TAP_CHECK(fdt_next(&reader) == FDT_PROPERTY && memcmp(reader.property->value, "12345", 5) == 0);
    TAP_CHECK(fdt_next(&reader) == FDT_END_NODE && reader.depth == 1);
    TAP_CHECK(fdt_next(&reader) == FDT_END_NODE && reader.depth == 0);
    TAP_CHECK(fdt_next(&reader) == FDT_END);
    TAP_CHECK(fdt_next(&reader) == FDT_END);
}

/* The structure block as a whole. */
static void test_structure(void)
{
    tree_new();
    tree_begin("");
    tree_end();
    tree_word(FDT_END);
    TAP_EQUAL(last_token(), FDT_END);
    tree_word(0); /* padding that the block's size counts */
    tree_word(0);
    TAP_EQUAL(last_token(), FDT_END);

    tree_new();
    tree_word(FDT_NOP);
    tree_begin("");
    tree_end();
    tree_word(FDT_NOP);
    tree_word(FDT_END);
    TAP_EQUAL(last_token(), FDT_END);
}

#define BROKEN(what, ...)                                                                          \
    do {                                                                                           \
        tree_new();                                                                                \
        __VA_ARGS__;                                                                               \
        tap_check(last_token() == FDT_CORRUPT, "corrupt: " what);                                  \
    } while (0)

static void test_broken_structure(void)
{
    BROKEN("nothing at all", (void)0);
    BROKEN("no root", tree_word(FDT_END));
    BROKEN("no end", tree_begin(""), tree_end());
    BROKEN("end inside a node", tree_begin(""), tree_word(FDT_END));
    BROKEN("two roots", tree_begin(""), tree_end(), tree_begin(""), tree_end(), tree_word(FDT_END));
    BROKEN("more ends than nodes", tree_begin(""), tree_end(), tree_end(), tree_word(FDT_END));
    BROKEN("a property without a node", tree_property("p", "1", 1), tree_word(FDT_END));
    BROKEN("a property behind the root", tree_begin(""), tree_end(), tree_property("p", "1", 1),
           tree_word(FDT_END));
    BROKEN("a property behind a child", tree_begin(""), tree_begin("a"), tree_end(),
           tree_property("p", "1", 1), tree_end(), tree_word(FDT_END));
    BROKEN("an unknown token", tree_begin(""), tree_word(5), tree_end(), tree_word(FDT_END));
    BROKEN("token 0", tree_begin(""), tree_word(0), tree_end(), tree_word(FDT_END));
    BROKEN("a value beyond the end", tree_begin(""), tree_word(FDT_PROPERTY), tree_word(100),
           tree_word(0), tree_end(), tree_word(FDT_END));
    BROKEN("a value that takes the end in", tree_begin(""), tree_word(FDT_PROPERTY), tree_word(8),
           tree_word(0), tree_end(), tree_word(FDT_END));
    BROKEN("a value of 4 GiB", tree_begin(""), tree_word(FDT_PROPERTY), tree_word(0xFFFFFFFF),
           tree_word(0), tree_end(), tree_word(FDT_END));
    BROKEN("a value of 4 GiB - 12", tree_begin(""), tree_word(FDT_PROPERTY), tree_word(0xFFFFFFF4),
           tree_word(0), tree_end(), tree_word(FDT_END));
    BROKEN("a property cut off", tree_begin(""), tree_word(FDT_PROPERTY), tree_word(FDT_END));
    BROKEN("a name without an end", tree_begin(""), tree_word(FDT_BEGIN_NODE),
           tree_bytes("abcdefgh", 8), tree_word(FDT_END));
    BROKEN("a node's token alone", tree_begin(""), tree_word(FDT_BEGIN_NODE), tree_word(FDT_END));
}

static void nest(int depth)
{
    tree_new();
    for (int i = 0; i < depth; i++)
        tree_begin("n");
    for (int i = 0; i < depth; i++)
        tree_end();
    tree_word(FDT_END);
}

static void test_depth(void)
{
    nest(FDT_MAX_DEPTH);
    TAP_EQUAL(last_token(), FDT_END);
    nest(FDT_MAX_DEPTH + 1);
    TAP_EQUAL(last_token(), FDT_CORRUPT);
}

/* fdt_begin when a word of the header is something else. */
static int begin_with(unsigned word, uint32_t value)
{
    finish();
    tree[word] = fdt_word(value);
    return fdt_begin(&reader, tree, tree_size);
}

static void small_tree(void)
{
    tree_new();
    tree_begin("");
    tree_string("p", "v");
    tree_end();
    tree_word(FDT_END);
    finish();
}

static void test_header(void)
{
    small_tree();
    uint32_t size = (uint32_t)tree_size;
    uint32_t strings = fdt_word(tree[TREE_STRINGS]);

    TAP_EQUAL(fdt_total_bytes(tree), size);
    TAP_EQUAL(fdt_total_bytes((const char *)tree + 2), 0);
    TAP_EQUAL(fdt_begin(&reader, (const char *)tree + 2, size - 2), -EINVAL);
    TAP_EQUAL(fdt_begin(&reader, tree, 39), -EINVAL);
    TAP_EQUAL(fdt_begin(&reader, tree, 0), -EINVAL);
    TAP_EQUAL(fdt_begin(&reader, tree, size), 0);
    TAP_EQUAL(fdt_begin(&reader, tree, size - 1), -EINVAL);
    TAP_EQUAL(begin_with(TREE_MAGIC, 0xEDFE0DD0), -EINVAL);
    TAP_EQUAL(begin_with(TREE_TOTAL, 39), -EINVAL);
    TAP_EQUAL(begin_with(TREE_TOTAL, size - 1), -EINVAL);
    TAP_EQUAL(begin_with(TREE_TOTAL, 1 << 20), 0);
    TAP_EQUAL(begin_with(TREE_TOTAL, FDT_MAX_BYTES), 0);
    TAP_EQUAL(begin_with(TREE_TOTAL, FDT_MAX_BYTES + 1), -EINVAL);
    TAP_EQUAL(begin_with(TREE_VERSION, 16), -EINVAL);
    TAP_EQUAL(begin_with(TREE_VERSION, 18), 0);
    TAP_EQUAL(begin_with(TREE_COMPATIBLE, 17), 0);
    TAP_EQUAL(begin_with(TREE_COMPATIBLE, 18), -EINVAL);
    TAP_EQUAL(begin_with(TREE_STRUCTURE, 57), -EINVAL);
    TAP_EQUAL(begin_with(TREE_STRUCTURE, 0xFFFFFFFC), -EINVAL);
    TAP_EQUAL(begin_with(TREE_STRUCTURE_BYTES, 0xFFFFFFFC), -EINVAL);
    TAP_EQUAL(begin_with(TREE_STRUCTURE_BYTES, size), -EINVAL);
    TAP_EQUAL(begin_with(TREE_STRUCTURE_BYTES, 0), -EINVAL);
    TAP_EQUAL(begin_with(TREE_STRINGS, 0xFFFFFFFF), -EINVAL);
    TAP_EQUAL(begin_with(TREE_STRINGS, strings + 1), -EINVAL);
    TAP_EQUAL(begin_with(TREE_STRINGS_BYTES, 0xFFFFFFFF), -EINVAL);
    TAP_EQUAL(begin_with(TREE_STRINGS_BYTES, 1), -EINVAL); /* "p" without its 0 */
    TAP_EQUAL(begin_with(TREE_RESERVATION, 42), -EINVAL);
}

static void test_names(void)
{
    const char *name;

    small_tree();
    TAP_EQUAL(begin_with(TREE_STRINGS_BYTES, 0), 0);
    fdt_next(&reader);
    TAP_CHECK(fdt_next(&reader) == FDT_PROPERTY &&
              !fdt_property_name(&reader, reader.property, &name));
}

static void test_cells(void)
{
    static const uint32_t cells[] = {0x04030201, 0x08070605};

    TAP_EQUAL(fdt_read_cells(cells, 1), 0x01020304);
    TAP_EQUAL(fdt_read_cells(cells, 2), 0x0102030405060708);
}

static void test_reservations(void)
{
    small_tree();
    tree_reserve(0x1000, 0x2000);
    TAP_EQUAL(begin(), 0);
    TAP_CHECK(reader.reservations == tree + TREE_HEADER_WORDS &&
              fdt_read_cells(reader.reservations, 2) == 0x1000 &&
              fdt_read_cells(reader.reservations + 2, 2) == 0x2000);
    TAP_CHECK(reader.end == (const char *)tree + tree_size);
    TAP_EQUAL(begin_with(TREE_TOTAL, 1 << 20), 0);
    TAP_CHECK(reader.end == (const char *)tree + tree_size);
}

/* Another reading of a tree that is right, byte by byte, to compare with. */
static size_t model_at;

static uint32_t model_word(const unsigned char *data)
{
    const unsigned char *at = data + model_at;

    model_at += 4;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void compare_token(const unsigned char *data)
{
    uint32_t token = model_word(data), bytes;
    const char *name;

    TEST_HOLDS(fdt_next(&reader) == token, "at %zu", model_at - 4);
    if (token == FDT_BEGIN_NODE) {
        TEST_HOLDS(reader.name == (const char *)data + model_at, "name at %zu", model_at);
        model_at += strlen((const char *)data + model_at) / 4 * 4 + 4;
    } else if (token == FDT_PROPERTY) {
        bytes = model_word(data);
        TEST_HOLDS(fdt_property_bytes(reader.property) == bytes, "at %zu", model_at);
        TEST_HOLDS(fdt_property_name(&reader, reader.property, &name) &&
                       name == reader.strings + model_word(data),
                   "at %zu", model_at);
        TEST_HOLDS((const unsigned char *)reader.property->value == data + model_at, "at %zu",
                   model_at);
        model_at += (bytes + 3) / 4 * 4;
    }
}

static int test_real_tree(const char *path)
{
    size_t bytes;
    unsigned char *data = tree_load(path, &bytes);
    int tokens = 0;

    TAP_EQUAL(fdt_begin(&reader, data, bytes), 0);
    model_at = (size_t)((const unsigned char *)reader.at - data);
    while (*reader.at != fdt_word(FDT_END) && test_violations == 0) {
        compare_token(data);
        tokens++;
    }
    TEST_HOLDS(fdt_next(&reader) == FDT_END, "%d tokens", tokens);
    test_property(path);
    free(data);
    return tokens + 1;
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_tokens();
    test_structure();
    test_broken_structure();
    test_depth();
    test_header();
    test_names();
    test_cells();
    test_reservations();
    TAP_EQUAL(test_real_tree(TREE_FOLDER "/virt-gicv2.dtb"), 337);
    TAP_CHECK(test_real_tree(TREE_FOLDER "/virt-gicv3.dtb") > 337);
    free(tree);
    return tap_done();
}
