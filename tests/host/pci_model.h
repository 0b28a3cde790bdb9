/*
 * A model of PCI configuration space: functions whose registers have bits that cannot be written,
 * in memory where the ACPI table says, and behind ports. It minds what hardware minds: masked
 * interrupts, whole registers, and base addresses that change while a function answers at them.
 */
#ifndef PCI_MODEL_H
#define PCI_MODEL_H

#include <core/map.h>
#include <drivers/acpi.h>
#include <errno.h>
#include <isa/host.h>
#include <kiln/cpu.h>
#include <kiln/panic.h>
#include <kiln/pci.h>
#include <string.h>
#include <unistd.h>
#include <x86_64/port.h>
#include "test.h"

enum { MOST_FUNCTIONS = 64, MOST_REGIONS = 12 };

#define ECAM_BASE 0xB0000000u

struct function {
    uint32_t number;
    uint8_t registers[4096];
    uint8_t writable[4096];
};

static struct function functions[MOST_FUNCTIONS];
static unsigned function_count;

static struct acpi_ecam ecams[MOST_REGIONS];
static unsigned ecam_count;
static bool has_ports;
static uint32_t port_address;
static uintptr_t unmappable;
static unsigned map_calls;
static unsigned accesses;
static bool is_astray; /* an address in memory that is no configuration space */

unsigned kiln_cpu_id(void)
{
    return 0;
}

void kiln_panic(const char *format, ...)
{
    printf("# panic: %s\n", format);
    fflush(stdout);
    _exit(2);
}

bool acpi_find_ecam(unsigned n, struct acpi_ecam *ecam)
{
    if (n >= ecam_count)
        return false;
    *ecam = ecams[n];
    return true;
}

int core_map_device(uintptr_t physical, size_t bytes, enum arch_mapping kind)
{
    map_calls++;
    TEST_HOLDS(kind == ARCH_MAP_DEVICE && bytes % (1 << 20) == 0, "mapping");
    return physical == unmappable ? -ENOMEM : 0;
}

static struct function *model_find(uint32_t number)
{
    for (unsigned i = 0; i < function_count; i++)
        if (functions[i].number == number)
            return &functions[i];
    return NULL;
}

static uint32_t model_read(uint32_t number, unsigned place, unsigned bits)
{
    struct function *function = model_find(number);
    uint32_t value = 0;

    TEST_HOLDS(host_cpu.irqs_off && place % (bits / 8) == 0, "access");
    accesses++;
    if (!function)
        return UINT32_MAX;
    memcpy(&value, &function->registers[place], bits / 8);
    return value;
}

/* A base address must not change while the function answers at it. */
static void model_write(uint32_t number, unsigned place, unsigned bits, uint32_t value)
{
    struct function *function = model_find(number);

    TEST_HOLDS(host_cpu.irqs_off && place % (bits / 8) == 0 && function, "access");
    TEST_HOLDS(place < 0x10 || place >= 0x28 || !(function->registers[4] & 3), "decoding is on");
    for (unsigned i = 0; function && i < bits / 8; i++) {
        uint8_t mask = function->writable[place + i];
        uint8_t *byte = &function->registers[place + i];

        *byte = (uint8_t)((*byte & ~mask) | (value >> 8 * i & mask));
    }
}

/* The function and place that an address in memory means. */
static uint32_t model_decode(uintptr_t address, unsigned *place)
{
    *place = address % 4096;
    for (unsigned i = 0; i < ecam_count; i++) {
        uint64_t bus = (address - ecams[i].base) >> 20;

        if (address >= ecams[i].base && bus >= ecams[i].first_bus && bus <= ecams[i].last_bus)
            return (uint32_t)ecams[i].segment << 16 | (address - ecams[i].base) >> 12;
    }
    is_astray = true;
    return 0;
}

uint32_t fake_read(uintptr_t address, unsigned bits)
{
    unsigned place;
    uint32_t number = model_decode(address, &place);

    return model_read(number, place, bits);
}

void fake_write(uintptr_t address, unsigned bits, uint32_t value)
{
    unsigned place;
    uint32_t number = model_decode(address, &place);

    model_write(number, place, bits, value);
}

static unsigned port_place(uint16_t port)
{
    return (port_address & 0xFC) + (port & 3);
}

uint32_t fake_port_read(uint16_t port, unsigned bits)
{
    if (!has_ports)
        return UINT32_MAX;
    if (port == 0xCF8)
        return port_address;
    TEST_HOLDS(port >= 0xCFC && port < 0xD00 && port_address >> 31, "port %x", port);
    return model_read(port_address >> 8 & 0xFFFF, port_place(port), bits);
}

void fake_port_write(uint16_t port, unsigned bits, uint32_t value)
{
    if (port == 0xCF8)
        port_address = value;
    else if (has_ports)
        model_write(port_address >> 8 & 0xFFFF, port_place(port), bits, value);
}

static struct function *add(uint32_t number, uint16_t vendor, uint16_t device, uint8_t header)
{
    struct function *function = &functions[function_count++];

    function->number = number;
    memcpy(&function->registers[0], &vendor, 2);
    memcpy(&function->registers[2], &device, 2);
    function->registers[0x0E] = header;
    function->writable[4] = 7;
    return function;
}

static void put(struct function *function, unsigned place, uint32_t value, unsigned bytes)
{
    memcpy(&function->registers[place], &value, bytes);
}

#endif
