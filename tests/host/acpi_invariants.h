/*
 * What holds whatever ACPI's tables contain; the fuzzer and the corruption test share it. Bytes
 * that are read outside what was asked for are AddressSanitizer's to find.
 */
#ifndef ACPI_INVARIANTS_H
#define ACPI_INVARIANTS_H

#include <drivers/acpi.h>
#include "acpi_ports.h"
#include "fake_memory.h"

#define BOOT_APIC_ID 3

static inline bool topology_is_sane(void)
{
    struct apic_topology topology;

    memset(&topology, 0xA5, sizeof(topology));
    acpi_read_topology(&topology, BOOT_APIC_ID);
    if (topology.cpu_count == 0 || topology.cpu_count > APIC_CPUS_MOST ||
        topology.io_apic_count == 0 || topology.io_apic_count > APIC_IO_APIC_MOST ||
        topology.cpu_apic_ids[0] != BOOT_APIC_ID)
        return false;
    for (unsigned i = 0; i < topology.cpu_count; i++)
        for (unsigned j = 0; j < i; j++)
            if (topology.cpu_apic_ids[i] == topology.cpu_apic_ids[j])
                return false;
    for (unsigned i = 0; i < topology.io_apic_count; i++)
        if (topology.io_apics[i].base == 0 || topology.io_apics[i].base > UINT32_MAX)
            return false;
    return true;
}

static inline bool timers_are_sane(void)
{
    struct acpi_pm_timer timer;

    acpi_hpet_base();
    return !acpi_find_pm_timer(&timer) ||
           ((timer.bits == 24 || timer.bits == 32) && timer.address != 0 &&
            (!timer.is_port || timer.address <= UINT16_MAX));
}

static inline bool ecam_is_sane(void)
{
    struct acpi_ecam ecam;
    unsigned n = 0;

    while (acpi_find_ecam(n, &ecam) && n < 1000) {
        n++;
        fake_memory_release();
    }
    return n < 1000 && !acpi_find_ecam(UINT32_MAX, &ecam);
}

/* At most one write of each register that there is, and each of a register's width. */
static inline bool leaving_is_sane(void)
{
    memset(&acpi_io, 0, sizeof(acpi_io));
    acpi_io.is_enabled = true;
    acpi_power_off();
    if (acpi_io.write_count > 6 || acpi_io.disorders)
        return false;
    acpi_io.write_count = 0;
    acpi_reset();
    return acpi_io.write_count <= 2 && !acpi_io.disorders;
}

static inline bool acpi_is_sane(void)
{
    struct acpi_pc pc;
    bool is_sane = topology_is_sane() && timers_are_sane() && ecam_is_sane();

    acpi_read_pc(&pc);
    is_sane &= leaving_is_sane();
    fake_memory_release();
    return is_sane;
}

#endif
