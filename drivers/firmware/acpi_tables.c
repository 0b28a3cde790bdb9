#include <drivers/acpi_fadt.h>

/* The least that ACPI 1.0 has. */
#define FADT_BYTES_LEAST 116

/* FADT revisions below have no boot flags. */
#define FADT_BOOT_FLAGS 2
#define BOOT_8042       (1u << 1)
#define BOOT_NO_VGA     (1u << 2)
#define BOOT_NO_RTC     (1u << 5)

#define USUAL_SCI       9

struct hpet {
    struct acpi_header header;
    uint32_t id;
    struct acpi_register base;
} __attribute__((packed));

struct mcfg_entry {
    uint64_t base;
    uint16_t segment;
    uint8_t first_bus;
    uint8_t last_bus;
    uint32_t reserved;
} __attribute__((packed));

struct mcfg {
    struct acpi_header header;
    uint64_t reserved;
    struct mcfg_entry entries[];
} __attribute__((packed));

bool acpi_read_fadt(struct acpi_fadt *fadt)
{
    const struct acpi_header *table = acpi_find("FACP", 0, FADT_BYTES_LEAST);

    if (!table)
        return false;
    __builtin_memset(fadt, 0, sizeof(*fadt));
    __builtin_memcpy(fadt, table, table->length < sizeof(*fadt) ? table->length : sizeof(*fadt));
    return true;
}

uint64_t acpi_hpet_base(void)
{
    const struct hpet *hpet = acpi_find("HPET", 0, sizeof(*hpet));

    return hpet && hpet->base.space == ACPI_MEMORY ? hpet->base.address : 0;
}

/* The register of an X field, or the port of the older one. */
static struct acpi_register register_of(const struct acpi_register *x, uint32_t port)
{
    return x->address ? *x : (struct acpi_register){.space = ACPI_PORT, .address = port};
}

bool acpi_find_pm_timer(struct acpi_pm_timer *timer)
{
    struct acpi_register from;
    struct acpi_fadt fadt;

    if (!acpi_read_fadt(&fadt) || (fadt.flags & ACPI_HARDWARE_REDUCED))
        return false;
    from = register_of(&fadt.x_pm_timer, fadt.pm_timer);
    timer->address = from.address;
    timer->is_port = from.space == ACPI_PORT;
    timer->bits = fadt.flags & ACPI_TIMER_32_BITS ? 32 : 24;
    return from.address &&
           (timer->is_port ? from.address <= UINT16_MAX : from.space == ACPI_MEMORY);
}

bool acpi_find_ecam(unsigned n, struct acpi_ecam *ecam)
{
    const struct mcfg *mcfg = acpi_find("MCFG", 0, sizeof(*mcfg));
    const struct mcfg_entry *entry;

    if (!mcfg || n >= (mcfg->header.length - sizeof(*mcfg)) / sizeof(*entry))
        return false;
    entry = &mcfg->entries[n];
    *ecam = (struct acpi_ecam){entry->base, entry->segment, entry->first_bus, entry->last_bus};
    return true;
}

void acpi_read_pc(struct acpi_pc *pc)
{
    struct acpi_fadt fadt;

    *pc = (struct acpi_pc){true, true, true, USUAL_SCI};
    if (!acpi_read_fadt(&fadt))
        return;
    pc->sci = fadt.sci;
    if (fadt.header.revision < FADT_BOOT_FLAGS)
        return;
    pc->has_8042 = fadt.boot_flags & BOOT_8042;
    pc->has_vga = !(fadt.boot_flags & BOOT_NO_VGA);
    pc->has_rtc = !(fadt.boot_flags & BOOT_NO_RTC);
}
