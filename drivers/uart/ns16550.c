/* The PC's UART. National Semiconductor PC16550D data sheet (June 1995), section 8. */
#include <arch/spin.h>
#include <drivers/uart.h>
#include <kiln/config.h>
#include <x86_64/port.h>

/* The divisor stands in place of data and interrupts while LINE_DIVISOR is set. */
#define DATA              0
#define DIVISOR_LOW       0
#define DIVISOR_HIGH      1
#define INTERRUPTS        1
#define IDENTIFICATION    2 /* read */
#define FIFOS             2 /* written */
#define LINE              3
#define MODEM             4
#define LINE_STATUS       5
#define SCRATCH           7

#define INTERRUPT_RECEIVE (1u << 0)

#define FIFOS_ARE_ON      (3u << 6)
#define FIFOS_ON          (1u << 0)
#define FIFO_LEVEL_8      (2u << 6)

#define LINE_8_BITS       3u
#define LINE_DIVISOR      (1u << 7)

#define MODEM_READY       (1u << 0)
#define MODEM_REQUEST     (1u << 1)
#define MODEM_INTERRUPT   (1u << 3) /* OUT2: on a PC the gate between UART and interrupt */

/* A port of the ISA bus, or of what has taken its place, is not read any faster. */
#define READS_PER_SECOND      2000000u

#define STATUS_RECEIVED       (1u << 0)
#define STATUS_OVERRUN        (1u << 1)
#define STATUS_BREAK          (1u << 4)
#define STATUS_TRANSMIT_SPACE (1u << 5)
#define STATUS_TRANSMIT_IDLE  (1u << 6)

static uint8_t read(uintptr_t base, unsigned place)
{
    return port_read8((uint16_t)(base + place));
}

static void write(uintptr_t base, unsigned place, uint8_t value)
{
    port_write8((uint16_t)(base + place), value);
}

/* For at most 1/fraction of a second, by what a read takes: the clock would come with a PC's ways
 * to measure it, into programs that do not use it. */
static bool wait_for(uintptr_t base, uint8_t bit, uint32_t fraction)
{
    for (uint32_t left = READS_PER_SECOND / fraction; left > 0; left--) {
        if (read(base, LINE_STATUS) & bit)
            return true;
        arch_spin_relax();
    }
    return false;
}

/* Each value in turn: a bus that floats may still hold the last byte that was on it. */
static bool is_there(uintptr_t base)
{
    write(base, SCRATCH, 0x5A);
    write(base, LINE, LINE_8_BITS);
    if (read(base, SCRATCH) != 0x5A)
        return false;
    write(base, SCRATCH, 0);
    return read(base, LINE) == LINE_8_BITS && read(base, SCRATCH) == 0;
}

/* Switching the FIFOs on discards the byte that waits without them: they then stay off. */
static bool would_lose_input(uintptr_t base)
{
    return !(read(base, IDENTIFICATION) & FIFOS_ARE_ON) &&
           (read(base, LINE_STATUS) & STATUS_RECEIVED);
}

bool ns16550_init(uintptr_t base, uint32_t clock_hz)
{
    if (!is_there(base))
        return false;
    ns16550_drain(base);
    write(base, INTERRUPTS, 0);
    if (clock_hz) {
        uint32_t divisor = (clock_hz / 16 + KILN_CONFIG_BAUD / 2) / KILN_CONFIG_BAUD;

        write(base, LINE, LINE_8_BITS | LINE_DIVISOR);
        write(base, DIVISOR_LOW, (uint8_t)divisor);
        write(base, DIVISOR_HIGH, (uint8_t)(divisor >> 8));
        write(base, LINE, LINE_8_BITS);
    }
    if (!would_lose_input(base))
        write(base, FIFOS, FIFOS_ON | FIFO_LEVEL_8);
    write(base, MODEM, MODEM_READY | MODEM_REQUEST | MODEM_INTERRUPT);
    return true;
}

void ns16550_write(uintptr_t base, const char *text, size_t bytes)
{
    if (!base)
        return;
    for (const char *end = text + bytes; text < end; text++)
        if (wait_for(base, STATUS_TRANSMIT_SPACE, KILN_CONFIG_BAUD / 32))
            write(base, DATA, (uint8_t)*text);
}

void ns16550_drain(uintptr_t base)
{
    if (base)
        wait_for(base, STATUS_TRANSMIT_IDLE, 10);
}

/* LINE_STATUS forgets overruns and breaks when it is read. A break comes with a byte 0. */
static size_t ns16550_receive(uintptr_t base, uint8_t *bytes, size_t room, unsigned *lost)
{
    size_t count = 0;

    while (base && count < room) {
        uint8_t status = read(base, LINE_STATUS);
        uint8_t byte;

        if (status & STATUS_OVERRUN)
            ++*lost;
        if (!(status & STATUS_RECEIVED))
            break;
        byte = read(base, DATA);
        if (!(status & STATUS_BREAK))
            bytes[count++] = byte;
    }
    return count;
}

static void ns16550_interrupt(uintptr_t base, bool enable)
{
    if (base)
        write(base, INTERRUPTS, enable ? INTERRUPT_RECEIVE : 0);
}

const struct uart_input_ops ns16550_input_ops = {ns16550_receive, ns16550_interrupt};
