#include <drivers/acpi.h>

#include <lib/align.h>
#include <stddef.h>

/* 5.2.12. */
enum entry_type {
    ENTRY_LOCAL_APIC = 0,
    ENTRY_IO_APIC = 1,
    ENTRY_OVERRIDE = 2,
    ENTRY_LOCAL_X2APIC = 9
};

struct entry {
    uint8_t type;
    uint8_t bytes; /* of the whole entry */
    union {
        struct {
            uint8_t uid;
            uint8_t id;
            uint32_t flags;
        } __attribute__((packed)) local_apic;
        struct {
            uint16_t reserved;
            uint32_t id;
            uint32_t flags;
            uint32_t uid;
        } __attribute__((packed)) local_x2apic;
        struct {
            uint8_t id;
            uint8_t reserved;
            uint32_t base;
            uint32_t first_gsi;
        } __attribute__((packed)) io_apic;
        struct {
            uint8_t bus; /* 0: ISA */
            uint8_t irq;
            uint32_t gsi;
            uint16_t flags;
        } __attribute__((packed)) override;
    } is;
} __attribute__((packed));

#define HEADER_BYTES offsetof(struct entry, is)

struct madt {
    struct acpi_header header;
    uint32_t local_apic;
    uint32_t flags;
    char entries[];
} __attribute__((packed));

#define CPU_ENABLED    (1u << 0)
#define APIC_ID_NONE   0xFF
#define X2APIC_ID_NONE 0xFFFFFFFFu

/* The override's flags (5.2.12.5); 0 in each is what the bus does: active high, edge. */
#define POLARITY      (3u << 0)
#define POLARITY_LOW  (3u << 0)
#define TRIGGER       (3u << 2)
#define TRIGGER_LEVEL (3u << 2)

#define IO_APIC_BASE  0xFEC00000u
#define IO_APIC_ALIGN 16
#define TIMER_IRQ     0
#define TIMER_GSI     2

static void add_cpu(struct apic_topology *topology, uint32_t id, uint32_t flags)
{
    if (!(flags & CPU_ENABLED) || topology->cpu_count == APIC_CPUS_MOST)
        return;
    for (unsigned i = 0; i < topology->cpu_count; i++)
        if (topology->cpu_apic_ids[i] == id)
            return;
    topology->cpu_apic_ids[topology->cpu_count++] = id;
}

static void add_io_apic(struct apic_topology *topology, uint32_t base, uint32_t first_gsi)
{
    if (base != 0 && is_aligned(base, IO_APIC_ALIGN) && topology->io_apic_count < APIC_IO_APIC_MOST)
        topology->io_apics[topology->io_apic_count++] = (struct apic_io_apic){base, first_gsi};
}

static void set_override(struct apic_topology *topology, const struct entry *entry)
{
    uint16_t flags = entry->is.override.flags;

    if (entry->is.override.bus == 0 && entry->is.override.irq < APIC_ISA_IRQS)
        topology->isa_irqs[entry->is.override.irq] =
            (struct apic_isa_irq){entry->is.override.gsi, (flags & TRIGGER) == TRIGGER_LEVEL,
                                  (flags & POLARITY) == POLARITY_LOW};
}

/* An entry of at least the bytes that its type has. */
static void take(struct apic_topology *topology, const struct entry *entry)
{
    size_t bytes = entry->bytes - HEADER_BYTES;

    if (entry->type == ENTRY_LOCAL_APIC && bytes >= sizeof(entry->is.local_apic) &&
        entry->is.local_apic.id != APIC_ID_NONE)
        add_cpu(topology, entry->is.local_apic.id, entry->is.local_apic.flags);
    else if (entry->type == ENTRY_LOCAL_X2APIC && bytes >= sizeof(entry->is.local_x2apic) &&
             entry->is.local_x2apic.id != X2APIC_ID_NONE)
        add_cpu(topology, entry->is.local_x2apic.id, entry->is.local_x2apic.flags);
    else if (entry->type == ENTRY_IO_APIC && bytes >= sizeof(entry->is.io_apic))
        add_io_apic(topology, entry->is.io_apic.base, entry->is.io_apic.first_gsi);
    else if (entry->type == ENTRY_OVERRIDE && bytes >= sizeof(entry->is.override))
        set_override(topology, entry);
}

static void take_all(struct apic_topology *topology, const struct madt *madt)
{
    const char *at = madt->entries;
    const char *end = (const char *)madt + madt->header.length;

    while ((size_t)(end - at) >= HEADER_BYTES) {
        const struct entry *entry = (const struct entry *)(const void *)at;

        if (entry->bytes < HEADER_BYTES || entry->bytes > end - at)
            return;
        take(topology, entry);
        at += entry->bytes;
    }
}

void acpi_read_topology(struct apic_topology *topology, uint32_t boot_apic_id)
{
    const struct madt *madt = acpi_find("APIC", 0, sizeof(*madt));

    __builtin_memset(topology, 0, sizeof(*topology));
    add_cpu(topology, boot_apic_id, CPU_ENABLED);
    for (unsigned irq = 0; irq < APIC_ISA_IRQS; irq++)
        topology->isa_irqs[irq].gsi = irq;
    if (madt)
        take_all(topology, madt);
    if (topology->io_apic_count == 0) {
        add_io_apic(topology, IO_APIC_BASE, 0);
        topology->isa_irqs[TIMER_IRQ].gsi = TIMER_GSI;
    }
}
