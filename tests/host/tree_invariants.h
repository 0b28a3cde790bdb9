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

/* Walks the whole tree by itself; the result of the last token, or -1 when a promise is broken. */
static inline int tree_walk(const void *tree, size_t bytes)
{
    struct fdt_reader reader;
    uint32_t depth = 0;
    size_t left = bytes; /* a token is 4 bytes at least */

    if (fdt_begin(&reader, tree, bytes) != 0)
        return FDT_CORRUPT;
    for (;; left -= 4) {
        enum fdt_token token = fdt_next(&reader);
        const char *value = (const char *)reader.property + 8;

        if (token == FDT_END || token == FDT_CORRUPT)
            return token == FDT_END && depth != 0 ? -1 : (int)token;
        if (token == FDT_BEGIN_NODE && strlen(reader.name) >= bytes)
            return -1;
        if (token == FDT_PROPERTY && (depth == 0 || value + fdt_property_bytes(reader.property) >
                                                        (const char *)tree + bytes))
            return -1;
        if (token == FDT_PROPERTY && fdt_property_name(&reader, reader.property) &&
            strlen(fdt_property_name(&reader, reader.property)) >= bytes)
            return -1;
        depth += (token == FDT_BEGIN_NODE) - (token == FDT_END_NODE);
        if (depth != reader.depth || depth > FDT_MAX_DEPTH || left < 4)
            return -1;
    }
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
