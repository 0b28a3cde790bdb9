/*
 * The UART drivers against models of the two devices: what a real one minds and QEMU does not
 * (order, dividers, errata, a line that is still busy), what QEMU minds, and devices that are dead.
 */
#include <arch/mmio.h>
#include <drivers/uart.h>
#include <isa/host.h>
#include <kiln/config.h>
#include <string.h>
#include "test.h"

#define BASE 0x1000

enum { REGISTERS = 0x80 };

/* Reads of a flag that lead to it, and what the device holds. */
static struct {
    uint32_t registers[REGISTERS];
    uint32_t flags_reads; /* of the status register so far */
    uint32_t busy_reads;  /* it says busy so many times */
    bool is_stuck;        /* never takes a byte */
    uint32_t input[64];   /* with its error bits */
    unsigned inputs, taken;
    char output[64];
    unsigned outputs;
    unsigned writes;
    uint32_t log[64]; /* offset << 16 | value of each write */
    bool is_miniuart;
} device;

static void reset(bool is_miniuart)
{
    memset(&device, 0, sizeof(device));
    device.is_miniuart = is_miniuart;
    host_cpu.counter = 0;
}

static bool has_input(void)
{
    return device.taken < device.inputs;
}

static uint32_t pl011_flags(void)
{
    bool is_busy = device.flags_reads++ < device.busy_reads;

    return (is_busy ? 1u << 3 : 0) | (has_input() ? 0 : 1u << 4) | (device.is_stuck ? 1u << 5 : 0);
}

static uint32_t miniuart_status(void)
{
    bool is_busy = device.flags_reads++ < device.busy_reads;
    uint32_t overrun = has_input() ? device.input[device.taken] >> 11 & 1 : 0;

    return (is_busy ? 0 : 1u << 6) | (device.is_stuck ? 0 : 1u << 5) | overrun << 1 | has_input();
}

uint32_t fake_read32(uintptr_t address)
{
    uintptr_t offset = address - BASE;

    host_cpu.counter += 10;
    if (offset >= REGISTERS) {
        tap_check(false, "reads stay within the device");
        return 0;
    }
    if (offset == (device.is_miniuart ? 0x40 : 0x00))
        return has_input() ? device.input[device.taken++] : 0xEE;
    if (offset == 0x18 && !device.is_miniuart)
        return pl011_flags();
    if (offset == 0x54 && device.is_miniuart)
        return miniuart_status();
    return device.registers[offset];
}

void fake_write32(uintptr_t address, uint32_t value)
{
    uintptr_t offset = address - BASE;

    if (offset >= REGISTERS || device.writes == 64) {
        tap_check(false, "writes stay within the device");
        return;
    }
    device.log[device.writes++] = (uint32_t)offset << 16 | value;
    /* As QEMU's: switching the FIFOs discards what waits. */
    if (!device.is_miniuart && offset == 0x2C && ((device.registers[0x2C] ^ value) & 0x10))
        device.taken = device.inputs;
    if (offset == (device.is_miniuart ? 0x40 : 0x00))
        device.output[device.outputs++] = (char)value;
    else
        device.registers[offset] = value;
}

/* Place of the first write to a register, or -1. */
static int first_write(uint32_t offset)
{
    for (unsigned i = 0; i < device.writes; i++)
        if (device.log[i] >> 16 == offset)
            return (int)i;
    return -1;
}

static double pl011_baud(uint32_t clock_hz)
{
    return clock_hz / 16.0 / (device.registers[0x24] + device.registers[0x28] / 64.0);
}

static bool is_near(double got, double want)
{
    return got > want * 0.99 && got < want * 1.01;
}

static void test_pl011_init(void)
{
    static const uint32_t clocks[] = {24000000, 48000000, 3000000};

    for (unsigned i = 0; i < 3; i++) {
        reset(false);
        uart_init(&pl011, BASE, clocks[i]);
        TAP_CHECK(is_near(pl011_baud(clocks[i]), 115200));
    }
    TAP_EQUAL(device.registers[0x2C], 0x70);
    TAP_EQUAL(device.registers[0x30], 0x301);
    TAP_EQUAL(device.registers[0x38], 0);
    TAP_EQUAL(device.log[first_write(0x30)] & 0xFFFF, 0);
    TAP_CHECK(first_write(0x30) < first_write(0x24));
    TAP_CHECK(first_write(0x24) < first_write(0x28));
    TAP_CHECK(first_write(0x28) < first_write(0x2C));
    TAP_EQUAL(device.log[device.writes - 1] >> 16, 0x30);

    reset(false);
    uart_init(&pl011, BASE, 0);
    TAP_EQUAL(first_write(0x24), -1);
    TAP_EQUAL(first_write(0x28), -1);
}

static void test_pl011_after_firmware(void)
{
    reset(false);
    device.registers[0x30] = 0x301;
    device.registers[0x2C] = 0x70;
    device.busy_reads = 50;
    device.input[0] = 'x';
    device.inputs = 1;
    uart_init(&pl011, BASE, 48000000);
    TAP_CHECK(device.flags_reads > 50);
    TAP_EQUAL(device.taken, 0);

    reset(false);
    device.registers[0x30] = 0x301;
    device.busy_reads = UINT32_MAX;
    uart_init(&pl011, BASE, 48000000);
    TAP_CHECK(host_cpu.counter <= host_cpu.counter_hz / 9);
    TAP_EQUAL(device.registers[0x30], 0x301);
}

/* QEMU delivers input before the UART is on, one byte while the FIFOs are off. */
static void test_pl011_early_input(void)
{
    uint8_t bytes[4];
    unsigned lost = 0;

    reset(false);
    device.input[0] = 'x';
    device.inputs = 1;
    uart_init(&pl011, BASE, 24000000);
    TAP_EQUAL(pl011_input_ops.receive(BASE, bytes, sizeof(bytes), &lost), 1);
    TAP_EQUAL(bytes[0], 'x');
}

static void test_input(const struct uart_input_ops *ops, bool is_miniuart)
{
    uint8_t bytes[8];
    unsigned lost = 0;

    reset(is_miniuart);
    TAP_EQUAL(ops->receive(BASE, bytes, sizeof(bytes), &lost), 0);
    for (unsigned i = 0; i < 12; i++)
        device.input[i] = 'a' + i;
    device.input[2] |= 1u << 11;
    device.inputs = 12;
    TAP_EQUAL(ops->receive(BASE, bytes, 5, &lost), 5);
    TAP_CHECK(memcmp(bytes, "abcde", 5) == 0);
    TAP_EQUAL(lost, 1);
    TAP_EQUAL(device.taken, 5);
    TAP_EQUAL(ops->receive(BASE, bytes, 0, &lost), 0);
    TAP_EQUAL(device.taken, 5);
    TAP_EQUAL(ops->receive(BASE, bytes, 8, &lost), 7);
    TAP_CHECK(memcmp(bytes, "fghijkl", 7) == 0);
    TAP_EQUAL(lost, 1);
}

static void test_pl011_break(void)
{
    uint8_t bytes[4];
    unsigned lost = 0;

    reset(false);
    device.input[0] = 1u << 10;
    device.input[1] = 'y';
    device.inputs = 2;
    TAP_EQUAL(pl011_input_ops.receive(BASE, bytes, 4, &lost), 1);
    TAP_EQUAL(bytes[0], 'y');
}

static void test_output(const struct uart *uart, bool is_miniuart)
{
    reset(is_miniuart);
    uart_write(uart, BASE, "ab", 1);
    uart_write(uart, BASE, "\xFF\0c", 3);
    uart_write(uart, BASE, "d", 0);
    TAP_EQUAL(device.outputs, 4);
    TAP_EQUAL(device.log[1] & 0xFFFF, 0xFF);
    TAP_CHECK(memcmp(device.output, "a\xFF\0c", 4) == 0);

    device.is_stuck = true;
    host_cpu.counter = 0;
    uart_write(uart, BASE, "e", 1);
    TAP_EQUAL(device.outputs, 4);
    TAP_CHECK(host_cpu.counter >= 20 * host_cpu.counter_hz / KILN_CONFIG_BAUD);
    TAP_CHECK(host_cpu.counter <= 40 * host_cpu.counter_hz / KILN_CONFIG_BAUD);
}

static void test_drain(const struct uart *uart, bool is_miniuart)
{
    reset(is_miniuart);
    device.registers[is_miniuart ? 0x04 : 0x30] = 1;
    device.busy_reads = 40;
    uart_drain(uart, BASE);
    TAP_EQUAL(device.flags_reads, 41);
    device.busy_reads = UINT32_MAX;
    host_cpu.counter = 0;
    uart_drain(uart, BASE);
    TAP_CHECK(host_cpu.counter >= host_cpu.counter_hz / 10);
    TAP_CHECK(host_cpu.counter <= host_cpu.counter_hz / 9);
    TAP_EQUAL(device.writes, 0);

    device.registers[is_miniuart ? 0x04 : 0x30] = 0;
    device.flags_reads = 0;
    uart_drain(uart, BASE);
    TAP_EQUAL(device.flags_reads, 0);
}

static void test_interrupts(void)
{
    reset(false);
    device.registers[0x34] = 0x12; /* half, as after a reset */
    pl011_input_ops.interrupt(BASE, true);
    TAP_EQUAL(device.registers[0x34], 0);
    TAP_EQUAL(device.registers[0x38], 0x50);
    pl011_input_ops.interrupt(BASE, false);
    TAP_EQUAL(device.registers[0x38], 0);

    reset(true);
    miniuart_input_ops.interrupt(BASE, true);
    TAP_EQUAL(device.registers[0x44], 0xD);
    miniuart_input_ops.interrupt(BASE, false);
    TAP_EQUAL(device.registers[0x44], 0);
}

static void test_miniuart_init(void)
{
    reset(true);
    device.registers[0x04] = 6; /* both SPIs are on */
    uart_init(&miniuart, BASE, 250000000);
    TAP_EQUAL(device.registers[0x04], 7);
    TAP_CHECK(is_near(250e6 / 8 / (device.registers[0x68] + 1), 115200));
    TAP_EQUAL(device.registers[0x4C], 3);
    TAP_EQUAL(device.registers[0x44], 0);
    TAP_EQUAL(device.registers[0x60], 3);
    TAP_EQUAL(device.log[0] >> 16, 0x04);
    TAP_EQUAL(device.flags_reads, 0);

    reset(true);
    device.registers[0x04] = 1;
    device.busy_reads = 30;
    uart_init(&miniuart, BASE, 0);
    TAP_CHECK(device.flags_reads > 30);
    TAP_EQUAL(first_write(0x04), -1);
    TAP_EQUAL(first_write(0x68), -1);

    reset(true);
    device.registers[0x04] = 1;
    device.busy_reads = UINT32_MAX;
    uart_init(&miniuart, BASE, 500000000);
    TAP_CHECK(host_cpu.counter <= host_cpu.counter_hz / 9);
    TAP_CHECK(is_near(500e6 / 8 / (device.registers[0x68] + 1), 115200));
}

int main(void)
{
    test_pl011_init();
    test_pl011_after_firmware();
    test_pl011_early_input();
    test_pl011_break();
    test_input(&pl011_input_ops, false);
    test_output(&pl011, false);
    test_miniuart_init();
    test_input(&miniuart_input_ops, true);
    test_output(&miniuart, true);
    test_drain(&pl011, false);
    test_drain(&miniuart, true);
    test_interrupts();
    return tap_done();
}
