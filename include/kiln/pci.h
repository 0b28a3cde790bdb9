/*
 * PCI and PCI Express: what is on the buses, and its configuration space. For boards that have it
 * (docs/boards.md); a program for another board that calls one of these does not link.
 *
 * A function is a number: segment << 16 | bus << 8 | device << 3 | function. Firmware has given out
 * buses and addresses; nothing is changed. PCI Local Bus Specification 3.0, chapter 6; PCI Express
 * Base Specification 5.0, chapter 7.
 */
#ifndef KILN_PCI_H
#define KILN_PCI_H

#include <kiln/api.h>

KILN_BEGIN

/** Where a walk over all functions starts. */
#define KILN_PCI_START UINT32_MAX

/** Places in configuration space. */
enum kiln_pci_register {
    KILN_PCI_VENDOR = 0x00,    /* 16 bits */
    KILN_PCI_DEVICE = 0x02,    /* 16 bits */
    KILN_PCI_COMMAND = 0x04,   /* 16 bits, KILN_PCI_COMMAND_... */
    KILN_PCI_STATUS = 0x06,    /* 16 bits */
    KILN_PCI_REVISION = 0x08,  /* 8 bits */
    KILN_PCI_CLASS = 0x09,     /* 8 bits each: interface, subclass, class */
    KILN_PCI_HEADER = 0x0E,    /* 8 bits: 0 device, 1 bridge; bit 7: several functions */
    KILN_PCI_SUBSYSTEM = 0x2C, /* 16 bits each: vendor, device; header 0 only */
    KILN_PCI_IRQ_LINE = 0x3C,  /* 8 bits: interrupt that firmware has routed, 255 none */
    KILN_PCI_IRQ_PIN = 0x3D    /* 8 bits: 1 to 4 for INTA to INTD, 0 none */
};

#define KILN_PCI_COMMAND_IO     0x0001
#define KILN_PCI_COMMAND_MEMORY 0x0002
#define KILN_PCI_COMMAND_MASTER 0x0004

/**
 * Walks over all functions of all buses: *function becomes the next one. 0, or -ENODEV beyond the
 * last. Thread context. The first call of these maps configuration space where it is in memory;
 * a walk reads every place that could hold a device, 8,192 for each segment: some 10 ms on
 * hardware.
 */
int kiln_pci_next(uint32_t *function);

/**
 * The next function with these numbers behind *function, which KILN_PCI_START begins. 0, or
 * -ENODEV. Thread context; costs as the walk does.
 */
int kiln_pci_find(uint16_t vendor, uint16_t device, uint32_t *function);

/**
 * Reads configuration space; all bits are set where nothing is. The place is a multiple of the
 * width, below 256, or below 4096 where configuration space is in memory. Any context, once a walk
 * has begun. About 60 instructions.
 */
uint8_t kiln_pci_read8(uint32_t function, unsigned place);
uint16_t kiln_pci_read16(uint32_t function, unsigned place);
uint32_t kiln_pci_read32(uint32_t function, unsigned place);

/** Writes configuration space, as the reads read it. Any context, once a walk has begun. */
void kiln_pci_write8(uint32_t function, unsigned place, uint8_t value);
void kiln_pci_write16(uint32_t function, unsigned place, uint16_t value);
void kiln_pci_write32(uint32_t function, unsigned place, uint32_t value);

/** A range of addresses that a function answers at (BAR). */
struct kiln_pci_bar {
    uint64_t base; /* an I/O port, or a physical address; 0: firmware has given it none */
    uint64_t bytes;
    bool is_io;
    bool is_64bit;
    bool is_prefetchable;
};

/**
 * A base address register: 0 to 5, of a bridge 0 and 1. 0; -EINVAL: no such number; -ENODEV: not
 * implemented, or the upper half of the one before. To learn the size, it switches the function's
 * decoding off for some accesses, with interrupts masked: its driver must not be running. Thread
 * context. About 1,000 instructions.
 */
int kiln_pci_get_bar(uint32_t function, unsigned number, struct kiln_pci_bar *bar);

/**
 * Place of the capability with this number, as in KILN_PCI_MSI, or 0. Extended ones, of PCI Express
 * functions, have numbers of their own. Lists that run in a circle end. Thread context.
 */
unsigned kiln_pci_capability(uint32_t function, unsigned id);
unsigned kiln_pci_extended_capability(uint32_t function, unsigned id);

/** Place of the n-th capability, from 0, or 0 beyond the last. Thread context. */
unsigned kiln_pci_capability_at(uint32_t function, unsigned n);
unsigned kiln_pci_extended_capability_at(uint32_t function, unsigned n);

/** Numbers of some capabilities. */
#define KILN_PCI_POWER   0x01
#define KILN_PCI_MSI     0x05
#define KILN_PCI_VENDORS 0x09
#define KILN_PCI_EXPRESS 0x10
#define KILN_PCI_MSIX    0x11

/** What a capability is called, NULL if that is not known. Any context. */
const char *kiln_pci_capability_name(unsigned id);
const char *kiln_pci_extended_capability_name(unsigned id);

/** What a class is called, from class << 8 | subclass; NULL if that is not known. Any context. */
const char *kiln_pci_class_name(unsigned class_and_subclass);

KILN_END

#endif
