/* What the readers of ACPI's tables share. */
#ifndef ACPI_TABLES_H
#define ACPI_TABLES_H

#include <drivers/acpi.h>
#include <drivers/acpi_fadt.h>
#include <stddef.h>

/* The table at this address, as acpi_find gives it, or NULL. */
const struct acpi_header *acpi_table_at(uint64_t physical, const char *signature, uint32_t least);

/* The register of an X field, or the port of the older one. */
static inline struct acpi_register acpi_register_of(const struct acpi_register *x, uint32_t port)
{
    return x->address ? *x : (struct acpi_register){.space = ACPI_PORT, .address = port};
}

#endif
