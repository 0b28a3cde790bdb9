/*
 * The PC's UART against a model of it: FIFOs that are lost when they are switched, a divisor that
 * hides data, status bits that reading clears, and ports where nothing is.
 */
#include <drivers/uart.h>
#include <isa/host.h>
#include <kiln/config.h>
#include <string.h>
#include <x86_64/port.h>
#include "test.h"

#define BASE     0x3F8
#define CLOCK_HZ 1843200

/* Errors of a received byte, as in the line status but in the high byte. */
#define OVERRUN (1u << 9)
#define BREAK   (1u << 12)

static struct {
    enum { NOTHING, FLOATING_HIGH, FLOATING_LAST, DEVICE } kind;
    uint8_t last; /* on the bus */
    uint8_t divisor[2], interrupts, fifos, line, modem, scratch;
    uint32_t status_reads, busy_reads; /* the transmitter is busy for so many */
    bool is_stuck;
    uint16_t input[64];
    unsigned inputs, taken;
    char output[64];
    unsigned outputs, writes;
    uint8_t divisor_writes;
} device;

static void reset(void)
{
    memset(&device, 0, sizeof(device));
    device.kind = DEVICE;
    host_cpu.counter = 0;
}

static bool has_input(void)
{
    return device.taken < device.inputs;
}

static uint8_t line_status(void)
{
    bool is_busy = device.is_stuck || device.status_reads++ < device.busy_reads;
    uint8_t errors = has_input() ? device.input[device.taken] >> 8 : 0;

    if (has_input())
        device.input[device.taken] &= (uint16_t)~OVERRUN;
    return (uint8_t)((is_busy ? 0 : 0x60) | errors | has_input());
}

static uint8_t read_register(unsigned place)
{
    bool is_divisor = device.line & 0x80;

    switch (place) {
    case 0:
        if (is_divisor)
            return device.divisor[0];
        return has_input() ? (uint8_t)device.input[device.taken++] : 0xEE;
    case 1:
        return is_divisor ? device.divisor[1] : device.interrupts;
    case 2:
        return device.fifos & 1 ? 0xC1 : 0x01;
    case 3:
        return device.line;
    case 4:
        return device.modem;
    case 5:
        return line_status();
    case 7:
        return device.scratch;
    }
    return 0;
}

static void write_data(uint8_t value)
{
    if (device.line & 0x80)
        device.divisor[0] = value, device.divisor_writes++;
    else
        device.output[device.outputs++] = (char)value;
}

static void write_interrupts(uint8_t value)
{
    if (device.line & 0x80)
        device.divisor[1] = value, device.divisor_writes++;
    else
        device.interrupts = value;
}

static void write_fifos(uint8_t value)
{
    if ((device.fifos ^ value) & 1 || value & 2)
        device.taken = device.inputs;
    device.fifos = value;
}

static void write_register(unsigned place, uint8_t value)
{
    switch (place) {
    case 0:
        write_data(value);
        break;
    case 1:
        write_interrupts(value);
        break;
    case 2:
        write_fifos(value);
        break;
    case 3:
        device.line = value;
        break;
    case 4:
        device.modem = value;
        break;
    case 7:
        device.scratch = value;
        break;
    }
}

uint32_t fake_port_read(uint16_t port, unsigned bits)
{
    host_cpu.counter += 32; /* half a microsecond */
    if (port < BASE || port > BASE + 7 || bits != 8)
        tap_check(false, "reads stay within the device");
    if (device.kind == DEVICE)
        return read_register(port - BASE);
    return device.kind == FLOATING_LAST ? device.last : device.kind == FLOATING_HIGH ? 0xFF : 0;
}

void fake_port_write(uint16_t port, unsigned bits, uint32_t value)
{
    device.writes++;
    device.last = (uint8_t)value;
    if (port < BASE || port > BASE + 7 || bits != 8 || device.outputs == sizeof(device.output))
        tap_check(false, "writes stay within the device");
    else if (device.kind == DEVICE)
        write_register(port - BASE, (uint8_t)value);
}

static void test_init(void)
{
    reset();
    device.interrupts = 0xF;
    TAP_CHECK(ns16550_init(BASE, CLOCK_HZ));
    TAP_EQUAL(device.divisor[0] | device.divisor[1] << 8, CLOCK_HZ / 16 / KILN_CONFIG_BAUD);
    TAP_EQUAL(device.line, 3);
    TAP_EQUAL(device.interrupts, 0);
    TAP_EQUAL(device.fifos, 0x81);
    TAP_EQUAL(device.modem, 0x0B);
    TAP_EQUAL(device.outputs, 0);

    TAP_CHECK(ns16550_init(BASE, 48000000)); /* 26.04 */
    TAP_EQUAL(device.divisor[0] | device.divisor[1] << 8, 26);
    TAP_CHECK(ns16550_init(BASE, 1000000000)); /* 542.5 */
    TAP_EQUAL(device.divisor[0] | device.divisor[1] << 8, 543);
}

static void test_after_firmware(void)
{
    reset();
    device.line = 0x9F;
    device.divisor[0] = 77;
    device.busy_reads = 50;
    TAP_CHECK(ns16550_init(BASE, 0));
    TAP_CHECK(device.status_reads > 50);
    TAP_EQUAL(device.divisor_writes, 0);
    TAP_EQUAL(device.line, 3);

    reset();
    device.is_stuck = true;
    TAP_CHECK(ns16550_init(BASE, CLOCK_HZ));
    TAP_CHECK(host_cpu.counter >= host_cpu.counter_hz / 10);
    TAP_CHECK(host_cpu.counter <= host_cpu.counter_hz / 9);
}

/* What has come before is still there, whether firmware has left the FIFOs on or off. */
static void test_early_input(void)
{
    for (unsigned fifos = 0; fifos < 2; fifos++) {
        uint8_t bytes[4];
        unsigned lost = 0;

        reset();
        device.fifos = (uint8_t)fifos;
        device.input[0] = 'x';
        device.inputs = 1;
        TAP_CHECK(ns16550_init(BASE, CLOCK_HZ));
        TAP_EQUAL(ns16550_input_ops.receive(BASE, bytes, sizeof(bytes), &lost), 1);
        TAP_EQUAL(bytes[0], 'x');
    }
}

static void test_missing(void)
{
    uint8_t bytes[4];
    unsigned lost = 0;

    for (int kind = NOTHING; kind <= FLOATING_LAST; kind++) {
        reset();
        device.kind = kind;
        TAP_CHECK(!ns16550_init(BASE, CLOCK_HZ));
        TAP_CHECK(device.writes <= 3);
    }
    reset();
    ns16550_write(0, "abc", 3);
    ns16550_drain(0);
    ns16550_input_ops.interrupt(0, true);
    TAP_EQUAL(ns16550_input_ops.receive(0, bytes, sizeof(bytes), &lost), 0);
    TAP_EQUAL(device.writes, 0);
    TAP_EQUAL(host_cpu.counter, 0);
}

static void test_output(void)
{
    reset();
    ns16550_write(BASE, "ab", 1);
    ns16550_write(BASE, "\xFF\0c", 3);
    ns16550_write(BASE, "d", 0);
    TAP_EQUAL(device.outputs, 4);
    TAP_CHECK(memcmp(device.output, "a\xFF\0c", 4) == 0);

    device.is_stuck = true;
    host_cpu.counter = 0;
    ns16550_write(BASE, "e", 1);
    TAP_EQUAL(device.outputs, 4);
    TAP_CHECK(host_cpu.counter >= 20 * host_cpu.counter_hz / KILN_CONFIG_BAUD);
    TAP_CHECK(host_cpu.counter <= 40 * host_cpu.counter_hz / KILN_CONFIG_BAUD);
}

static void test_drain(void)
{
    reset();
    device.busy_reads = 40;
    ns16550_drain(BASE);
    TAP_EQUAL(device.status_reads, 41);
    TAP_EQUAL(device.writes, 0);
}

static void test_input(void)
{
    uint8_t bytes[8];
    unsigned lost = 0;

    reset();
    TAP_EQUAL(ns16550_input_ops.receive(BASE, bytes, sizeof(bytes), &lost), 0);
    for (unsigned i = 0; i < 12; i++)
        device.input[i] = 'a' + i;
    device.input[2] |= OVERRUN;
    device.input[6] = BREAK;
    device.inputs = 12;
    TAP_EQUAL(ns16550_input_ops.receive(BASE, bytes, 0, &lost), 0);
    TAP_EQUAL(device.taken, 0);
    TAP_EQUAL(ns16550_input_ops.receive(BASE, bytes, 5, &lost), 5);
    TAP_CHECK(memcmp(bytes, "abcde", 5) == 0);
    TAP_EQUAL(lost, 1);
    TAP_EQUAL(device.taken, 5);
    TAP_EQUAL(ns16550_input_ops.receive(BASE, bytes, 8, &lost), 6);
    TAP_CHECK(memcmp(bytes, "fhijkl", 6) == 0);
    TAP_EQUAL(lost, 1);
}

static void test_interrupts(void)
{
    reset();
    ns16550_input_ops.interrupt(BASE, true);
    TAP_EQUAL(device.interrupts, 1);
    ns16550_input_ops.interrupt(BASE, false);
    TAP_EQUAL(device.interrupts, 0);
}

int main(void)
{
    test_init();
    test_after_firmware();
    test_early_input();
    test_missing();
    test_output();
    test_drain();
    test_input();
    test_interrupts();
    return tap_done();
}
