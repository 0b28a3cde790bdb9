#include "pc_firmware.h"

#include <core/boot_info.h>
#include <core/map.h>
#include <errno.h>
#include <lib/align.h>

/* Multiboot2 Specification 2.0, 3.6. */
enum tag_type {
    TAG_END = 0,
    TAG_ARGUMENTS = 1,
    TAG_BASIC_MEMORY = 4,
    TAG_MEMORY_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_EFI_32 = 11,
    TAG_EFI_64 = 12,
    TAG_ACPI_OLD = 14, /* each with a copy of the root pointer */
    TAG_ACPI_NEW = 15,
    TAG_EFI_MEMORY_MAP = 17,
    TAG_TYPES
};

struct tag {
    uint32_t type;
    uint32_t size; /* with these two words */
    char content[];
};

struct basic_memory {
    uint32_t lower_kib;
    uint32_t upper_kib; /* from 1 MiB on */
};

/* Both memory maps. */
struct memory_map {
    uint32_t entry_bytes;
    uint32_t version;
    char entries[];
};

struct framebuffer {
    uint64_t base;
    uint32_t pitch_bytes;
    uint32_t width;
    uint32_t height;
    uint8_t bits_per_pixel;
    uint8_t type;
    uint16_t reserved;
    uint8_t colours[6]; /* position and bits of red, green and blue */
} __attribute__((packed));

#define FRAMEBUFFER_RGB 1
#define UPPER_MEMORY    0x100000
#define ROOT_BYTES_NEW  36 /* of ACPI's root pointer */
#define ROOT_BYTES_OLD  20

/* The last tag of each type; -EINVAL unless the one that ends them lies within the information, as
 * then do all others. */
static int find_tags(const char *information, size_t bytes, const struct tag **tags)
{
    size_t at = sizeof(struct tag);

    while (at + sizeof(struct tag) <= bytes) {
        const struct tag *tag = (const struct tag *)(const void *)(information + at);

        if (tag->size < sizeof(*tag))
            break;
        if (tag->type == TAG_END)
            return 0;
        if (tag->type < TAG_TYPES)
            tags[tag->type] = tag;
        at += align_up(tag->size, 8);
    }
    return -EINVAL;
}

/* What is in a tag, if there is one with so many bytes of it. */
static const void *content_of(const struct tag *tag, size_t bytes)
{
    return tag && tag->size - sizeof(*tag) >= bytes ? tag->content : NULL;
}

static bool apply_map(const struct tag *tag, const struct pc_memory_format *format)
{
    const struct memory_map *from = content_of(tag, sizeof(*from));
    struct pc_memory_map map = {.format = format};

    if (!from || from->entry_bytes < format->entry_bytes)
        return false;
    map.entries = from->entries;
    map.stride = from->entry_bytes;
    map.count = (tag->size - sizeof(*tag) - sizeof(*from)) / map.stride;
    pc_memory_apply(&map);
    return map.count != 0;
}

static bool apply_basic_memory(const struct tag *tag)
{
    const struct basic_memory *from = content_of(tag, sizeof(*from));

    if (!from)
        return false;
    boot_memory_add(0, (size_t)from->lower_kib << 10);
    boot_memory_add(UPPER_MEMORY, (size_t)from->upper_kib << 10);
    return true;
}

static void set_arguments(const struct tag *tag)
{
    size_t bytes = 0;

    if (!tag)
        return;
    while (bytes < tag->size - sizeof(*tag) && tag->content[bytes] != '\0')
        bytes++;
    if (bytes > 0)
        boot_arguments_set(tag->content, bytes);
}

/* One of direct colour; whether its numbers make sense is the screen's to say. */
static void read_framebuffer(const struct tag *tag, struct screen_framebuffer *to)
{
    const struct framebuffer *from = content_of(tag, sizeof(*from));

    if (!from || from->type != FRAMEBUFFER_RGB)
        return;
    to->base = from->base;
    to->pitch_bytes = from->pitch_bytes;
    to->width = from->width;
    to->height = from->height;
    to->bits_per_pixel = from->bits_per_pixel;
    to->red_position = from->colours[0];
    to->red_bits = from->colours[1];
    to->green_position = from->colours[2];
    to->green_bits = from->colours[3];
    to->blue_position = from->colours[4];
    to->blue_bits = from->colours[5];
}

/* The address of a copy: the information is RAM like any other once boot is through with it. */
static uint64_t keep_root(const struct tag *tag, size_t bytes)
{
    static char root[ROOT_BYTES_NEW];
    const void *from = content_of(tag, bytes);

    if (!from)
        return 0;
    __builtin_memcpy(root, from, bytes);
    return (uintptr_t)root;
}

int multiboot2_apply(uintptr_t argument, size_t bytes, struct pc_boot_info *info)
{
    const struct tag *tags[TAG_TYPES] = {NULL};
    const char *information = core_map_readable(argument, bytes);

    if (argument % 8 != 0 || !information || find_tags(information, bytes, tags))
        return -EINVAL;
    if (!apply_map(tags[TAG_EFI_MEMORY_MAP], &pc_memory_efi) &&
        !apply_map(tags[TAG_MEMORY_MAP], &pc_memory_bios) &&
        !apply_basic_memory(tags[TAG_BASIC_MEMORY]))
        return -EINVAL;
    read_framebuffer(tags[TAG_FRAMEBUFFER], &info->framebuffer);
    info->is_efi = tags[TAG_EFI_64] || tags[TAG_EFI_32];
    info->rsdp = keep_root(tags[TAG_ACPI_NEW], ROOT_BYTES_NEW);
    if (!info->rsdp)
        info->rsdp = keep_root(tags[TAG_ACPI_OLD], ROOT_BYTES_OLD);
    /* Last: GRUB puts the information right behind the image, where core's copy may reach it. */
    set_arguments(tags[TAG_ARGUMENTS]);
    return 0;
}
