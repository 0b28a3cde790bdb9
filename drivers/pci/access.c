/*
 * Configuration space in memory (PCI Express Base Specification 5.0, 7.2.2; the MCFG table tells
 * where) or behind two ports (PCI Local Bus Specification 3.0, 3.2.2.3.2), for segment 0.
 */
#include "access.h"

#include <arch/mmio.h>
#include <core/map.h>
#include <drivers/acpi.h>
#include <kiln/pci.h>
#include <kiln/spinlock.h>
#include <x86_64/port.h>

#define ADDRESS                0xCF8
#define DATA                   0xCFC
#define ADDRESS_ENABLE         (1u << 31)

#define PORTS_BYTES            256
#define FUNCTION_BYTES         4096
#define BUS_FUNCTIONS          256u
#define BUS_SHIFT              20
#define MOST_REGIONS           8
#define FUNCTION(segment, bus) ((uint32_t)(segment) << 16 | (uint32_t)(bus) << 8)

static struct kiln_spinlock lock = KILN_SPINLOCK_INIT;
static struct pci_region regions[MOST_REGIONS];
static unsigned region_count;
static bool is_started;

static void add_region(uint32_t first, uint32_t last, uintptr_t base)
{
    regions[region_count].first = first;
    regions[region_count].last = last;
    regions[region_count++].base = base;
}

/* Not one that is corrupt, overlaps or comes before another, or cannot be mapped. */
static void add_memory(const struct acpi_ecam *ecam)
{
    uint32_t first = FUNCTION(ecam->segment, ecam->first_bus);
    uint32_t last = FUNCTION(ecam->segment, ecam->last_bus) + BUS_FUNCTIONS - 1;
    uint64_t start = ecam->base + ((uint64_t)ecam->first_bus << BUS_SHIFT);
    size_t bytes = ((size_t)ecam->last_bus - ecam->first_bus + 1) << BUS_SHIFT;
    bool is_sound = first < last && last != KILN_PCI_START && ecam->base && start >= ecam->base &&
                    ecam->base % FUNCTION_BYTES == 0;

    if (region_count && first <= regions[region_count - 1].last)
        is_sound = false;
    if (is_sound && core_map_device(start, bytes, ARCH_MAP_DEVICE) == 0)
        add_region(first, last, ecam->base);
}

/* The address register reads back what was written; elsewhere nothing answers. */
static bool has_ports(void)
{
    port_write32(ADDRESS, ADDRESS_ENABLE);
    return port_read32(ADDRESS) == ADDRESS_ENABLE;
}

static void find_regions(void)
{
    struct acpi_ecam ecam;

    is_started = true;
    for (unsigned n = 0; region_count < MOST_REGIONS && acpi_find_ecam(n, &ecam); n++)
        add_memory(&ecam);
    if (!region_count && has_ports())
        add_region(0, FUNCTION(1, 0) - 1, 0);
}

uintptr_t pci_lock(void)
{
    uintptr_t state = kiln_spin_lock(&lock);

    if (!is_started)
        find_regions();
    return state;
}

void pci_unlock(uintptr_t state)
{
    kiln_spin_unlock(&lock, state);
}

const struct pci_region *pci_region(unsigned n)
{
    return n < region_count ? &regions[n] : NULL;
}

/* Where the access goes: the register's address, or its port once it is chosen; 0: nowhere. */
static uintptr_t find(uint32_t function, unsigned place, unsigned bytes, bool *is_memory)
{
    const struct pci_region *region = NULL;

    for (unsigned n = 0; (region = pci_region(n)); n++)
        if (function >= region->first && function <= region->last)
            break;
    if (!region || place % bytes || place >= (region->base ? FUNCTION_BYTES : PORTS_BYTES))
        return 0;
    *is_memory = region->base;
    if (*is_memory)
        return region->base + (uintptr_t)(function & 0xFFFF) * FUNCTION_BYTES + place;
    port_write32(ADDRESS, ADDRESS_ENABLE | function << 8 | (place & 0xFC));
    return DATA + (place & 3);
}

uint32_t pci_read(uint32_t function, unsigned place, unsigned bytes)
{
    bool is_memory;
    uintptr_t at = find(function, place, bytes, &is_memory);
    uint16_t port = (uint16_t)at;

    if (!at)
        return UINT32_MAX;
    if (bytes == 1)
        return is_memory ? mmio_read8(at) : port_read8(port);
    if (bytes == 2)
        return is_memory ? mmio_read16(at) : port_read16(port);
    return is_memory ? mmio_read32(at) : port_read32(port);
}

static void write_memory(uintptr_t at, unsigned bytes, uint32_t value)
{
    if (bytes == 1)
        mmio_write8(at, (uint8_t)value);
    else if (bytes == 2)
        mmio_write16(at, (uint16_t)value);
    else
        mmio_write32(at, value);
}

static void write_port(uint16_t port, unsigned bytes, uint32_t value)
{
    if (bytes == 1)
        port_write8(port, (uint8_t)value);
    else if (bytes == 2)
        port_write16(port, (uint16_t)value);
    else
        port_write32(port, value);
}

void pci_write(uint32_t function, unsigned place, unsigned bytes, uint32_t value)
{
    bool is_memory;
    uintptr_t at = find(function, place, bytes, &is_memory);

    if (!at)
        return;
    if (is_memory)
        write_memory(at, bytes, value);
    else
        write_port((uint16_t)at, bytes, value);
}
