/*
 * A reader of flattened device trees (Devicetree Specification v0.4, chapter 5), in one pass and
 * without a copy. It survives any content: it never reads outside the tree's total size nor the
 * caller's limit, every step moves forward, depth is bounded. All loads are aligned words or
 * bytes, so the tree may lie in device memory (the MMU is off when it is first looked at).
 *
 *     struct fdt_reader reader;
 *     if (fdt_begin(&reader, tree, limit) == 0)
 *         for (;;)
 *             switch (fdt_next(&reader)) { ... }
 *
 * All is inline: boot reads the tree in one place, and a reader that is local there lives in
 * registers. Any context; the tree must not change meanwhile.
 */
#ifndef LIB_FDT_H
#define LIB_FDT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Larger trees are taken for corrupt. */
#define FDT_MAX_BYTES ((uint32_t)1 << 24)

/* Deepest nesting of nodes. */
#define FDT_MAX_DEPTH 64

#define FDT_MAGIC     0xD00DFEEDu
#define FDT_VERSION   17

/* The header (5.2), in words. */
enum fdt_header {
    FDT_HEADER_MAGIC,
    FDT_HEADER_TOTAL_BYTES,
    FDT_HEADER_STRUCTURE,
    FDT_HEADER_STRINGS,
    FDT_HEADER_RESERVATIONS,
    FDT_HEADER_VERSION,
    FDT_HEADER_LAST_COMPATIBLE_VERSION,
    FDT_HEADER_BOOT_CPU,
    FDT_HEADER_STRINGS_BYTES,
    FDT_HEADER_STRUCTURE_BYTES,
    FDT_HEADER_WORDS
};

/* Tokens of the structure block (5.4.1). FDT_CORRUPT is not in a tree: nothing follows it. */
enum fdt_token {
    FDT_CORRUPT = 0,
    FDT_BEGIN_NODE = 1,
    FDT_END_NODE = 2,
    FDT_PROPERTY = 3,
    FDT_NOP = 4,
    FDT_END = 9
};

/* A property as it stands in the tree, big-endian. Behind the value, in the same block, is a 0. */
struct fdt_property {
    uint32_t token;
    uint32_t bytes; /* of the value */
    uint32_t name;  /* offset in the strings block */
    uint32_t value[];
};

struct fdt_reader {
    const uint32_t *at;           /* the next token, never behind the block's last word */
    const uint32_t *last;         /* that word, which is FDT_END; NULL once the root has ended */
    const uint32_t *property_end; /* `last` between FDT_BEGIN_NODE and the first child, or NULL */
    uint32_t depth;               /* nodes that are open: 1 within the root's own properties */

    const char *name;                    /* of the node that has begun; terminated */
    const struct fdt_property *property; /* that has just come */

    const char *strings; /* the strings block; its last byte is 0 */
    size_t strings_bytes;

    /* Pairs of numbers, base and bytes, each of two words; two zeros are the last. The reader
     * does not look at them: they may reach behind `end`. */
    const uint32_t *reservations;
    const char *end;    /* of the tree, or of what may be touched of it */
    size_t total_bytes; /* what the header tells */
};

/* A word of the tree, which is big-endian. */
static inline uint32_t fdt_word(uint32_t word)
{
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the tree is big-endian");
    return __builtin_bswap32(word);
}

/*
 * Size that the header tells, or 0 when there is no tree (no magic, misaligned, absurd size).
 * Reads the first 8 bytes.
 */
static inline size_t fdt_total_bytes(const void *tree)
{
    const uint32_t *header = tree;
    size_t bytes;

    if ((uintptr_t)tree % 4 != 0 || header[FDT_HEADER_MAGIC] != fdt_word(FDT_MAGIC))
        return 0;
    bytes = fdt_word(header[FDT_HEADER_TOTAL_BYTES]);
    return bytes >= FDT_HEADER_WORDS * 4 && bytes <= FDT_MAX_BYTES ? bytes : 0;
}

/* Finds the FDT_END that fdt_next relies upon; 0 or -EINVAL. */
static inline int fdt_begin_structure(struct fdt_reader *reader, const void *block, size_t bytes)
{
    const uint32_t *start = block;
    const uint32_t *last = start + bytes / 4;

    do {
        if (last-- == start)
            return -EINVAL;
    } while (*last != fdt_word(FDT_END));
    reader->at = start;
    reader->last = last;
    reader->property_end = NULL;
    reader->depth = 0;
    return 0;
}

/*
 * Starts to read a tree of which at most max_bytes may be touched. 0, or -EINVAL when the header
 * is not that of a tree in version 17 whose structure and strings lie within both limits.
 */
static inline int fdt_begin(struct fdt_reader *reader, const void *tree, size_t max_bytes)
{
    const char *start = tree;
    const uint32_t *header = tree;
    size_t limit = max_bytes < FDT_HEADER_WORDS * 4 ? 0 : fdt_total_bytes(tree);
    size_t structure, structure_bytes, strings, strings_bytes, reservations;

    if (limit == 0 || fdt_word(header[FDT_HEADER_VERSION]) < FDT_VERSION ||
        fdt_word(header[FDT_HEADER_LAST_COMPATIBLE_VERSION]) > FDT_VERSION)
        return -EINVAL;
    reader->total_bytes = limit;
    if (limit > max_bytes)
        limit = max_bytes;
    structure = fdt_word(header[FDT_HEADER_STRUCTURE]);
    structure_bytes = fdt_word(header[FDT_HEADER_STRUCTURE_BYTES]);
    strings = fdt_word(header[FDT_HEADER_STRINGS]);
    strings_bytes = fdt_word(header[FDT_HEADER_STRINGS_BYTES]);
    reservations = fdt_word(header[FDT_HEADER_RESERVATIONS]);
    if ((structure | structure_bytes | reservations) % 4 != 0 ||
        structure + structure_bytes > limit || strings + strings_bytes > limit)
        return -EINVAL;
    reader->strings = start + strings;
    reader->strings_bytes = strings_bytes;
    /* Ended by a 0, every name in the strings block is terminated. */
    if (strings_bytes != 0 && reader->strings[strings_bytes - 1] != '\0')
        return -EINVAL;
    reader->reservations = (const uint32_t *)(const void *)(start + reservations);
    reader->end = start + limit;
    return fdt_begin_structure(reader, start + structure, structure_bytes);
}

/* A number of one or two words. The caller has checked bounds. */
static inline uint64_t fdt_read_cells(const uint32_t *value, uint32_t cells)
{
    uint64_t number = fdt_word(value[0]);

    return cells == 2 ? number << 32 | fdt_word(value[1]) : number;
}

/* Bytes of a property's value. */
static inline size_t fdt_property_bytes(const struct fdt_property *property)
{
    return fdt_word(property->bytes);
}

/* Tells the name of a property; false when it is corrupt: outside the strings block. */
static inline bool fdt_property_name(const struct fdt_reader *reader,
                                     const struct fdt_property *property, const char **name)
{
    size_t offset = fdt_word(property->name);

    *name = reader->strings + offset;
    return offset < reader->strings_bytes;
}

static inline enum fdt_token fdt_next_property(struct fdt_reader *reader)
{
    const struct fdt_property *property = (const struct fdt_property *)reader->at;
    uintptr_t end = ((uintptr_t)property->value + fdt_property_bytes(property) + 3) & ~(uintptr_t)3;

    if (end > (uintptr_t)reader->property_end)
        return FDT_CORRUPT;
    reader->property = property;
    reader->at = (const uint32_t *)end;
    return FDT_PROPERTY;
}

/* No bounds in the loop: the last word has zero bytes. */
static inline enum fdt_token fdt_next_node(struct fdt_reader *reader)
{
    const char *name = (const char *)(reader->at + 1);
    const uint32_t *at;

    reader->name = name;
    while (*name++ != '\0')
        ;
    at = (const uint32_t *)(((uintptr_t)name + 3) & ~(uintptr_t)3);
    if (at > reader->last || reader->depth == FDT_MAX_DEPTH)
        return FDT_CORRUPT;
    reader->at = at;
    reader->depth++;
    reader->property_end = reader->last;
    return FDT_BEGIN_NODE;
}

static inline enum fdt_token fdt_next_end(struct fdt_reader *reader)
{
    if (reader->depth == 0)
        return FDT_CORRUPT;
    reader->at++;
    reader->property_end = NULL;
    if (--reader->depth == 0)
        reader->last = NULL;
    return FDT_END_NODE;
}

/*
 * The next token; FDT_NOP is passed over. What it guarantees: one root; properties before a
 * node's children; FDT_END_NODE as often as FDT_BEGIN_NODE; names of nodes terminated and values
 * whole. About 12 instructions for a property, and 2 for each byte of a node's name, when the
 * reader is a local variable that the compiler can keep in registers.
 */
static inline enum fdt_token fdt_next(struct fdt_reader *reader)
{
    for (;; reader->at++) {
        uint32_t token = *reader->at;

        if (token == fdt_word(FDT_PROPERTY))
            return fdt_next_property(reader);
        if (token == fdt_word(FDT_BEGIN_NODE))
            return fdt_next_node(reader);
        if (token == fdt_word(FDT_END_NODE))
            return fdt_next_end(reader);
        if (token != fdt_word(FDT_NOP))
            return token == fdt_word(FDT_END) && !reader->last ? FDT_END : FDT_CORRUPT;
    }
}

#endif
