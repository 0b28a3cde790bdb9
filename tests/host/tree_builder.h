/*
 * Builds flattened device trees, also wrong ones: the caller puts tokens as it likes, and may
 * alter the header afterwards. A finished tree is a heap block of exactly its size, so that
 * AddressSanitizer sees every byte that is read beyond it.
 */
#ifndef TREE_BUILDER_H
#define TREE_BUILDER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <lib/fdt.h>

#define BUILDER_BYTES 65536

/* Words of the header. */
enum {
    TREE_MAGIC,
    TREE_TOTAL,
    TREE_STRUCTURE,
    TREE_STRINGS,
    TREE_RESERVATION,
    TREE_VERSION,
    TREE_COMPATIBLE,
    TREE_BOOT_CPU,
    TREE_STRINGS_BYTES,
    TREE_STRUCTURE_BYTES,
    TREE_HEADER_WORDS
};

struct builder {
    uint32_t structure[BUILDER_BYTES / 4];
    uint32_t words;
    char strings[BUILDER_BYTES];
    uint32_t strings_bytes;
    uint64_t reservations[64][2];
    uint32_t reservation_count;
};

static struct builder builder;

/* Forgets what was built. */
static inline void tree_new(void)
{
    memset(&builder, 0, sizeof(builder));
}

static inline void tree_word(uint32_t word)
{
    builder.structure[builder.words++] = fdt_word(word);
}

static inline void tree_bytes(const void *data, size_t bytes)
{
    if (bytes)
        memcpy(&builder.structure[builder.words], data, bytes);
    builder.words += (uint32_t)(bytes + 3) / 4;
}

static inline void tree_begin(const char *name)
{
    tree_word(FDT_BEGIN_NODE);
    tree_bytes(name, strlen(name) + 1);
}

static inline void tree_end(void)
{
    tree_word(FDT_END_NODE);
}

/* Offset of a name in the strings block, each name once. */
static inline uint32_t tree_name(const char *name)
{
    uint32_t at = 0;

    while (at < builder.strings_bytes && strcmp(builder.strings + at, name) != 0)
        at += (uint32_t)strlen(builder.strings + at) + 1;
    if (at == builder.strings_bytes) {
        strcpy(builder.strings + at, name);
        builder.strings_bytes += (uint32_t)strlen(name) + 1;
    }
    return at;
}

static inline void tree_property(const char *name, const void *value, size_t bytes)
{
    tree_word(FDT_PROPERTY);
    tree_word((uint32_t)bytes);
    tree_word(tree_name(name));
    tree_bytes(value, bytes);
}

static inline void tree_string(const char *name, const char *value)
{
    tree_property(name, value, strlen(value) + 1);
}

/* A property of `count` words. */
static inline void tree_words(const char *name, const uint32_t *words, size_t count)
{
    uint32_t value[256];

    for (size_t i = 0; i < count; i++)
        value[i] = fdt_word(words[i]);
    tree_property(name, value, count * 4);
}

#define TREE_WORDS(name, ...)                                                                      \
    tree_words(name, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static inline void tree_reserve(uint64_t base, uint64_t bytes)
{
    builder.reservations[builder.reservation_count][0] = __builtin_bswap64(base);
    builder.reservations[builder.reservation_count++][1] = __builtin_bswap64(bytes);
}

/* The tree, for the caller to free; its size in *bytes. */
static inline uint32_t *tree_finish(size_t *bytes)
{
    uint32_t reservation_bytes = (builder.reservation_count + 1) * 16;
    uint32_t header[TREE_HEADER_WORDS] = {
        [TREE_MAGIC] = 0xD00DFEED,
        [TREE_RESERVATION] = sizeof(header),
        [TREE_STRUCTURE] = sizeof(header) + reservation_bytes,
        [TREE_STRUCTURE_BYTES] = builder.words * 4,
        [TREE_STRINGS] = sizeof(header) + reservation_bytes + builder.words * 4,
        [TREE_STRINGS_BYTES] = builder.strings_bytes,
        [TREE_VERSION] = 17,
        [TREE_COMPATIBLE] = 16,
    };
    char *tree;

    *bytes = header[TREE_STRINGS] + builder.strings_bytes;
    header[TREE_TOTAL] = (uint32_t)*bytes;
    tree = malloc(*bytes);
    for (unsigned i = 0; i < TREE_HEADER_WORDS; i++)
        ((uint32_t *)(void *)tree)[i] = fdt_word(header[i]);
    memcpy(tree + sizeof(header), builder.reservations, reservation_bytes);
    memcpy(tree + header[TREE_STRUCTURE], builder.structure, builder.words * 4);
    memcpy(tree + header[TREE_STRINGS], builder.strings, builder.strings_bytes);
    return (uint32_t *)(void *)tree;
}

#endif
