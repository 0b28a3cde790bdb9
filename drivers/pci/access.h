/* Access to configuration space, for the rest of this folder. */
#ifndef PCI_ACCESS_H
#define PCI_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

/* Functions first to last, of one segment. */
struct pci_region {
    uint32_t first, last;
    uintptr_t base; /* 4 KiB for each function, from bus 0 of the segment on; 0: by ports */
};

/* Serialises what takes several accesses, with interrupts masked. The first call finds the regions.
 */
uintptr_t pci_lock(void);
void pci_unlock(uintptr_t state);

/* The n-th region, ascending; NULL beyond the last. The lock has been held once. */
const struct pci_region *pci_region(unsigned n);

/* 1, 2 or 4 bytes; the lock is held. All ones where nothing is, also beyond configuration space. */
uint32_t pci_read(uint32_t function, unsigned place, unsigned bytes);
void pci_write(uint32_t function, unsigned place, unsigned bytes, uint32_t value);

#endif
