#include <arch/mmio.h>
#include <core/map.h>
#include <drivers/acpi_fadt.h>
#include <x86_64/port.h>
#include "acpi_tables.h"

/* PM1 control and status (4.8.3.1, 4.8.3.2). */
#define SCI_ENABLED      (1u << 0)
#define SLEEP_TYPE_SHIFT 10
#define SLEEP_TYPE       (7u << SLEEP_TYPE_SHIFT)
#define SLEEP_ENABLE     (1u << 13)
#define WAKE_STATUS      (1u << 15)

/* Their like on hardware-reduced machines (4.8.3.7). */
#define REDUCED_TYPE_SHIFT  2
#define REDUCED_ENABLE      (1u << 5)
#define REDUCED_WAKE_STATUS (1u << 7)

/* Reads of a port, a microsecond each, until ACPI is on: firmware takes some milliseconds. */
#define ENABLE_READS 300000

/* PCI's configuration space by ports (PCI Local Bus Specification 3.0, 3.2.2.3.2). */
#define PCI_ADDRESS 0xCF8
#define PCI_DATA    0xCFC
#define PCI_ENABLE  (1u << 31)

/* Of ACPI's machine language (20.2). */
enum opcode {
    OPCODE_ZERO = 0x00,
    OPCODE_ONE = 0x01,
    OPCODE_NAME = 0x08,
    OPCODE_BYTE = 0x0A, /* 1, 2 or 4 bytes follow */
    OPCODE_WORD = 0x0B,
    OPCODE_DWORD = 0x0C,
    OPCODE_PACKAGE = 0x12
};

#define S5_NAME         0x5F35535Fu /* "_S5_" */
#define MOST_SLEEP_TYPE 7
#define LONG_PACKAGE    0x40

/* What goes into SLP_TYPa and SLP_TYPb. */
struct sleep_types {
    uint8_t of[2];
};

/* A byte of bus 0, where the address has device, function and offset, 16 bits each (5.2.3.2). */
static void write_pci_config(uint64_t address, uint8_t value)
{
    uint32_t device = address >> 32 & 31;
    uint32_t function = address >> 16 & 7;

    port_write32(PCI_ADDRESS, PCI_ENABLE | device << 11 | function << 8 | (address & 0xFC));
    port_write8(PCI_DATA + (address & 3), value);
}

/* To a register of 8 bits; to none that cannot be reached. */
static void write_register(const struct acpi_register *to, uint8_t value)
{
    uint64_t address = to->address;

    if (to->space == ACPI_PCI_CONFIG)
        write_pci_config(address, value);
    else if (to->space == ACPI_PORT && address <= UINT16_MAX)
        port_write8((uint16_t)address, value);
    else if (to->space == ACPI_MEMORY && address && !core_map_device(address, 1, ARCH_MAP_DEVICE))
        mmio_write8(address, value);
}

/* The number at *at, which moves behind it; UINT32_MAX: there is none. */
static uint32_t read_number(const uint8_t **at, const uint8_t *end)
{
    uint32_t value = 0;
    uint8_t opcode;
    size_t bytes;

    if (*at == end)
        return UINT32_MAX;
    opcode = *(*at)++;
    if (opcode <= OPCODE_ONE)
        return opcode;
    if (opcode < OPCODE_BYTE || opcode > OPCODE_DWORD)
        return UINT32_MAX;
    bytes = (size_t)1 << (opcode - OPCODE_BYTE);
    if ((size_t)(end - *at) < bytes)
        return UINT32_MAX;
    __builtin_memcpy(&value, *at, bytes);
    *at += bytes;
    return value;
}

/*
 * Reads Package() {SLP_TYPa, SLP_TYPb, ...}, or {both, a byte each}, whose length is at `at`
 * (7.4.2). That is one byte: a package of 64 bytes and more has another form (20.2.4), and is not
 * this one.
 */
static bool read_package(const uint8_t *at, const uint8_t *end, struct sleep_types *types)
{
    uint32_t first, second;
    uint8_t count;

    if (end - at < 2 || *at < 2 || *at >= LONG_PACKAGE || *at > end - at)
        return false;
    end = at + *at;
    count = at[1];
    at += 2;
    first = read_number(&at, end);
    second = count > 1 ? read_number(&at, end) : first >> 8;
    if (count == 1)
        first &= 0xFF;
    types->of[0] = (uint8_t)first;
    types->of[1] = (uint8_t)second;
    return count > 0 && first <= MOST_SLEEP_TYPE && second <= MOST_SLEEP_TYPE;
}

/* Looks for Name(_S5_, Package() ...) or Name(\_S5_, ...) in machine language, byte by byte. */
static bool find_s5_in(const struct acpi_header *table, struct sleep_types *types)
{
    const uint8_t *start = (const uint8_t *)(table + 1);
    const uint8_t *end = (const uint8_t *)table + table->length;
    uint32_t name;

    for (const uint8_t *at = start + 1; end - at > (ptrdiff_t)sizeof(name); at++) {
        const uint8_t *before = at - 1;

        __builtin_memcpy(&name, at, sizeof(name));
        if (name != S5_NAME || at[4] != OPCODE_PACKAGE)
            continue;
        if (*before == '\\' && before > start)
            before--;
        if (*before == OPCODE_NAME && read_package(at + 5, end, types))
            return true;
    }
    return false;
}

static bool find_s5(const struct acpi_fadt *fadt, struct sleep_types *types)
{
    const struct acpi_header *table = acpi_table_at(fadt->x_dsdt, "DSDT", 0);

    if (!table)
        table = acpi_table_at(fadt->dsdt, "DSDT", 0);
    for (unsigned n = 0; table; table = acpi_find("SSDT", n++, 0))
        if (find_s5_in(table, types))
            return true;
    return false;
}

/* Makes firmware hand the PM1 registers over (4.8.2.5). */
static void enable(const struct acpi_fadt *fadt, uint16_t control)
{
    unsigned left = ENABLE_READS;

    if (fadt->smi_command == 0 || fadt->acpi_enable == 0 || (port_read16(control) & SCI_ENABLED))
        return;
    port_write8((uint16_t)fadt->smi_command, fadt->acpi_enable);
    while (left-- > 0 && !(port_read16(control) & SCI_ENABLED))
        ;
}

/* Of a PM1 register; 0: there is none. Out of line, for it is long. */
static __attribute__((noinline)) uint16_t port_of(const struct acpi_register *x, uint32_t port)
{
    uint64_t address = x->address ? x->address : port;
    bool is_port = !x->address || x->space == ACPI_PORT;

    return is_port && address <= UINT16_MAX ? (uint16_t)address : 0;
}

/* Both blocks learn the type before the first is told to sleep. */
static void sleep(const struct acpi_fadt *fadt, const struct sleep_types *types)
{
    uint16_t controls[2], values[2];

    for (int i = 0; i < 2; i++) {
        uint16_t event = port_of(&fadt->x_pm1_event[i], fadt->pm1_event[i]);
        uint16_t control = port_of(&fadt->x_pm1_control[i], fadt->pm1_control[i]);

        controls[i] = control;
        if (event)
            port_write16(event, WAKE_STATUS);
        if (!control)
            continue;
        if (i == 0)
            enable(fadt, control);
        values[i] = (port_read16(control) & ~SLEEP_TYPE) | types->of[i] << SLEEP_TYPE_SHIFT;
        port_write16(control, values[i]);
    }
    for (int i = 0; i < 2; i++)
        if (controls[i])
            port_write16(controls[i], values[i] | SLEEP_ENABLE);
}

void acpi_power_off(void)
{
    struct sleep_types types;
    struct acpi_fadt fadt;

    if (!acpi_read_fadt(&fadt) || !find_s5(&fadt, &types))
        return;
    if (fadt.flags & ACPI_HARDWARE_REDUCED) {
        write_register(&fadt.sleep_status, REDUCED_WAKE_STATUS);
        write_register(&fadt.sleep_control,
                       (uint8_t)(types.of[0] << REDUCED_TYPE_SHIFT | REDUCED_ENABLE));
    } else {
        sleep(&fadt, &types);
    }
}

void acpi_reset(void)
{
    struct acpi_fadt fadt;

    if (acpi_read_fadt(&fadt) && (fadt.flags & ACPI_RESET_REGISTER))
        write_register(&fadt.reset, fadt.reset_value);
}
