/* PCI Code and ID Assignment Specification 1.11. */
#include <kiln/pci.h>

struct name {
    uint16_t id;
    const char *text;
};

#define OTHER 0x80

static const struct name classes[] = {
    {0x0001, "VGA compatible, before PCI 2.0"},
    {0x0100, "SCSI controller"},
    {0x0101, "IDE controller"},
    {0x0104, "RAID controller"},
    {0x0106, "SATA controller"},
    {0x0107, "SAS controller"},
    {0x0108, "NVM controller"},
    {0x0180, "mass storage controller"},
    {0x0200, "Ethernet controller"},
    {0x0280, "network controller"},
    {0x0300, "VGA controller"},
    {0x0380, "display controller"},
    {0x0401, "audio device"},
    {0x0403, "high definition audio device"},
    {0x0480, "multimedia device"},
    {0x0500, "RAM"},
    {0x0580, "memory controller"},
    {0x0600, "host bridge"},
    {0x0601, "ISA bridge"},
    {0x0604, "PCI bridge"},
    {0x0607, "CardBus bridge"},
    {0x0680, "bridge"},
    {0x0700, "serial port"},
    {0x0780, "communication controller"},
    {0x0800, "interrupt controller"},
    {0x0801, "DMA controller"},
    {0x0802, "timer"},
    {0x0803, "real-time clock"},
    {0x0805, "SD host controller"},
    {0x0806, "IOMMU"},
    {0x0880, "system peripheral"},
    {0x0980, "input device"},
    {0x0B80, "processor"},
    {0x0C00, "FireWire controller"},
    {0x0C03, "USB controller"},
    {0x0C05, "SMBus controller"},
    {0x0C80, "serial bus controller"},
    {0x0D80, "wireless controller"},
    {0x1080, "encryption controller"},
    {0x1180, "signal processing controller"},
    {0x1200, "processing accelerator"},
    {0xFF00, "unassigned class"},
};

static const struct name capabilities[] = {
    {0x01, "power management"},
    {0x02, "AGP"},
    {0x03, "vital product data"},
    {0x04, "slot identification"},
    {0x05, "MSI"},
    {0x06, "CompactPCI hot swap"},
    {0x07, "PCI-X"},
    {0x08, "HyperTransport"},
    {0x09, "vendor-specific"},
    {0x0A, "debug port"},
    {0x0C, "hot plug"},
    {0x0D, "bridge subsystem"},
    {0x0E, "AGP 8x"},
    {0x10, "PCI Express"},
    {0x11, "MSI-X"},
    {0x12, "SATA"},
    {0x13, "advanced features"},
    {0x14, "enhanced allocation"},
};

static const struct name extended_capabilities[] = {
    {0x01, "advanced error reporting"},
    {0x02, "virtual channel"},
    {0x03, "serial number"},
    {0x04, "power budgeting"},
    {0x05, "root complex links"},
    {0x08, "virtual channel"},
    {0x09, "virtual channel"},
    {0x0B, "vendor-specific"},
    {0x0D, "access control services"},
    {0x0E, "alternative routing-ID"},
    {0x0F, "address translation services"},
    {0x10, "single root I/O virtualization"},
    {0x12, "multicast"},
    {0x13, "page requests"},
    {0x15, "resizable BAR"},
    {0x16, "dynamic power allocation"},
    {0x17, "TPH requester"},
    {0x18, "latency tolerance reporting"},
    {0x19, "secondary PCI Express"},
    {0x1B, "process address space ID"},
    {0x1D, "downstream port containment"},
    {0x1E, "L1 power substates"},
    {0x1F, "precision time measurement"},
    {0x23, "designated vendor-specific"},
    {0x25, "data link features"},
    {0x26, "physical layer 16 GT/s"},
    {0x27, "receiver lane margining"},
    {0x2E, "data object exchange"},
};

static const char *find(const struct name *names, unsigned count, unsigned id)
{
    for (unsigned i = 0; i < count; i++)
        if (names[i].id == id)
            return names[i].text;
    return NULL;
}

#define FIND(names, id) find(names, sizeof(names) / sizeof((names)[0]), id)

const char *kiln_pci_class_name(unsigned class_and_subclass)
{
    const char *name = FIND(classes, class_and_subclass);

    return name ? name : FIND(classes, (class_and_subclass & 0xFF00) | OTHER);
}

const char *kiln_pci_capability_name(unsigned id)
{
    return FIND(capabilities, id);
}

const char *kiln_pci_extended_capability_name(unsigned id)
{
    return FIND(extended_capabilities, id);
}
