/*
 * What holds whatever tree is read, corrupt or not; the fuzzer and the corruption test share it.
 * Bytes that are read outside the tree are AddressSanitizer's to find.
 */
#ifndef TREE_INVARIANTS_H
#define TREE_INVARIANTS_H

#include <errno.h>
#include <string.h>
#include <core/boot_info.h>
#include <core/device_tree.h>
#include <lib/fdt.h>

/* Whether the property that has come lies in the tree, as does its name. */
static inline int tree_property_is_sane(const struct fdt_reader *reader, const char *end)
{
    const struct fdt_property *property = reader->property;
    const char *value = (const char *)property->value;
    const char *name;

    return fdt_property_bytes(property) <= (size_t)(end - value) &&
           (!fdt_property_name(reader, property, &name) || name + strlen(name) < end);
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

/* What boot has been told; memory comes before what is reserved in it. */
static struct {
    unsigned memory, reserved, arguments, cpus;
    const char *text;
    size_t text_bytes;
    unsigned disorders;
} handed;

static inline void tree_handed(uint64_t base, size_t bytes, unsigned *count)
{
    handed.disorders += bytes == 0 || base + bytes < base;
    ++*count;
}

void boot_memory_add(uintptr_t base, size_t bytes)
{
    handed.disorders += handed.reserved != 0;
    tree_handed(base, bytes, &handed.memory);
}

void boot_memory_reserve(uintptr_t base, size_t bytes)
{
    tree_handed(base, bytes, &handed.reserved);
}

void boot_arguments_set(const char *text, size_t bytes)
{
    handed.arguments++;
    handed.text = text;
    handed.text_bytes = bytes;
}

void boot_cpu_count_set(unsigned count)
{
    handed.disorders += count == 0;
    handed.cpus += count;
}

static inline int tree_apply(const void *tree, size_t bytes, struct device_tree_info *info)
{
    memset(&handed, 0, sizeof(handed));
    memset(info, 0xA5, sizeof(*info));
    return device_tree_apply(tree, bytes, info);
}

/* Whether nothing has been handed on, or everything. */
static inline int tree_handed_is_sane(const struct device_tree_info *info, int result)
{
    if (handed.disorders)
        return 0;
    if (result != 0)
        return handed.memory + handed.reserved + handed.arguments + handed.cpus == 0;
    return handed.memory == info->counts.of[DEVICE_TREE_MEMORY] &&
           handed.reserved == info->counts.of[DEVICE_TREE_RESERVED] + 1u && /* and the tree */
           handed.arguments == 1 && handed.cpus == info->counts.of[DEVICE_TREE_CPUS];
}

/* Every range is one that code can add up without overflow. */
static inline int tree_ranges_are_sane(const struct device_tree_range *range, unsigned count)
{
    if (count > DEVICE_TREE_RANGES)
        return 0;
    for (unsigned i = 0; i < count; i++)
        if (range[i].bytes == 0 || range[i].base + range[i].bytes < range[i].base)
            return 0;
    return 1;
}

/* Whether device_tree_apply keeps its word on these bytes; its result in *result. */
static inline int tree_info_is_sane(const void *tree, size_t bytes, int *result)
{
    struct device_tree_info info;
    const char *start = tree;

    *result = tree_apply(tree, bytes, &info);
    if (!tree_handed_is_sane(&info, *result))
        return 0;
    if (*result != 0)
        return *result == -EINVAL || *result == -ENOSPC;
    for (int which = DEVICE_TREE_MEMORY; which <= DEVICE_TREE_RESERVED; which++)
        if (!tree_ranges_are_sane(info.ranges[which], info.counts.of[which]))
            return 0;
    if (info.arguments &&
        (info.arguments < start || info.arguments + info.argument_bytes > start + bytes))
        return 0;
    return tree_walk(tree, bytes) == FDT_END;
}

#endif
