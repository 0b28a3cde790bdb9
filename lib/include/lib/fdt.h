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

/* Larger trees are taken for corrupt. Offsets fit in 24 bits and sums of them cannot overflow. */
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

struct fdt_reader {
    const uint32_t *at;  /* the next token */
    const uint32_t *end; /* of the structure block */
    const char *strings; /* the strings block; its last byte is 0 */
    uint32_t strings_bytes;
    uint32_t depth;     /* nodes that are open: 1 within the root's own properties */
    bool started;       /* the root has begun */
    bool in_properties; /* nothing but properties since the last FDT_BEGIN_NODE */

    const char *name;      /* of the node (FDT_BEGIN_NODE) or property; terminated */
    uint32_t name_offset;  /* of the property's name in the strings block */
    const uint32_t *value; /* of the property, aligned to a word */
    uint32_t bytes;        /* of the property's value */

    const uint32_t *reservation; /* next entry of the memory reservation block */
    const uint32_t *reservation_end;
};

/* A word of the tree, which is big-endian. */
static inline uint32_t fdt_word(const uint32_t *at)
{
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the tree is big-endian");
    return __builtin_bswap32(*at);
}

/* First four bytes of a name as fdt_word reads them: FDT_NAME('c', 'p', 'u', '@'). */
#define FDT_NAME(a, b, c, d)                                                                       \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* First word of the name of the node that has just begun; node names are aligned. */
static inline uint32_t fdt_node_name_word(const struct fdt_reader *reader)
{
    return fdt_word((const uint32_t *)(const void *)reader->name);
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

/* Whether two terminated strings are equal. */
bool fdt_name_is(const char *name, const char *expected);

/*
 * Whether a property's value, one string or several in a row, has this string. What is not
 * terminated does not count.
 */
bool fdt_value_has(const uint32_t *value, uint32_t bytes, const char *string);

static inline enum fdt_token fdt_next_property(struct fdt_reader *reader)
{
    const uint32_t *at = reader->at;
    uint32_t room = (uint32_t)((const char *)reader->end - (const char *)at);

    if (!reader->in_properties || room < 8)
        return FDT_CORRUPT;
    reader->bytes = fdt_word(at);
    reader->name_offset = fdt_word(at + 1);
    reader->value = at + 2;
    if (reader->bytes > room - 8 || reader->name_offset >= reader->strings_bytes)
        return FDT_CORRUPT;
    reader->name = reader->strings + reader->name_offset;
    reader->at = at + 2 + (reader->bytes + 3) / 4;
    return FDT_PROPERTY;
}

static inline enum fdt_token fdt_next_node(struct fdt_reader *reader)
{
    const uint32_t *at = reader->at;
    uint32_t word;

    if (reader->depth == FDT_MAX_DEPTH || (reader->depth == 0 && reader->started))
        return FDT_CORRUPT;
    reader->name = (const char *)at;
    do {
        if (at >= reader->end)
            return FDT_CORRUPT;
        word = *at++;
    } while (((word - 0x01010101u) & ~word & 0x80808080u) == 0); /* no byte is 0 */
    reader->at = at;
    reader->depth++;
    reader->started = true;
    reader->in_properties = true;
    return FDT_BEGIN_NODE;
}

/*
 * The next token; FDT_NOP is passed over. About 20 instructions for a property and 6 for each
 * word of a node's name. What it guarantees: one root; properties before a node's children;
 * FDT_END_NODE as often as FDT_BEGIN_NODE; names terminated and values whole.
 */
static inline enum fdt_token fdt_next(struct fdt_reader *reader)
{
    while (reader->at < reader->end) {
        uint32_t token = fdt_word(reader->at++);

        if (token == FDT_PROPERTY)
            return fdt_next_property(reader);
        if (token == FDT_BEGIN_NODE)
            return fdt_next_node(reader);
        if (token == FDT_END_NODE) {
            reader->in_properties = false;
            return reader->depth-- == 0 ? FDT_CORRUPT : FDT_END_NODE;
        }
        if (token != FDT_NOP)
            return token == FDT_END && reader->started && reader->depth == 0 ? FDT_END
                                                                             : FDT_CORRUPT;
    }
    return FDT_CORRUPT;
}

#endif
