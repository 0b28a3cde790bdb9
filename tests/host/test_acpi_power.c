/* Which registers ACPI's power-off and reset write, on QEMU's machines and on made ones. */
#include <drivers/acpi_fadt.h>
#include "test.h"
#include "acpi_builder.h"
#include "acpi_machine.h"
#include "acpi_ports.h"

#define CONTROL_A 0x604
#define CONTROL_B 0x704

static void power_off(void)
{
    acpi_io.write_count = acpi_io.read_count = 0;
    acpi_power_off();
    fake_memory_release();
}

static void reset(void)
{
    acpi_io.write_count = 0;
    acpi_reset();
    fake_memory_release();
}

/* PM1a's event block is at 0x600 on q35 and pc; SCI_EN is off at first. */
static void test_pc(const char *path, uint32_t smi_port, uint32_t smi_value)
{
    machine_load(path);
    memset(&acpi_io, 0, sizeof(acpi_io));
    acpi_io.control_ports[0] = CONTROL_A;
    acpi_io.smi_port = (uint16_t)smi_port;
    power_off();
    TAP_EQUAL(acpi_io.write_count, 4);
    TAP_CHECK(acpi_wrote(0, TO_PORT, 0x600, 16, 0x8000));
    TAP_CHECK(acpi_wrote(1, TO_PORT, smi_port, 8, smi_value));
    TAP_CHECK(acpi_wrote(2, TO_PORT, CONTROL_A, 16, 0x0001));
    TAP_CHECK(acpi_wrote(3, TO_PORT, CONTROL_A, 16, 0x2001));
    power_off(); /* ACPI is on now */
    TAP_EQUAL(acpi_io.write_count, 3);
    TAP_CHECK(acpi_wrote(2, TO_PORT, CONTROL_A, 16, 0x2001));
    TAP_EQUAL(acpi_io.disorders, 0);
}

static void test_machines(void)
{
    test_pc(PC_FOLDER "/q35.memory", 0xB2, 2);
    reset();
    TAP_CHECK(acpi_io.write_count == 1 && acpi_wrote(0, TO_PORT, 0xCF9, 8, 0x0F));
    test_pc(PC_FOLDER "/grub-uefi.memory", 0xB2, 2);
    test_pc(PC_FOLDER "/pc.memory", 0xB2, 0xF1);
    reset();
    TAP_EQUAL(acpi_io.write_count, 0);
    machine_load(PC_FOLDER "/microvm.memory");
    memset(&acpi_io, 0, sizeof(acpi_io));
    power_off();
    TAP_EQUAL(acpi_io.write_count, 2);
    TAP_CHECK(acpi_wrote(0, TO_MEMORY, 0xFEA00201, 8, 0x80));
    TAP_CHECK(acpi_wrote(1, TO_MEMORY, 0xFEA00200, 8, 5 << 2 | 0x20));
    reset();
    TAP_CHECK(acpi_io.write_count == 1 && acpi_wrote(0, TO_MEMORY, 0xFEA00202, 8, 0x42));
    acpi_io.is_unmappable = true;
    power_off();
    reset();
    TAP_CHECK(acpi_io.write_count == 0 && acpi_io.disorders == 0);
    machine_load(PC_FOLDER "/microvm-no-acpi.memory");
    power_off();
    reset();
    TAP_CHECK(acpi_io.write_count == 0 && acpi_io.disorders == 0);
}

/* A machine of the test's own: its FADT, and machine language in the DSDT or an SSDT. */
static struct acpi_fadt fadt;

static void begin(void)
{
    memset(&fadt, 0, sizeof(fadt));
    memset(&acpi_io, 0, sizeof(acpi_io));
    acpi_io.control_ports[0] = CONTROL_A;
    acpi_io.control_ports[1] = CONTROL_B;
    fadt.pm1_control[0] = CONTROL_A;
}

static void finish(const void *dsdt, size_t dsdt_bytes, const void *ssdt, size_t ssdt_bytes)
{
    acpi_begin();
    fadt.x_dsdt = acpi_put("DSDT", 2, dsdt, dsdt_bytes);
    acpi_add("FACP", 6, &fadt.facs, sizeof(fadt) - sizeof(fadt.header));
    if (ssdt)
        acpi_add("SSDT", 2, ssdt, ssdt_bytes);
    acpi_end();
}

/* Sleep types that the machine language gives, a in the low four bits; -1: none. */
static int types_of(const void *code, size_t bytes)
{
    begin();
    fadt.pm1_control[1] = CONTROL_B;
    finish(code, bytes, NULL, 0);
    power_off();
    if (acpi_io.write_count == 0)
        return -1;
    TAP_CHECK(acpi_io.write_count == 4 && acpi_io.disorders == 0);
    return (int)(acpi_io.writes[0].value >> 10 | acpi_io.writes[1].value >> 6);
}

#define TYPES_OF(code) types_of(code, sizeof(code) - 1)

static void test_packages(void)
{
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x06\x04\x00\x00\x00\x00"), 0x00);
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x08\x04\x0A\x07\x0A\x06\x00\x00"), 0x67);
    TAP_EQUAL(TYPES_OF("..\x08\\_S5_\x12\x06\x04\x01\x00\x00\x00.."), 0x01);
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x0A\x02\x0B\x05\x00\x0C\x03\x00\x00\x00"), 0x35);
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x0C\x02\x0E\x04\0\0\0\0\0\0\0\x01"), -1);
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x05\x01\x0B\x07\x02"), 0x27);   /* both in one */
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x05\x02\x01\x01"), -1);         /* longer than the table */
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x03\x02\x01\x01"), -1);         /* shorter than its content */
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x45\x00\x02\x01\x01\x00"), -1); /* a long package */
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x3F\x02\x01\x01..............................................."
                       "................."),
              0x11);
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x04\x02\x00\x0B\x01\x00"), -1); /* shorter than a number */
    /* One that is wrong does not hide a right one. */
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x03\x01\x68\x08_S5_\x12\x04\x02\x01\x00"), 0x01);
}

static void test_no_packages(void)
{
    TAP_EQUAL(TYPES_OF(""), -1);
    TAP_EQUAL(TYPES_OF("_S5_\x12\x04\x02\x01\x00"), -1);
    TAP_EQUAL(TYPES_OF("\x09_S5_\x12\x04\x02\x01\x00"), -1);
    TAP_EQUAL(TYPES_OF("\\_S5_\x12\x04\x02\x01\x00"), -1);
    TAP_EQUAL(TYPES_OF("\x08_S4_\x12\x04\x02\x01\x00"), -1);
    TAP_EQUAL(TYPES_OF("\x08_S5_\x11\x04\x02\x01\x00"), -1);
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x04\x02\x0A\x08"), -1);
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x05\x02\x0A\x08\x00"), -1); /* more than three bits */
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x05\x02\x0D\x01\x00"), -1);
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x02\x00\x00\x00"), -1);
    TAP_EQUAL(TYPES_OF("\x08_S5_\x12\x00\x00\x00\x00"), -1);
    for (size_t length = 0; length < 12; length++) /* cut */
        TAP_EQUAL(types_of("\x08_S5_\x12\x08\x02\x0A\x07\x0A\x06\x00", length), -1);
}

static void test_secondary(void)
{
    begin();
    finish("\x08_S4_\x12\x04\x02\x01\x00", 10, "..\x08_S5_\x12\x04\x02\x01\x00", 12);
    power_off();
    TAP_CHECK(acpi_wrote(1, TO_PORT, CONTROL_A, 16, 0x2400));
    fadt.dsdt = (uint32_t)acpi_put("DSDT", 1, "\x08_S5_\x12\x05\x02\x0A\x05\x00", 11);
    fadt.x_dsdt = 0;
    acpi_made.count = 0;
    acpi_add("FACP", 6, &fadt.facs, sizeof(fadt) - sizeof(fadt.header));
    acpi_end();
    power_off();
    TAP_CHECK(acpi_wrote(1, TO_PORT, CONTROL_A, 16, 0x2000 | 5 << 10));
}

#define S5       "\x08_S5_\x12\x05\x02\x01\x0A\x02"
#define S5_BYTES (sizeof(S5) - 1)

/* Both blocks, by X fields, whose other bits stay as they are. */
static void test_blocks(void)
{
    begin();
    fadt.x_pm1_control[0] = (struct acpi_register){.space = ACPI_PORT, .address = CONTROL_B};
    fadt.x_pm1_control[1] = (struct acpi_register){.space = ACPI_PORT, .address = CONTROL_A};
    fadt.pm1_event[1] = 0x700;
    acpi_io.controls[0] = 0x1C03;
    finish(S5, S5_BYTES, NULL, 0);
    power_off();
    TAP_EQUAL(acpi_io.write_count, 5);
    TAP_CHECK(acpi_wrote(0, TO_PORT, CONTROL_B, 16, 0x0400));
    TAP_CHECK(acpi_wrote(1, TO_PORT, 0x700, 16, 0x8000));
    TAP_CHECK(acpi_wrote(2, TO_PORT, CONTROL_A, 16, 0x0803));
    TAP_CHECK(acpi_wrote(3, TO_PORT, CONTROL_B, 16, 0x2400));
    TAP_CHECK(acpi_wrote(4, TO_PORT, CONTROL_A, 16, 0x2803));
    fadt.x_pm1_control[0].address = 0x10604; /* not a port */
    fadt.x_pm1_control[1].space = ACPI_MEMORY;
    finish(S5, S5_BYTES, NULL, 0);
    power_off();
    TAP_EQUAL(acpi_io.write_count, 1);
}

/* Firmware that never hands the registers over is not waited for without end. */
static void test_enable(void)
{
    begin();
    fadt.smi_command = 0xB2;
    fadt.acpi_enable = 0x70;
    finish(S5, S5_BYTES, NULL, 0);
    power_off();
    TAP_CHECK(acpi_wrote(0, TO_PORT, 0xB2, 8, 0x70));
    TAP_CHECK(acpi_wrote(2, TO_PORT, CONTROL_A, 16, 0x2400));
    TAP_CHECK(acpi_io.read_count > 100000 && acpi_io.read_count < 1000000);
    acpi_io.smi_port = 0xB2;
    acpi_io.controls[0] = 0;
    power_off();
    TAP_CHECK(acpi_wrote(2, TO_PORT, CONTROL_A, 16, 0x2401));
    TAP_CHECK(acpi_io.read_count < 200);
}

static void test_reset(void)
{
    begin();
    fadt.reset = (struct acpi_register){.space = ACPI_PORT, .bits = 8, .address = 0x64};
    fadt.reset_value = 0xFE;
    finish(S5, S5_BYTES, NULL, 0);
    reset();
    TAP_EQUAL(acpi_io.write_count, 0); /* the flag says that there is none */
    fadt.flags = ACPI_RESET_REGISTER;
    finish(S5, S5_BYTES, NULL, 0);
    reset();
    TAP_CHECK(acpi_io.write_count == 1 && acpi_wrote(0, TO_PORT, 0x64, 8, 0xFE));
    fadt.reset = (struct acpi_register){.space = ACPI_PCI_CONFIG, .address = 0x1F000200CA};
    finish(S5, S5_BYTES, NULL, 0);
    reset();
    TAP_EQUAL(acpi_io.write_count, 2);
    TAP_CHECK(acpi_wrote(0, TO_PORT, 0xCF8, 32, 0x80000000 | 31 << 11 | 2 << 8 | 0xC8));
    TAP_CHECK(acpi_wrote(1, TO_PORT, 0xCFE, 8, 0xFE));
    fadt.reset = (struct acpi_register){.space = ACPI_PORT, .address = 0x10000};
    finish(S5, S5_BYTES, NULL, 0);
    reset();
    TAP_EQUAL(acpi_io.write_count, 0);
    fadt.reset = (struct acpi_register){.space = ACPI_MEMORY};
    finish(S5, S5_BYTES, NULL, 0);
    reset();
    TAP_EQUAL(acpi_io.write_count, 0);
}

/* X fields, a timer in memory, 32 bits; boot flags, and a table too old to have them. */
static void test_fixed_hardware(void)
{
    struct acpi_pm_timer timer;
    struct acpi_pc pc;

    acpi_begin();
    TAP_CHECK(!acpi_read_fadt(&fadt));
    begin();
    fadt.pm_timer = 0x408;
    fadt.sci = 20;
    fadt.boot_flags = 1 << 2 | 1 << 5;
    finish(S5, S5_BYTES, NULL, 0);
    TAP_CHECK(acpi_find_pm_timer(&timer));
    TAP_CHECK(timer.is_port && timer.address == 0x408 && timer.bits == 24);
    acpi_read_pc(&pc);
    TAP_CHECK(!pc.has_8042 && !pc.has_vga && !pc.has_rtc && pc.sci == 20);
    fadt.x_pm_timer = (struct acpi_register){.space = ACPI_MEMORY, .address = 0xFED80808};
    fadt.flags = ACPI_TIMER_32_BITS;
    finish(S5, S5_BYTES, NULL, 0);
    TAP_CHECK(acpi_find_pm_timer(&timer));
    TAP_CHECK(!timer.is_port && timer.address == 0xFED80808 && timer.bits == 32);
    fadt.x_pm_timer = (struct acpi_register){.space = ACPI_PORT, .address = 0x10408};
    finish(S5, S5_BYTES, NULL, 0);
    TAP_CHECK(!acpi_find_pm_timer(&timer));
    fadt.x_pm_timer.address = 0;
    fadt.pm_timer = 0;
    finish(S5, S5_BYTES, NULL, 0);
    TAP_CHECK(!acpi_find_pm_timer(&timer));
    acpi_begin();
    acpi_add("FACP", 1, &fadt.facs, 116 - sizeof(fadt.header));
    acpi_end();
    acpi_read_pc(&pc);
    TAP_CHECK(pc.has_8042 && pc.has_vga && pc.has_rtc && pc.sci == 20);
    acpi_begin();
    acpi_add("FACP", 1, &fadt.facs, 115 - sizeof(fadt.header));
    acpi_end();
    acpi_read_pc(&pc);
    TAP_EQUAL(pc.sci, 9);
    fake_memory_release();
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_machines();
    test_packages();
    test_no_packages();
    test_secondary();
    test_blocks();
    test_enable();
    test_reset();
    test_fixed_hardware();
    fake_memory_clear();
    return tap_done();
}
