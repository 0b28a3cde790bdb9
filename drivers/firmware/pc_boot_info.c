#include <drivers/pc_boot_info.h>

#include <core/boot_info.h>
#include <core/map.h>
#include <errno.h>
#include "pc_firmware.h"

/* Larger information is taken for corrupt. */
#define MOST_BYTES ((size_t)1 << 20)

/* The lower half of what 48 bits reach: the identity mapping's end. */
#define MEMORY_END ((uint64_t)1 << 47)

/* The BIOS data area: the video mode, and further on the port of the CRT controller. Ralf Brown's
 * Interrupt List, MEMORY.LST, 0040h:0049h and 0040h:0063h. */
#define BIOS_VIDEO_MODE 0x449
#define BIOS_CRTC_PORT  (0x463 - BIOS_VIDEO_MODE)
#define BIOS_BYTES      (BIOS_CRTC_PORT + 4)
#define TEXT_80_BY_25   3
#define COLOUR_CRTC     0x3D4

const struct pc_memory_format pc_memory_bios = {0, 8, 16, 0, 24, 1 << 1};

/* Loader's code and data, boot services' code and data, conventional memory. */
const struct pc_memory_format pc_memory_efi = {8, 24, 0, 12, 40, 0x1E | 1 << 7};

static uint64_t load64(const char *at)
{
    uint64_t value;

    __builtin_memcpy(&value, at, sizeof(value));
    return value;
}

static uint32_t load32(const char *at)
{
    uint32_t value;

    __builtin_memcpy(&value, at, sizeof(value));
    return value;
}

/* Reads an entry's range, cut to what can be mapped and maybe empty; true: RAM. */
static bool read_entry(const struct pc_memory_format *format, const char *entry,
                       struct boot_range *range)
{
    uint64_t start = load64(entry + format->base);
    uint64_t size = load64(entry + format->size);
    uint32_t type = load32(entry + format->type);

    if (start > MEMORY_END)
        start = MEMORY_END;
    range->start = start;
    range->end = size >= (MEMORY_END - start) >> format->size_shift
                     ? MEMORY_END
                     : start + (size << format->size_shift);
    return type < 32 && (format->ram_types >> type & 1);
}

/* What has been added before is taken out first: no page is handed out twice. */
static void add(const struct boot_range *range)
{
    size_t bytes = range->end - range->start;

    if (bytes == 0)
        return;
    boot_memory_reserve(range->start, bytes);
    boot_memory_add(range->start, bytes);
}

/* RAM that goes on where the last entry's ended is handed on in one piece. */
static void add_ram(const struct pc_memory_map *map)
{
    struct boot_range range, joined = {0, 0};
    const char *entry = map->entries;

    for (size_t left = map->count; left > 0; left--, entry += map->stride) {
        if (!read_entry(map->format, entry, &range))
            continue;
        if (range.start != joined.end) {
            add(&joined);
            joined.start = range.start;
        }
        joined.end = range.end;
    }
    add(&joined);
}

void pc_memory_apply(const struct pc_memory_map *map)
{
    struct boot_range range;
    const char *entry = map->entries;

    add_ram(map);
    for (size_t left = map->count; left > 0; left--, entry += map->stride)
        if (!read_entry(map->format, entry, &range) && range.start < range.end)
            boot_memory_reserve(range.start, range.end - range.start);
}

/* Whether the BIOS has left the screen in text mode. */
static bool has_bios_text_screen(void)
{
    const char *mode = core_map_readable(BIOS_VIDEO_MODE, BIOS_BYTES);

    return mode && *mode == TEXT_80_BY_25 && (uint16_t)load32(mode + BIOS_CRTC_PORT) == COLOUR_CRTC;
}

/* Bytes of the information that begins with this word, or 0. */
static size_t bytes_of(uint32_t first)
{
    if (first == PVH_MAGIC)
        return PVH_BYTES;
    return first <= MOST_BYTES ? first : 0;
}

size_t pc_boot_info_bytes(uintptr_t argument)
{
    return argument && argument % 4 == 0 ? bytes_of(*(const uint32_t *)argument) : 0;
}

int pc_boot_info_apply(uintptr_t argument, struct pc_boot_info *info)
{
    const char *start = argument ? core_map_readable(argument, 4) : NULL;
    uint32_t first = start ? load32(start) : 0;
    bool has_text_screen = has_bios_text_screen(); /* while page 0 is mapped: RAM ends that */
    int error;

    __builtin_memset(info, 0, sizeof(*info));
    error = first == PVH_MAGIC ? pvh_apply(argument, info)
                               : multiboot2_apply(argument, bytes_of(first), info);

    if (!error && !info->is_efi && !info->framebuffer.bits_per_pixel)
        info->has_text_screen = has_text_screen;
    return error;
}
