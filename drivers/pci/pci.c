/* Functions: reading, writing, finding. */
#include "access.h"

#include <errno.h>
#include <kiln/pci.h>

#define FUNCTION_MASK   7u
#define DEVICE_STEP     8u

#define HEADER_MULTIPLE 0x80

static uint32_t read(uint32_t function, unsigned place, unsigned bytes)
{
    uintptr_t state = pci_lock();
    uint32_t value = pci_read(function, place, bytes);

    pci_unlock(state);
    return value;
}

static void write(uint32_t function, unsigned place, unsigned bytes, uint32_t value)
{
    uintptr_t state = pci_lock();

    pci_write(function, place, bytes, value);
    pci_unlock(state);
}

uint8_t kiln_pci_read8(uint32_t function, unsigned place)
{
    return (uint8_t)read(function, place, 1);
}

uint16_t kiln_pci_read16(uint32_t function, unsigned place)
{
    return (uint16_t)read(function, place, 2);
}

uint32_t kiln_pci_read32(uint32_t function, unsigned place)
{
    return read(function, place, 4);
}

void kiln_pci_write8(uint32_t function, unsigned place, uint8_t value)
{
    write(function, place, 1, value);
}

void kiln_pci_write16(uint32_t function, unsigned place, uint16_t value)
{
    write(function, place, 2, value);
}

void kiln_pci_write32(uint32_t function, unsigned place, uint32_t value)
{
    write(function, place, 4, value);
}

/* Neither number is any vendor's: 0 is what broken hardware answers. */
static bool is_there(uint32_t function)
{
    uint16_t vendor = kiln_pci_read16(function, KILN_PCI_VENDOR);

    return vendor != 0xFFFF && vendor != 0;
}

/* The next place that may hold a function. Only function 0 tells whether there are others. */
static uint32_t following(uint32_t function, bool is_found)
{
    bool is_single = !is_found || !(kiln_pci_read8(function, KILN_PCI_HEADER) & HEADER_MULTIPLE);

    return function + (!(function & FUNCTION_MASK) && is_single ? DEVICE_STEP : 1);
}

int kiln_pci_next(uint32_t *function)
{
    const struct pci_region *region;
    uint32_t at = *function == KILN_PCI_START ? 0 : following(*function, true);

    pci_unlock(pci_lock());
    for (unsigned n = 0; (region = pci_region(n)); n++) {
        if (at < region->first)
            at = region->first;
        for (; at <= region->last; at = following(at, false))
            if (is_there(at)) {
                *function = at;
                return 0;
            }
    }
    return -ENODEV;
}

int kiln_pci_find(uint16_t vendor, uint16_t device, uint32_t *function)
{
    uint32_t at = *function;

    while (kiln_pci_next(&at) == 0)
        if (kiln_pci_read16(at, KILN_PCI_VENDOR) == vendor &&
            kiln_pci_read16(at, KILN_PCI_DEVICE) == device) {
            *function = at;
            return 0;
        }
    return -ENODEV;
}
