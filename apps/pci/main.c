/* Lists what is on the PCI buses: numbers, classes, addresses and capabilities, as lspci -v does.
 */
#include <inttypes.h>
#include <kiln.h>
#include <stdio.h>

#define HEADER_TYPE  0x7F
#define BRIDGE       1
#define BRIDGE_BUSES 0x18 /* primary, secondary, subordinate */

#define LINE_NONE    255

static void print_name(uint32_t function)
{
    unsigned class = kiln_pci_read16(function, KILN_PCI_CLASS + 1);
    const char *name = kiln_pci_class_name(class);

    printf("%04x:%02x:%02x.%x %s [%04x]: %04x:%04x (revision %02x)\n", (unsigned)(function >> 16),
           (unsigned)(function >> 8 & 0xFF), (unsigned)(function >> 3 & 0x1F),
           (unsigned)(function & 7), name ? name : "class", class,
           kiln_pci_read16(function, KILN_PCI_VENDOR), kiln_pci_read16(function, KILN_PCI_DEVICE),
           kiln_pci_read8(function, KILN_PCI_REVISION));
}

static void print_header(uint32_t function)
{
    unsigned header = kiln_pci_read8(function, KILN_PCI_HEADER) & HEADER_TYPE;

    if (header == BRIDGE)
        printf("    bus %02x, behind it %02x to %02x\n", kiln_pci_read8(function, BRIDGE_BUSES),
               kiln_pci_read8(function, BRIDGE_BUSES + 1),
               kiln_pci_read8(function, BRIDGE_BUSES + 2));
    else if (header == 0 && kiln_pci_read16(function, KILN_PCI_SUBSYSTEM))
        printf("    subsystem %04x:%04x\n", kiln_pci_read16(function, KILN_PCI_SUBSYSTEM),
               kiln_pci_read16(function, KILN_PCI_SUBSYSTEM + 2));
}

static void print_interrupt(uint32_t function)
{
    unsigned pin = kiln_pci_read8(function, KILN_PCI_IRQ_PIN);
    unsigned line = kiln_pci_read8(function, KILN_PCI_IRQ_LINE);

    if (pin >= 1 && pin <= 4)
        printf("    interrupt pin %c", 'A' + pin - 1);
    if (pin >= 1 && pin <= 4 && line != LINE_NONE)
        printf(", line %u", line);
    if (pin >= 1 && pin <= 4)
        printf("\n");
}

/* A size in the largest unit that divides it. */
static void print_bytes(uint64_t bytes)
{
    static const char units[][6] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;

    while (bytes % 1024 == 0 && unit < 4) {
        bytes /= 1024;
        unit++;
    }
    printf("%" PRIu64 " %s", bytes, units[unit]);
}

static void print_bar(unsigned number, const struct kiln_pci_bar *bar)
{
    printf("    BAR %u: ", number);
    if (bar->is_io)
        printf("ports");
    else
        printf("memory, %d bits%s", bar->is_64bit ? 64 : 32,
               bar->is_prefetchable ? ", prefetchable" : "");
    if (bar->base)
        printf(" at 0x%" PRIx64 ", ", bar->base);
    else
        printf(" without an address, ");
    print_bytes(bar->bytes);
    printf("\n");
}

static void print_bars(uint32_t function)
{
    struct kiln_pci_bar bar;

    for (unsigned number = 0; number < 6; number++)
        if (kiln_pci_get_bar(function, number, &bar) == 0)
            print_bar(number, &bar);
}

static void print_capability(unsigned place, unsigned id, const char *name)
{
    printf("    capability at 0x%02x: ", place);
    if (name)
        printf("%s\n", name);
    else
        printf("number 0x%02x\n", id);
}

static void print_capabilities(uint32_t function)
{
    unsigned place;

    for (unsigned n = 0; (place = kiln_pci_capability_at(function, n)); n++) {
        unsigned id = kiln_pci_read8(function, place);

        print_capability(place, id, kiln_pci_capability_name(id));
    }
    for (unsigned n = 0; (place = kiln_pci_extended_capability_at(function, n)); n++) {
        unsigned id = kiln_pci_read16(function, place);

        print_capability(place, id, kiln_pci_extended_capability_name(id));
    }
}

int main(void)
{
    uint32_t function = KILN_PCI_START;

    while (kiln_pci_next(&function) == 0) {
        print_name(function);
        print_header(function);
        print_interrupt(function);
        print_bars(function);
        print_capabilities(function);
    }
    return 0;
}
