/*
 * What ACPI's static tables say of a PC (ACPI Specification 6.5, chapter 5), and its ways to switch
 * off and to reset; of its machine language only the one package that switching off needs.
 *
 * Nothing is looked at before the first call, and nothing is kept: each call walks the tables
 * anew. Whatever they contain, no byte is read outside a table's length, nor one that
 * core_map_readable does not vouch for. A table whose length or checksum is wrong is passed over.
 * Thread context, or with interrupts off, one caller at a time. A call costs some instructions for
 * each byte of the tables that it has to sum up: tens of thousands.
 */
#ifndef DRIVERS_ACPI_H
#define DRIVERS_ACPI_H

#include <apic.h>
#include <stdbool.h>
#include <stdint.h>

/* What each table begins with (5.2.6). The signature has no 0 behind it. */
struct acpi_header {
    char signature[4];
    uint32_t length; /* of the whole table */
    uint8_t revision;
    uint8_t checksum; /* makes the sum of all bytes 0 */
    char oem_id[6];
    char oem_table_id[8];
    uint32_t oem_revision;
    uint32_t creator_id;
    uint32_t creator_revision;
} __attribute__((packed));

/* Where a register is (5.2.3.2); with address 0 there is none. */
struct acpi_register {
    uint8_t space;
    uint8_t bits;
    uint8_t bit_offset;
    uint8_t access_size;
    uint64_t address;
} __attribute__((packed));

enum acpi_space { ACPI_MEMORY = 0, ACPI_PORT = 1, ACPI_PCI_CONFIG = 2 };

/* Where the root pointer (RSDP) is that firmware has passed on; 0, as without this call: to be
 * searched where a PC's BIOS puts it (5.2.5.1). Boot. */
void acpi_set_root(uint64_t rsdp);

/* The table with this signature of four characters, the n-th from 0 where there may be several;
 * checked, mapped for good, and at least `least` bytes long. NULL: there is none. */
const void *acpi_find(const char *signature, unsigned n, uint32_t least);

/*
 * CPUs, I/O APICs and the routing of ISA interrupts, from the MADT. Without one, or with one that
 * has no I/O APIC, the defaults of a PC that <apic.h> tells take the place of what is missing.
 * CPUs that are not enabled do not count. boot_apic_id, the CPU's that booted, comes first.
 */
void acpi_read_topology(struct apic_topology *topology, uint32_t boot_apic_id);

/* Physical address of the HPET's registers, 1 KiB; 0: none (IA-PC HPET Specification 1.0a,
 * 3.2.4). */
uint64_t acpi_hpet_base(void);

/* The ACPI timer, 3,579,545 Hz (4.8.3.3). */
struct acpi_pm_timer {
    uint64_t address;
    bool is_port; /* else in memory */
    uint8_t bits; /* 24 or 32, at which it wraps */
};
bool acpi_find_pm_timer(struct acpi_pm_timer *timer);

/* Memory through which PCI Express configuration space is reached: 1 MiB for each bus from
 * first_bus on, 4 KiB for each function (PCI Firmware Specification 3.2, 4.1.2). */
struct acpi_ecam {
    uint64_t base; /* of bus 0, be first_bus another */
    uint16_t segment;
    uint8_t first_bus;
    uint8_t last_bus;
};

/* The n-th of them, from 0; false when there are no more. */
bool acpi_find_ecam(unsigned n, struct acpi_ecam *ecam);

/* What a PC may have been built without (IAPC_BOOT_ARCH, 5.2.9.3). Without ACPI all is there. */
struct acpi_pc {
    bool has_8042;
    bool has_vga; /* firmware may have left it in text mode */
    bool has_rtc;
    uint16_t sci; /* the global system interrupt of ACPI's own events; 9 without ACPI */
};
void acpi_read_pc(struct acpi_pc *pc);

/*
 * Leave for good: soft-off, state S5 (7.4.2.5), by the PM1 control registers or, on
 * hardware-reduced machines, the sleep control register; and the reset register (4.8.3.6). They
 * return only if the machine cannot do it, the reset also if it comes a moment later. Interrupts
 * off, other CPUs stopped.
 */
void acpi_power_off(void);
void acpi_reset(void);

#endif
