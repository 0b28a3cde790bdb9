/*
 * What holds whatever tree is read, corrupt or not; the fuzzer and the corruption test share it.
 * Bytes that are read outside the tree are AddressSanitizer's to find.
 */
#ifndef TREE_INVARIANTS_H
#define TREE_INVARIANTS_H

#include <errno.h>
#include <string.h>
#include <core/device_tree.h>
#include <lib/fdt.h>

/* Whether the property that has come lies in the tree, as does its name. */
static inline int tree_property_is_sane(const struct fdt_reader *reader, const char *end)
{
    const struct fdt_property *property = reader->property;
    const char *name = fdt_property_name(reader, property);
    const char *value = (const char *)property->value;

    return fdt_property_bytes(property) <= (size_t)(end - value) &&
           (!name || name + strlen(name) < end);
}

/* Walks the whole tree by itself; the result of the last token, or -1 when a promise is broken. */
static inline int tree_walk(const void *tree, size_t bytes)
{
    const char *end = (const char *)tree + bytes;
    struct fdt_reader reader;
    uint32_t depth = 0;

    if (fdt_begin(&reader, tree, bytes) != 0)
        return FDT_CORRUPT;
    for (size_t left = bytes / 4; left > 0; left--) { /* a token is 4 bytes at least */
        enum fdt_token token = fdt_next(&reader);

        if (token == FDT_END || token == FDT_CORRUPT)
            return token == FDT_END && depth != 0 ? -1 : (int)token;
        if (token == FDT_BEGIN_NODE && reader.name + strlen(reader.name) >= end)
            return -1;
        if (token == FDT_PROPERTY && (depth == 0 || !tree_property_is_sane(&reader, end)))
            return -1;
        depth += (uint32_t)(token == FDT_BEGIN_NODE) - (uint32_t)(token == FDT_END_NODE);
        if (depth != reader.depth || depth > FDT_MAX_DEPTH)
            return -1;
    }
    return -1;
}

/* Every range is one that code can add up without overflow. */
static inline int tree_ranges_are_sane(const struct device_tree_range *range, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (range[i].bytes == 0 || range[i].base + range[i].bytes < range[i].base)
            return 0;
    return 1;
}

/* Whether device_tree_read keeps its word on these bytes; its result in *result. */
static inline int tree_info_is_sane(const void *tree, size_t bytes, int *result)
{
    static const struct device_tree_info empty;
    struct device_tree_info info;
    const char *start = tree;

    memset(&info, 0xA5, sizeof(info));
    *result = device_tree_read(tree, bytes, &info);
    if (*result != 0)
        return (*result == -EINVAL || *result == -ENOSPC) &&
               memcmp(&info, &empty, sizeof(info)) == 0;
    if (info.memory_count > DEVICE_TREE_MEMORY_RANGES ||
        info.reserved_count > DEVICE_TREE_RESERVED_RANGES ||
        !tree_ranges_are_sane(info.memory, info.memory_count) ||
        !tree_ranges_are_sane(info.reserved, info.reserved_count))
        return 0;
    if (info.arguments &&
        (info.arguments < start || info.arguments + info.argument_bytes >= start + bytes ||
         info.arguments[info.argument_bytes] != '\0'))
        return 0;
    return tree_walk(tree, bytes) == FDT_END;
}

#endif
