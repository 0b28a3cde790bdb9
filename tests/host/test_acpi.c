/* ACPI's tables: those of QEMU's machines with SeaBIOS, qboot and UEFI, and made ones. */
#include "test.h"
#include "acpi_builder.h"
#include "acpi_machine.h"
#include "acpi_ports.h"

static struct apic_topology topology;

static bool is_irq(unsigned irq, uint32_t gsi, bool is_level, bool is_low)
{
    const struct apic_isa_irq *is = &topology.isa_irqs[irq];

    return is->gsi == gsi && is->is_level == is_level && is->is_low == is_low;
}

static void read_topology(uint32_t boot_apic_id)
{
    memset(&topology, 0xA5, sizeof(topology));
    acpi_read_topology(&topology, boot_apic_id);
    fake_memory_release();
}

/* What q35 and pc have in common. */
static void test_pc_topology(unsigned cpus)
{
    read_topology(0);
    TAP_EQUAL(topology.cpu_count, cpus);
    for (unsigned i = 0; i < cpus; i++)
        TAP_EQUAL(topology.cpu_apic_ids[i], i);
    TAP_EQUAL(topology.io_apic_count, 1);
    TAP_CHECK(topology.io_apics[0].base == 0xFEC00000 && topology.io_apics[0].first_gsi == 0);
    TAP_CHECK(is_irq(0, 2, false, false));
    for (unsigned irq = 1; irq < 16; irq++)
        TAP_CHECK(is_irq(irq, irq, irq == 5 || irq == 9 || irq == 10 || irq == 11, false));
}

static void test_q35(const char *path)
{
    struct acpi_pm_timer timer;
    struct acpi_ecam ecam;
    struct acpi_pc pc;

    machine_load(path);
    test_pc_topology(4);
    TAP_EQUAL(acpi_hpet_base(), 0xFED00000);
    TAP_CHECK(acpi_find_pm_timer(&timer));
    TAP_CHECK(timer.is_port && timer.address == 0x608 && timer.bits == 24);
    TAP_CHECK(acpi_find_ecam(0, &ecam));
    TAP_EQUAL(ecam.base, 0xB0000000);
    TAP_CHECK(ecam.segment == 0 && ecam.first_bus == 0 && ecam.last_bus == 255);
    TAP_CHECK(!acpi_find_ecam(1, &ecam));
    acpi_read_pc(&pc);
    TAP_CHECK(pc.has_8042 && pc.has_vga && pc.has_rtc && pc.sci == 9);
}

static void test_pc(void)
{
    struct acpi_pm_timer timer;
    struct acpi_ecam ecam;
    struct acpi_pc pc;

    machine_load(PC_FOLDER "/pc.memory");
    test_pc_topology(2);
    TAP_EQUAL(acpi_hpet_base(), 0xFED00000);
    TAP_CHECK(acpi_find_pm_timer(&timer) && timer.is_port && timer.address == 0x608);
    TAP_CHECK(!acpi_find_ecam(0, &ecam));
    acpi_read_pc(&pc);
    TAP_CHECK(pc.has_8042 && pc.has_vga && pc.has_rtc && pc.sci == 9);
}

static void test_microvm(void)
{
    struct acpi_pm_timer timer;
    struct acpi_ecam ecam;
    struct acpi_pc pc;

    machine_load(PC_FOLDER "/microvm.memory");
    read_topology(1);
    TAP_CHECK(topology.cpu_count == 2 && topology.cpu_apic_ids[0] == 1);
    TAP_EQUAL(topology.cpu_apic_ids[1], 0);
    TAP_EQUAL(topology.io_apic_count, 2);
    TAP_CHECK(topology.io_apics[0].base == 0xFEC00000 && topology.io_apics[0].first_gsi == 0);
    TAP_CHECK(topology.io_apics[1].base == 0xFEC10000 && topology.io_apics[1].first_gsi == 24);
    TAP_CHECK(is_irq(0, 0, false, false));
    TAP_CHECK(!acpi_hpet_base() && !acpi_find_pm_timer(&timer) && !acpi_find_ecam(0, &ecam));
    acpi_read_pc(&pc);
    TAP_CHECK(!pc.has_8042);
}

/* A machine that says nothing. */
static void test_nothing(void)
{
    struct acpi_pm_timer timer;
    struct acpi_ecam ecam;
    struct acpi_pc pc;

    machine_load(PC_FOLDER "/microvm-no-acpi.memory");
    read_topology(7);
    TAP_CHECK(topology.cpu_count == 1 && topology.cpu_apic_ids[0] == 7);
    TAP_EQUAL(topology.io_apic_count, 1);
    TAP_CHECK(topology.io_apics[0].base == 0xFEC00000 && topology.io_apics[0].first_gsi == 0);
    TAP_CHECK(is_irq(0, 2, false, false) && is_irq(9, 9, false, false));
    TAP_CHECK(!acpi_hpet_base() && !acpi_find_pm_timer(&timer) && !acpi_find_ecam(0, &ecam));
    acpi_read_pc(&pc);
    TAP_CHECK(pc.has_8042 && pc.has_vga && pc.has_rtc && pc.sci == 9);
}

/* The last byte of a table found tells which. */
static int found(const char *signature, unsigned n)
{
    const struct acpi_header *table = acpi_find(signature, n, 0);
    int last = table ? ((const unsigned char *)table)[table->length - 1] : -1;

    fake_memory_release();
    return last;
}

static void test_root(void)
{
    uint64_t rsdt;

    acpi_begin();
    acpi_add("TEST", 1, "\1", 1);
    rsdt = acpi_list(4);
    TAP_EQUAL(found("TEST", 0), -1);
    acpi_put_root(ACPI_ROOT, 0, (uint32_t)rsdt, 0);
    TAP_EQUAL(found("TEST", 0), 1);
    ++*fake_byte(ACPI_ROOT + 10); /* the checksum */
    TAP_EQUAL(found("TEST", 0), -1);
    acpi_put_root(ACPI_ROOT, 2, 0, rsdt); /* the XSDT is none */
    TAP_EQUAL(found("TEST", 0), -1);
    acpi_put_root(ACPI_ROOT, 2, (uint32_t)rsdt, acpi_list(8));
    TAP_EQUAL(found("TEST", 0), 1);
    ++*fake_byte(ACPI_ROOT + 34); /* the second checksum */
    TAP_EQUAL(found("TEST", 0), -1);
    acpi_put_root(ACPI_ROOT, 2, (uint32_t)rsdt, 0x7FFFFFFF); /* then the RSDT */
    TAP_EQUAL(found("TEST", 0), 1);
}

/* One that is found where a BIOS puts it, though a wrong one stands in front. */
static void test_search(void)
{
    static const unsigned char bios[0x20000];
    uint64_t rsdt;

    acpi_begin();
    acpi_set_root(0);
    acpi_add("TEST", 1, "\2", 1);
    rsdt = acpi_list(4);
    fake_memory_add(0xE0000, bios, sizeof(bios));
    TAP_EQUAL(found("TEST", 0), -1);
    acpi_put_root(0xF1238, 0, (uint32_t)rsdt, 0);
    TAP_EQUAL(found("TEST", 0), -1); /* not aligned */
    acpi_put_root(0xE0000, 0, 0, 0);
    ++*fake_byte(0xE000A);
    acpi_put_root(0xFFFE0, 0, (uint32_t)rsdt, 0);
    TAP_EQUAL(found("TEST", 0), 2);
    acpi_set_root(0x5000); /* there is none */
    TAP_EQUAL(found("TEST", 0), 2);
    *fake_byte(0xFFFE0) = 'x';
    acpi_put_root(0x9FC10, 0, (uint32_t)rsdt, 0);
    TAP_EQUAL(found("TEST", 0), -1);
    fake_memory_add(0x40E, "\xC0\x9F", 2); /* the extended BIOS data area */
    TAP_EQUAL(found("TEST", 0), 2);
}

static void test_tables(void)
{
    uint64_t second;

    acpi_begin();
    acpi_add("TEST", 1, "\1", 1);
    second = acpi_add("TEST", 1, "ab\2", 3);
    acpi_add("ELSE", 1, "\3", 1);
    acpi_add("TEST", 1, "abc\4", 4);
    acpi_end();
    TAP_EQUAL(found("TEST", 0), 1);
    TAP_EQUAL(found("TEST", 1), 2);
    TAP_EQUAL(found("TEST", 2), 4);
    TAP_EQUAL(found("TEST", 3), -1);
    TAP_EQUAL(found("NONE", 0), -1);
    TAP_CHECK(acpi_find("TEST", 0, 39) && !acpi_find("TEST", 2, 39));
    ++*fake_byte(second + 37);
    TAP_EQUAL(found("TEST", 1), 4);
    *fake_byte(second + 4) = 35; /* shorter than its header */
    acpi_mend(second, 35, 9);
    TAP_EQUAL(found("TEST", 1), 4);
    fake_memory_release();
}

static void add_entry(unsigned char *content, size_t *bytes, const void *entry, size_t entry_bytes)
{
    memcpy(content + *bytes, entry, entry_bytes);
    *bytes += entry_bytes;
}

#define ENTRY(...)                                                                                 \
    add_entry(content, &bytes, (const unsigned char[]){__VA_ARGS__},                               \
              sizeof((const unsigned char[]){__VA_ARGS__}))

/* Disabled and doubled CPUs, x2APIC ids, several I/O APICs, overrides of each kind, what is
 * unknown, too short or of another bus. */
static void test_madt(void)
{
    unsigned char content[512] = {0};
    size_t bytes = 8;

    ENTRY(0, 8, 0, 4, 1, 0, 0, 0);
    ENTRY(0, 8, 1, 6, 0, 0, 0, 0);    /* disabled */
    ENTRY(0, 8, 2, 7, 2, 0, 0, 0);    /* online capable */
    ENTRY(0, 8, 3, 0xFF, 1, 0, 0, 0); /* none */
    ENTRY(0, 7, 4, 9, 1, 0, 0);       /* too short */
    ENTRY(0, 8, 5, 2, 1, 0, 0, 0);
    ENTRY(9, 16, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0); /* again */
    ENTRY(9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
    ENTRY(9, 16, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0, 0, 0, 0, 0);
    ENTRY(200, 2);
    ENTRY(1, 12, 0, 0, 0, 0, 0xC0, 0xFE, 0, 0, 0, 0);
    ENTRY(1, 12, 1, 0, 0, 0x10, 0xC0, 0xFE, 24, 0, 0, 0);
    ENTRY(1, 12, 1, 0, 0, 0, 0, 0, 48, 0, 0, 0);
    ENTRY(1, 12, 1, 0, 8, 0x20, 0xC0, 0xFE, 48, 0, 0, 0);
    ENTRY(2, 10, 0, 3, 20, 0, 0, 0, 0xF, 0);
    ENTRY(2, 10, 0, 4, 21, 0, 0, 0, 0x7, 0);
    ENTRY(2, 10, 0, 6, 22, 0, 0, 0, 0xD, 0);
    ENTRY(2, 10, 1, 7, 23, 0, 0, 0, 0xF, 0);  /* another bus */
    ENTRY(2, 10, 0, 16, 24, 0, 0, 0, 0xF, 0); /* no such IRQ */
    ENTRY(2, 9, 0, 8, 25, 0, 0, 0, 0xF);
    acpi_begin();
    acpi_add("APIC", 5, content, bytes);
    acpi_end();
    read_topology(2);
    TAP_EQUAL(topology.cpu_count, 3);
    TAP_CHECK(topology.cpu_apic_ids[0] == 2 && topology.cpu_apic_ids[1] == 4);
    TAP_EQUAL(topology.cpu_apic_ids[2], 0x100);
    TAP_EQUAL(topology.io_apic_count, 2);
    TAP_CHECK(topology.io_apics[1].base == 0xFEC01000 && topology.io_apics[1].first_gsi == 24);
    TAP_CHECK(is_irq(0, 0, false, false) && is_irq(3, 20, true, true));
    TAP_CHECK(is_irq(4, 21, false, true) && is_irq(6, 22, true, false));
    TAP_CHECK(is_irq(7, 7, false, false) && is_irq(8, 8, false, false));
}

static void test_many_cpus(void)
{
    unsigned char content[1024] = {0};
    size_t bytes = 8;

    for (unsigned i = 0; i < 40; i++)
        ENTRY(0, 8, (unsigned char)i, (unsigned char)(2 * i), 1, 0, 0, 0);
    for (unsigned i = 0; i < 20; i++)
        ENTRY(1, 12, 0, 0, 0, (unsigned char)(0x10 * i), 0xC0, 0xFE, 0, 0, 0, 0);
    ENTRY(0, 0, 0); /* the rest cannot be read */
    acpi_begin();
    acpi_add("APIC", 5, content, bytes);
    acpi_end();
    read_topology(78);
    TAP_EQUAL(topology.cpu_count, APIC_CPUS_MOST);
    TAP_CHECK(topology.cpu_apic_ids[0] == 78 && topology.cpu_apic_ids[1] == 0);
    TAP_EQUAL(topology.cpu_apic_ids[15], 28);
    TAP_EQUAL(topology.io_apic_count, APIC_IO_APIC_MOST);
}

static void test_hpet(void)
{
    unsigned char content[20] = {0x01, 0xA2, 0x86, 0x80, 0, 64, 0, 0, 0, 0, 0xD0, 0xFE};

    acpi_begin();
    acpi_add("HPET", 1, content, 15); /* too short */
    acpi_end();
    TAP_EQUAL(acpi_hpet_base(), 0);
    acpi_begin();
    acpi_add("HPET", 1, content, 20);
    acpi_end();
    TAP_EQUAL(acpi_hpet_base(), 0xFED00000);
    acpi_begin();
    content[4] = ACPI_PORT;
    acpi_add("HPET", 1, content, 20);
    acpi_end();
    TAP_EQUAL(acpi_hpet_base(), 0);
    fake_memory_release();
}

static void test_mcfg(void)
{
    unsigned char content[8 + 40] = {0};
    struct acpi_ecam ecam;

    memcpy(content + 8, "\0\0\0\xE0\0\0\0\0\0\0\0\x3F\0\0\0\0", 16);
    memcpy(content + 24, "\0\0\0\0\1\0\0\0\2\0\x40\x7F\0\0\0\0", 16);
    acpi_begin();
    acpi_add("MCFG", 1, content, sizeof(content)); /* and half a third one */
    acpi_end();
    TAP_CHECK(acpi_find_ecam(0, &ecam));
    TAP_CHECK(ecam.base == 0xE0000000 && ecam.segment == 0 && ecam.last_bus == 0x3F);
    TAP_CHECK(acpi_find_ecam(1, &ecam));
    TAP_CHECK(ecam.base == 0x100000000 && ecam.segment == 2 && ecam.first_bus == 0x40);
    TAP_CHECK(!acpi_find_ecam(2, &ecam) && !acpi_find_ecam(UINT32_MAX, &ecam));
    acpi_begin();
    acpi_add("MCFG", 1, content, 7);
    acpi_end();
    TAP_CHECK(!acpi_find_ecam(0, &ecam));
    fake_memory_release();
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_q35(PC_FOLDER "/q35.memory");
    test_q35(PC_FOLDER "/grub-bios.memory");
    test_q35(PC_FOLDER "/grub-uefi.memory");
    test_pc();
    test_microvm();
    test_nothing();
    test_root();
    test_search();
    test_tables();
    test_madt();
    test_many_cpus();
    test_hpet();
    test_mcfg();
    fake_memory_clear();
    return tap_done();
}
