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
 * Any context; the tree must not change meanwhile.
 */
#ifndef LIB_FDT_H
#define LIB_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Larger trees are taken for corrupt. */
#define FDT_MAX_BYTES ((uint32_t)1 << 24)

/* Deepest nesting of nodes. */
#define FDT_MAX_DEPTH 64

/* Tokens of the structure block (5.4.1). FDT_CORRUPT is not in a tree: nothing follows it. */
enum fdt_token {
    FDT_CORRUPT = 0,
    FDT_BEGIN_NODE = 1,
    FDT_END_NODE = 2,
    FDT_PROPERTY = 3,
    FDT_NOP = 4,
    FDT_END = 9
};

/* A property as it stands in the tree, big-endian. */
struct fdt_property {
    uint32_t bytes; /* of the value */
    uint32_t name;  /* offset in the strings block */
    uint32_t value[];
};

struct fdt_reader {
    const uint32_t *at;           /* the next token, never behind `last` */
    const uint32_t *last;         /* last word of the structure block; it is FDT_END */
    uint32_t depth;               /* nodes that are open: 1 within the root's own properties */
    const uint32_t *property_end; /* `last` between FDT_BEGIN_NODE and the first child, or NULL */

    const char *name;                    /* of the node that has begun; terminated */
    const struct fdt_property *property; /* that has just come */

    const char *strings; /* the strings block; its last byte is 0 */
    uint32_t strings_bytes;
    const uint32_t *reservation; /* next entry of the memory reservation block */
    const uint32_t *reservation_end;
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
size_t fdt_total_bytes(const void *tree);

/*
 * Starts to read a tree of which at most max_bytes may be touched. 0, or -EINVAL when the header
 * is not that of a tree in version 17 whose blocks lie within both limits.
 */
int fdt_begin(struct fdt_reader *reader, const void *tree, size_t max_bytes);

/*
 * Next entry of the memory reservation block: 1, 0 at the end, or -EINVAL when the block has no
 * end. Independent of fdt_next.
 */
int fdt_next_reservation(struct fdt_reader *reader, uint64_t *base, uint64_t *bytes);

/* A number of `cells` words; of more than two the last two count. The caller has checked bounds. */
uint64_t fdt_read_cells(const uint32_t *value, unsigned cells);

/*
 * Whether a property's value, one string or several in a row, has this string. What is not
 * terminated does not count.
 */
bool fdt_property_has(const struct fdt_property *property, const char *string);

/* Bytes of a property's value. */
static inline uint32_t fdt_property_bytes(const struct fdt_property *property)
{
    return fdt_word(property->bytes);
}

/* Name of a property, or NULL when it is corrupt: outside the strings block. */
static inline const char *fdt_property_name(const struct fdt_reader *reader,
                                            const struct fdt_property *property)
{
    uint32_t offset = fdt_word(property->name);

    return offset < reader->strings_bytes ? reader->strings + offset : NULL;
}

/* Where the property ends whose token is next. */
static inline uint64_t fdt_property_end(const struct fdt_reader *reader)
{
    const struct fdt_property *property = (const struct fdt_property *)(reader->at + 1);

    return (uintptr_t)property->value +
           (((uint64_t)fdt_property_bytes(property) + 3) & ~(uint64_t)3);
}

static inline enum fdt_token fdt_next_property(struct fdt_reader *reader)
{
    uint64_t end = fdt_property_end(reader);

    if (end > (uintptr_t)reader->property_end)
        return FDT_CORRUPT;
    reader->property = (const struct fdt_property *)(reader->at + 1);
    reader->at = (const uint32_t *)(uintptr_t)end;
    return FDT_PROPERTY;
}

/* No bounds in the loop: the last word has zero bytes. */
static inline enum fdt_token fdt_next_node(struct fdt_reader *reader)
{
    const uint32_t *at = reader->at + 1;
    uint32_t word;

    reader->name = (const char *)at;
    do
        word = *at++;
    while (((word - 0x01010101u) & ~word & 0x80808080u) == 0); /* no byte is 0 */
    if (at > reader->last || reader->depth == FDT_MAX_DEPTH)
        return FDT_CORRUPT;
    reader->at = at;
    reader->depth++;
    reader->property_end = reader->last;
    return FDT_BEGIN_NODE;
}

static inline enum fdt_token fdt_next_end(struct fdt_reader *reader)
{
    reader->at++;
    reader->property_end = NULL;
    if (--reader->depth == 0) {
        while (*reader->at == fdt_word(FDT_NOP))
            reader->at++;
        if (*reader->at != fdt_word(FDT_END))
            return FDT_CORRUPT;
    }
    return FDT_END_NODE;
}

/*
 * The next token; FDT_NOP is passed over. What it guarantees: one root; properties before a
 * node's children; FDT_END_NODE as often as FDT_BEGIN_NODE; names of nodes terminated and values
 * whole. About 12 instructions for a property, and 5 for each word of a node's name, when the
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
            return token == fdt_word(FDT_END) && reader->depth == 0 ? FDT_END : FDT_CORRUPT;
    }
}

/*
 * Passes over the properties that come next, for a node that is of no interest; a corrupt one is
 * left for fdt_next. About 10 instructions for each.
 */
static inline void fdt_skip_properties(struct fdt_reader *reader)
{
    while (*reader->at == fdt_word(FDT_PROPERTY)) {
        uint64_t end = fdt_property_end(reader);

        if (end > (uintptr_t)reader->property_end)
            return;
        reader->at = (const uint32_t *)(uintptr_t)end;
    }
}

#endif
