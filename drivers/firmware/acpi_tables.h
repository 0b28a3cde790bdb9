/* What the readers of ACPI's tables share. */
#ifndef ACPI_TABLES_H
#define ACPI_TABLES_H

#include <drivers/acpi.h>

/* The table at this address, as acpi_find gives it, or NULL. */
const struct acpi_header *acpi_table_at(uint64_t physical, const char *signature, uint32_t least);

#endif
