/* Base address registers. PCI Local Bus Specification 3.0, 6.2.5. */
#include "access.h"

#include <errno.h>
#include <kiln/pci.h>

#define FIRST_BAR          0x10

#define HEADER_TYPE        0x7F
#define HEADER_DEVICE      0
#define HEADER_BRIDGE      1
#define HEADER_CARDBUS     2

#define BAR_IO             (1u << 0)
#define BAR_TYPE           (3u << 1)
#define BAR_64BIT          (2u << 1)
#define BAR_PREFETCHABLE   (1u << 3)
#define BAR_IO_ADDRESS     0xFFFFFFFCu
#define BAR_MEMORY_ADDRESS 0xFFFFFFF0u

static unsigned place_of(unsigned number)
{
    return FIRST_BAR + 4 * number;
}

static unsigned bar_count(uint32_t function)
{
    switch (pci_read(function, KILN_PCI_HEADER, 1) & HEADER_TYPE) {
    case HEADER_DEVICE:
        return 6;
    case HEADER_BRIDGE:
        return 2;
    case HEADER_CARDBUS:
        return 1;
    }
    return 0;
}

static bool is_64bit(uint32_t value)
{
    return !(value & BAR_IO) && (value & BAR_TYPE) == BAR_64BIT;
}

static bool is_upper_half(uint32_t function, unsigned number)
{
    bool is_upper = false;

    for (unsigned n = 0; n < number; n++)
        is_upper = !is_upper && is_64bit(pci_read(function, place_of(n), 4));
    return is_upper;
}

/* The bits of the address that can be set. */
static uint32_t probe(uint32_t function, unsigned number)
{
    uint32_t before = pci_read(function, place_of(number), 4);
    uint32_t settable;

    pci_write(function, place_of(number), 4, UINT32_MAX);
    settable = pci_read(function, place_of(number), 4);
    pci_write(function, place_of(number), 4, before);
    return settable;
}

/* Completes the base; the bits of it that can be set. */
static uint64_t read_upper_half(uint32_t function, unsigned number, struct kiln_pci_bar *bar)
{
    bar->base |= (uint64_t)pci_read(function, place_of(number), 4) << 32;
    return (uint64_t)probe(function, number) << 32;
}

/* The lowest bit that can be set is the size; the upper half of a port's need not be settable. */
static int read_bar(uint32_t function, unsigned number, struct kiln_pci_bar *bar)
{
    uint32_t value = pci_read(function, place_of(number), 4);
    uint32_t address = value & BAR_IO ? BAR_IO_ADDRESS : BAR_MEMORY_ADDRESS;
    uint64_t settable;

    bar->is_io = value & BAR_IO;
    bar->is_64bit = is_64bit(value);
    bar->is_prefetchable = !bar->is_io && value & BAR_PREFETCHABLE;
    bar->base = value & address;
    if (bar->is_64bit && number + 1 == bar_count(function))
        return -ENODEV;
    settable = probe(function, number) & address;
    if (bar->is_64bit)
        settable |= read_upper_half(function, number + 1, bar);
    bar->bytes = settable & -settable;
    return settable ? 0 : -ENODEV;
}

/* While the size is asked for, the function must not answer at the address that is asked with. */
static int read_undecoded(uint32_t function, unsigned number, struct kiln_pci_bar *bar)
{
    uint32_t command = pci_read(function, KILN_PCI_COMMAND, 2);
    uint32_t decoding = command & (KILN_PCI_COMMAND_IO | KILN_PCI_COMMAND_MEMORY);
    int error;

    if (decoding)
        pci_write(function, KILN_PCI_COMMAND, 2, command - decoding);
    error = read_bar(function, number, bar);
    if (decoding)
        pci_write(function, KILN_PCI_COMMAND, 2, command);
    return error;
}

int kiln_pci_get_bar(uint32_t function, unsigned number, struct kiln_pci_bar *bar)
{
    uintptr_t state = pci_lock();
    int error = -EINVAL;

    if (number < bar_count(function))
        error = is_upper_half(function, number) ? -ENODEV : read_undecoded(function, number, bar);
    pci_unlock(state);
    return error;
}
