/* Builds ACPI tables in the fake memory, also wrong ones: callers may alter what has been put. */
#ifndef ACPI_BUILDER_H
#define ACPI_BUILDER_H

#include <drivers/acpi.h>
#include "fake_memory.h"

#define ACPI_ROOT   0x9000
#define ACPI_TABLES 0x10003 /* tables may stand anywhere */

static struct {
    uint64_t next;
    uint64_t tables[40];
    unsigned count;
} acpi_made;

static inline void acpi_begin(void)
{
    fake_memory_clear();
    acpi_made.next = ACPI_TABLES;
    acpi_made.count = 0;
    acpi_set_root(ACPI_ROOT);
}

/* Makes the sum of these bytes 0 by the one at `at`. */
static inline void acpi_mend(uint64_t physical, size_t bytes, size_t at)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + *fake_byte(physical + i));
    *fake_byte(physical + at) = (uint8_t)(*fake_byte(physical + at) - sum);
}

/* Puts a table that no list has; its address. */
static inline uint64_t acpi_put(const char *signature, uint8_t revision, const void *content,
                                size_t bytes)
{
    struct acpi_header header = {.length = (uint32_t)(sizeof(header) + bytes),
                                 .revision = revision};
    uint64_t physical = acpi_made.next;

    memcpy(header.signature, signature, 4);
    fake_memory_add(physical, &header, sizeof(header));
    fake_memory_add(physical + sizeof(header), content, bytes);
    acpi_mend(physical, header.length, 9);
    acpi_made.next += header.length + 5;
    return physical;
}

/* The same, and the list that acpi_end makes has it. */
static inline uint64_t acpi_add(const char *signature, uint8_t revision, const void *content,
                                size_t bytes)
{
    uint64_t physical = acpi_put(signature, revision, content, bytes);

    acpi_made.tables[acpi_made.count++] = physical;
    return physical;
}

/* A list of what has been added, with entries of 4 or 8 bytes. */
static inline uint64_t acpi_list(size_t width)
{
    unsigned char content[sizeof(acpi_made.tables)];

    for (unsigned i = 0; i < acpi_made.count; i++)
        memcpy(content + i * width, &acpi_made.tables[i], width);
    return acpi_put(width == 8 ? "XSDT" : "RSDT", 1, content, acpi_made.count * width);
}

/* The root pointer; revision 2 has an XSDT too. */
static inline void acpi_put_root(uint64_t physical, uint8_t revision, uint32_t rsdt, uint64_t xsdt)
{
    unsigned char root[36] = "RSD PTR ";

    root[15] = revision;
    memcpy(root + 16, &rsdt, 4);
    root[20] = 36;
    memcpy(root + 24, &xsdt, 8);
    fake_memory_add(physical, root, revision < 2 ? 20 : 36);
    acpi_mend(physical, 20, 8);
    if (revision >= 2)
        acpi_mend(physical, 36, 32);
}

static inline void acpi_end(void)
{
    uint64_t xsdt = acpi_list(8);

    acpi_put_root(ACPI_ROOT, 2, 0, xsdt);
}

#endif
