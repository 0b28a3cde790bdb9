/* ACPI's table of fixed hardware (FADT), as it stands in memory. */
#ifndef DRIVERS_ACPI_FADT_H
#define DRIVERS_ACPI_FADT_H

#include <drivers/acpi.h>
#include <stddef.h>

/* Fixed hardware (5.2.9): as far as anybody here looks. Older tables end earlier. */
struct acpi_fadt {
    struct acpi_header header;
    uint32_t facs;
    uint32_t dsdt;
    uint8_t reserved_1[2];
    uint16_t sci;
    uint32_t smi_command; /* a port; 0: ACPI is always on */
    uint8_t acpi_enable;
    uint8_t acpi_disable;
    uint8_t reserved_2[2];
    uint32_t pm1_event[2]; /* ports of blocks a and b; 0: none */
    uint32_t pm1_control[2];
    uint32_t pm2_control;
    uint32_t pm_timer;
    uint32_t gpe[2];
    uint8_t reserved_3[21];
    uint16_t boot_flags;
    uint8_t reserved_4;
    uint32_t flags;
    struct acpi_register reset;
    uint8_t reset_value;
    uint8_t reserved_5[3];
    uint64_t x_facs;
    uint64_t x_dsdt; /* each X takes the older field's place where it is not 0 */
    struct acpi_register x_pm1_event[2];
    struct acpi_register x_pm1_control[2];
    struct acpi_register x_pm2_control;
    struct acpi_register x_pm_timer;
    struct acpi_register x_gpe[2];
    struct acpi_register sleep_control;
    struct acpi_register sleep_status;
} __attribute__((packed));

_Static_assert(offsetof(struct acpi_fadt, boot_flags) == 109, "as 5.2.9 has it");
_Static_assert(offsetof(struct acpi_fadt, sleep_status) == 256, "as 5.2.9 has it");

/* Of the flags. */
#define ACPI_TIMER_32_BITS    (1u << 8)
#define ACPI_RESET_REGISTER   (1u << 10)
#define ACPI_HARDWARE_REDUCED (1u << 20)

/* Copies the table; what it is too short for is 0. False: there is none. */
bool acpi_read_fadt(struct acpi_fadt *fadt);

#endif
