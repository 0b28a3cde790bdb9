#include <drivers/acpi.h>

#include <core/map.h>
#include "acpi_tables.h"

/* Larger tables are taken for corrupt. */
#define MOST_BYTES 0x400000

/* The root pointer (5.2.5.3); up to revision 1 it ends behind rsdt. */
struct root_pointer {
    uint64_t signature;
    uint8_t checksum;
    char oem_id[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum;
    uint8_t reserved[3];
} __attribute__((packed));

#define ROOT_SIGNATURE        0x2052545020445352u /* "RSD PTR " */
#define ROOT_BYTES_OLD        20
#define ROOT_ALIGNMENT        16

#define EBDA_SEGMENT          0x40E /* in the BIOS data area */
#define EBDA_BYTES            1024
#define BIOS_START            0xE0000
#define BIOS_BYTES            0x20000

#define SIGNATURE(a, b, c, d) ((uint32_t)(a) | (b) << 8 | (c) << 16 | (uint32_t)(d) << 24)

static uint64_t given_root;

void acpi_set_root(uint64_t rsdp)
{
    given_root = rsdp;
}

static bool is_sum_zero(const void *data, size_t bytes)
{
    const uint8_t *byte = data;
    uint8_t sum = 0;

    while (bytes-- > 0)
        sum += *byte++;
    return sum == 0;
}

/* The root pointer at this address, all of it, if that is one. */
static const struct root_pointer *root_at(uint64_t physical)
{
    const struct root_pointer *root = core_map_readable(physical, ROOT_BYTES_OLD);

    if (!root || root->signature != ROOT_SIGNATURE || !is_sum_zero(root, ROOT_BYTES_OLD))
        return NULL;
    if (root->revision < 2)
        return root;
    root = core_map_readable(physical, sizeof(*root));
    return root && is_sum_zero(root, sizeof(*root)) ? root : NULL;
}

static const struct root_pointer *search_root(uint64_t start, size_t bytes)
{
    const char *memory = core_map_readable(start, bytes);

    for (size_t at = 0; memory && at < bytes; at += ROOT_ALIGNMENT) {
        const struct root_pointer *root = (const struct root_pointer *)(const void *)(memory + at);

        if (root->signature == ROOT_SIGNATURE && (root = root_at(start + at)) != NULL)
            return root;
    }
    return NULL;
}

static const struct root_pointer *find_root(void)
{
    const struct root_pointer *root = given_root ? root_at(given_root) : NULL;
    const uint8_t *segment;

    if (root)
        return root;
    segment = core_map_readable(EBDA_SEGMENT, 2);
    if (segment)
        root = search_root((uint64_t)(segment[0] | segment[1] << 8) << 4, EBDA_BYTES);
    return root ? root : search_root(BIOS_START, BIOS_BYTES);
}

const struct acpi_header *acpi_table_at(uint64_t physical, const char *signature, uint32_t least)
{
    const struct acpi_header *table = core_map_readable(physical, sizeof(*table));
    uint32_t length;

    if (!physical || !table || __builtin_memcmp(table->signature, signature, 4) != 0)
        return NULL;
    length = table->length;
    if (length < sizeof(*table) || length < least || length > MOST_BYTES)
        return NULL;
    table = core_map_readable(physical, length);
    return table && is_sum_zero(table, length) ? table : NULL;
}

const void *acpi_find(const char *signature, unsigned n, uint32_t least)
{
    const struct root_pointer *root = find_root();
    const struct acpi_header *list = NULL, *table;
    size_t width = sizeof(uint64_t);

    if (root && root->revision >= 2)
        list = acpi_table_at(root->xsdt, "XSDT", 0);
    if (root && !list) {
        list = acpi_table_at(root->rsdt, "RSDT", 0);
        width = sizeof(uint32_t);
    }
    for (size_t at = sizeof(*list); list && at + width <= list->length; at += width) {
        uint64_t physical = 0;

        __builtin_memcpy(&physical, (const char *)list + at, width);
        table = acpi_table_at(physical, signature, least);
        if (table && n-- == 0)
            return table;
    }
    return NULL;
}
