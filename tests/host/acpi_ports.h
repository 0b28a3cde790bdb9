/* Ports and memory registers that note what is written; what ACPI's power-off and reset touch. */
#ifndef ACPI_PORTS_H
#define ACPI_PORTS_H

#include <arch/mmio.h>
#include <core/map.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <x86_64/port.h>

#define WRITES_MOST 16

/* Where a write went. */
enum { TO_PORT, TO_MEMORY };

struct acpi_write {
    int to;
    uint64_t address;
    unsigned bits;
    uint32_t value;
};

static struct {
    struct acpi_write writes[WRITES_MOST];
    unsigned write_count;
    unsigned read_count;
    uint16_t controls[2]; /* what the PM1 control registers hold, at their ports */
    uint16_t control_ports[2];
    uint16_t smi_port;     /* a write here sets SCI_EN */
    unsigned enable_reads; /* after so many reads */
    bool is_enabled;       /* all other ports read as if they had SCI_EN */
    uint64_t mapped;       /* the page that has been mapped for a device */
    bool is_unmappable;
    unsigned disorders; /* a register that is not mapped, more writes than there are */
} acpi_io;

static inline void acpi_note(int to, uint64_t address, unsigned bits, uint32_t value)
{
    if (acpi_io.write_count == WRITES_MOST)
        acpi_io.disorders++;
    else
        acpi_io.writes[acpi_io.write_count++] = (struct acpi_write){to, address, bits, value};
}

uint32_t fake_port_read(uint16_t port, unsigned bits)
{
    acpi_io.read_count++;
    acpi_io.disorders += bits != 16;
    if (acpi_io.enable_reads > 0 && --acpi_io.enable_reads == 0)
        acpi_io.controls[0] |= 1;
    for (int i = 0; i < 2; i++)
        if (port == acpi_io.control_ports[i])
            return acpi_io.controls[i];
    return acpi_io.is_enabled;
}

void fake_port_write(uint16_t port, unsigned bits, uint32_t value)
{
    acpi_note(TO_PORT, port, bits, value);
    for (int i = 0; i < 2; i++)
        if (port == acpi_io.control_ports[i])
            acpi_io.controls[i] = (uint16_t)value;
    if (acpi_io.smi_port && port == acpi_io.smi_port)
        acpi_io.enable_reads = 100;
}

int core_map_device(uintptr_t physical, size_t bytes, enum arch_mapping kind)
{
    acpi_io.disorders += bytes != 1 || kind != ARCH_MAP_DEVICE;
    if (acpi_io.is_unmappable || physical >= (uint64_t)1 << 47)
        return -EINVAL;
    acpi_io.mapped = physical;
    return 0;
}

uint32_t fake_read(uintptr_t address, unsigned bits)
{
    (void)address;
    (void)bits;
    acpi_io.disorders++;
    return 0;
}

void fake_write(uintptr_t address, unsigned bits, uint32_t value)
{
    acpi_io.disorders += address != acpi_io.mapped;
    acpi_note(TO_MEMORY, address, bits, value);
}

/* Whether the n-th write was this one. */
static inline bool acpi_wrote(unsigned n, int to, uint64_t address, unsigned bits, uint32_t value)
{
    const struct acpi_write *write = &acpi_io.writes[n];

    return n < acpi_io.write_count && write->to == to && write->address == address &&
           write->bits == bits && write->value == value;
}

#endif
