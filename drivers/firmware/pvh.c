#include "pc_firmware.h"

#include <arch/mmu.h>
#include <core/boot_info.h>
#include <core/map.h>
#include <errno.h>

/* struct hvm_start_info, version 1; 0 ends before the memory map. */
struct start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t arguments;
    uint64_t rsdp;
    uint64_t memory_map;
    uint32_t memory_count;
    uint32_t reserved;
} __attribute__((packed));

_Static_assert(sizeof(struct start_info) == PVH_BYTES, "as Xen's header has it");

/* Bytes of a text in front of its 0, or as far as it can be read; so many that core refuses it if
 * it is too long. Page by page, since nobody says how long it is. */
static size_t text_bytes(uintptr_t text)
{
    size_t bytes = 0;

    while (bytes <= BOOT_ARGUMENT_BYTES) {
        size_t left = ARCH_PAGE_BYTES - (text + bytes) % ARCH_PAGE_BYTES;
        const char *part = core_map_readable(text + bytes, left);

        if (!part)
            break;
        for (; left > 0; left--, bytes++)
            if (*part++ == '\0')
                return bytes;
    }
    return bytes;
}

static void set_arguments(uintptr_t text)
{
    size_t bytes = text ? text_bytes(text) : 0;

    if (bytes > 0)
        boot_arguments_set(core_map_readable(text, bytes), bytes);
}

int pvh_apply(uintptr_t argument, struct pc_boot_info *info)
{
    const struct start_info *start = core_map_readable(argument, sizeof(*start));
    struct pc_memory_map map = {.format = &pc_memory_bios, .stride = pc_memory_bios.entry_bytes};

    if (!start || start->version == 0 || start->memory_count == 0)
        return -EINVAL;
    map.count = start->memory_count;
    map.entries = core_map_readable(start->memory_map, map.count * map.stride);
    if (!map.entries)
        return -EINVAL;
    pc_memory_apply(&map);
    set_arguments(start->arguments);
    info->rsdp = start->rsdp;
    return 0;
}
