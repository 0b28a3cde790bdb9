/* Reading what a PC's loader hands over, and what holds whatever that is. */
#ifndef PC_BOOT_H
#define PC_BOOT_H

#include <core/boot_info.h>
#include <drivers/pc_boot_info.h>
#include <drivers/pc_memory.h>
#include <errno.h>
#include "fake_memory.h"

#define PVH_MAGIC    0x336EC578u
#define MAPPABLE_END ((uint64_t)1 << 47)

/* What core has been told beside memory, which is in core's own boot_memory. */
static struct {
    unsigned arguments; /* how often */
    char text[BOOT_ARGUMENT_BYTES + 1];
    size_t text_bytes;
} handed;

void boot_arguments_set(const char *from, size_t bytes)
{
    handed.arguments++;
    handed.text_bytes = bytes;
    memcpy(handed.text, from, bytes <= BOOT_ARGUMENT_BYTES ? bytes : BOOT_ARGUMENT_BYTES);
}

/* There is no mem= here. */
const char *kiln_boot_option(const char *name)
{
    (void)name;
    return NULL;
}

static inline int pc_apply(uint64_t argument, struct pc_boot_info *info)
{
    int result;

    memset(&handed, 0, sizeof(handed));
    memset(&boot_memory, 0, sizeof(boot_memory));
    memset(info, 0xA5, sizeof(*info));
    result = pc_boot_info_apply(argument, info);
    fake_memory_release();
    return result;
}

/* Whole pages that can be mapped, none of them twice. */
static inline bool pc_memory_is_sane(void)
{
    if (boot_memory.count > BOOT_RANGES)
        return false;
    for (unsigned i = 0; i < boot_memory.count; i++) {
        const struct boot_range *range = &boot_memory.ranges[i];

        if (range->end < range->start || range->end > MAPPABLE_END ||
            (range->start | range->end) % FAKE_PAGE != 0)
            return false;
        for (unsigned j = 0; j < i; j++)
            if (range->start < range->end && range->start < boot_memory.ranges[j].end &&
                boot_memory.ranges[j].start < range->end &&
                boot_memory.ranges[j].start < boot_memory.ranges[j].end)
                return false;
    }
    return true;
}

/* Whether any byte of a range would be given to somebody. */
static inline bool pc_memory_has(uint64_t start, uint64_t bytes)
{
    uint64_t end = bytes > UINT64_MAX - start ? UINT64_MAX : start + bytes;

    for (unsigned i = 0; i < boot_memory.count; i++) {
        const struct boot_range *range = &boot_memory.ranges[i];

        if (start < end && range->start < range->end && start < range->end && range->start < end)
            return true;
    }
    return false;
}

/* Whether core has been told nothing, or all of something that makes sense. */
static inline bool pc_boot_is_sane(const struct pc_boot_info *info, int result)
{
    if (result != 0)
        return result == -EINVAL && boot_memory.count == 0 && handed.arguments == 0;
    return pc_memory_is_sane() && handed.arguments <= 1 &&
           (handed.arguments == 0 || handed.text_bytes > 0) &&
           memchr(handed.text, 0,
                  handed.text_bytes <= BOOT_ARGUMENT_BYTES ? handed.text_bytes
                                                           : BOOT_ARGUMENT_BYTES) == NULL &&
           !(info->is_efi && info->has_text_screen) &&
           !(info->framebuffer.bits_per_pixel && info->has_text_screen);
}

/* PVH's map, read once more: nothing that it does not call RAM is handed out. */
static inline bool pvh_map_is_kept(uint64_t argument)
{
    const char *start = core_map_readable(argument, 52);
    uint64_t map, entry[3];
    uint32_t count;
    bool is_kept = true;

    memcpy(&map, start + 40, sizeof(map));
    memcpy(&count, start + 48, sizeof(count));
    for (uint32_t i = 0; i < count; i++) {
        const void *at = core_map_readable(map + 24 * (uint64_t)i, sizeof(entry));

        if (!at)
            return false;
        memcpy(entry, at, sizeof(entry));
        fake_memory_release();
        if ((uint32_t)entry[2] != 1 && pc_memory_has(entry[0], entry[1]))
            is_kept = false;
    }
    return is_kept;
}

#endif
