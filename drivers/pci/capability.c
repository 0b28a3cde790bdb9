/*
 * Capabilities: PCI Local Bus Specification 3.0, 6.7; PCI Express Base Specification 5.0, 7.6.3.
 * A list is whatever the function says: it may lead astray, or in a circle.
 */
#include <kiln/pci.h>

#define STATUS_LIST      0x10
#define HEADER_TYPE      0x7F
#define HEADER_CARDBUS   2
#define FIRST            0x34
#define FIRST_OF_CARDBUS 0x14
#define LOWEST           0x40
#define EXTENDED_FIRST   0x100

/* Places are multiples of 4 below 4096. */
struct walk {
    uint32_t function;
    unsigned place; /* 0 beyond the last */
    uint64_t seen[4096 / 4 / 64];
};

/* Ends the walk at a place that cannot be, or that it has come by. */
static void go_to(struct walk *w, unsigned place, unsigned lowest)
{
    unsigned index = place / 4 / 64;
    uint64_t bit = 1ull << (place / 4 % 64);

    w->place = place & ~3u;
    if (place < lowest || w->seen[index] & bit)
        w->place = 0;
    w->seen[index] |= bit;
}

static void start(struct walk *w, uint32_t function)
{
    unsigned header = kiln_pci_read8(function, KILN_PCI_HEADER) & HEADER_TYPE;
    bool is_cardbus = header == HEADER_CARDBUS;

    *w = (struct walk){.function = function};
    if (kiln_pci_read16(function, KILN_PCI_VENDOR) != 0xFFFF &&
        kiln_pci_read16(function, KILN_PCI_STATUS) & STATUS_LIST)
        go_to(w, kiln_pci_read8(function, is_cardbus ? FIRST_OF_CARDBUS : FIRST), LOWEST);
}

static void step(struct walk *w)
{
    go_to(w, kiln_pci_read8(w->function, w->place + 1), LOWEST);
}

unsigned kiln_pci_capability_at(uint32_t function, unsigned n)
{
    struct walk w;

    for (start(&w, function); w.place && n > 0; n--)
        step(&w);
    return w.place;
}

unsigned kiln_pci_capability(uint32_t function, unsigned id)
{
    struct walk w;

    for (start(&w, function); w.place && kiln_pci_read8(function, w.place) != id;)
        step(&w);
    return w.place;
}

/* The first header is all zeros or ones where there is none. */
static uint32_t extended_header(struct walk *w)
{
    uint32_t header = w->place ? kiln_pci_read32(w->function, w->place) : 0;

    if (header == 0 || header == UINT32_MAX)
        w->place = 0;
    return header;
}

/* Other functions than those of PCI Express may show their first 256 bytes again up there. */
static uint32_t start_extended(struct walk *w, uint32_t function)
{
    *w = (struct walk){.function = function};
    if (kiln_pci_capability(function, KILN_PCI_EXPRESS))
        go_to(w, EXTENDED_FIRST, EXTENDED_FIRST);
    return extended_header(w);
}

static uint32_t step_extended(struct walk *w, uint32_t header)
{
    go_to(w, header >> 20, EXTENDED_FIRST);
    return extended_header(w);
}

unsigned kiln_pci_extended_capability_at(uint32_t function, unsigned n)
{
    struct walk w;
    uint32_t header = start_extended(&w, function);

    for (; w.place && n > 0; n--)
        header = step_extended(&w, header);
    return w.place;
}

unsigned kiln_pci_extended_capability(uint32_t function, unsigned id)
{
    struct walk w;
    uint32_t header = start_extended(&w, function);

    while (w.place && (header & 0xFFFF) != id)
        header = step_extended(&w, header);
    return w.place;
}
