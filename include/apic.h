/*
 * What irq/apic.c and the start of other CPUs ask of a board with APICs: which there are and how
 * the lines of the ISA bus reach them. ACPI's MADT says it (ACPI 6.5, 5.2.12).
 */
#ifndef APIC_H
#define APIC_H

#include <stdbool.h>
#include <stdint.h>

#define APIC_CPUS_MOST    16
#define APIC_IO_APIC_MOST 8
#define APIC_ISA_IRQS     16

/* An I/O APIC: its registers' physical address, mapped as a device, and the global system interrupt
 * (GSI) of its input 0; its further inputs follow. */
struct apic_io_apic {
    uintptr_t base;
    uint32_t first_gsi;
};

/* Where an interrupt of the ISA bus arrives, and how. Without an override: the same number, edge,
 * active high. */
struct apic_isa_irq {
    uint32_t gsi;
    bool is_level;
    bool is_low;
};

struct apic_topology {
    unsigned cpu_count; /* at least 1 */
    unsigned io_apic_count;
    uint32_t cpu_apic_ids[APIC_CPUS_MOST]; /* by CPU number; 0 is the CPU that boots */
    struct apic_io_apic io_apics[APIC_IO_APIC_MOST];
    struct apic_isa_irq isa_irqs[APIC_ISA_IRQS];
};

/* Fills in all of it; a machine that says nothing has the defaults of a PC: one I/O APIC at
 * 0xFEC00000 whose first 16 inputs are the ISA bus's lines, IRQ 0 at input 2. IRQs off or thread
 * context; called when the first interrupt is attached, not at boot. */
void board_apic_topology(struct apic_topology *topology);

#endif
