/* ARM PrimeCell UART (PL011). ARM DDI 0183G, chapter 3. */
#include <arch/mmio.h>
#include <drivers/uart.h>
#include <kiln/config.h>

#define DATA               0x00
#define FLAGS              0x18
#define DIVISOR_INTEGER    0x24
#define DIVISOR_64THS      0x28
#define LINE_CONTROL       0x2C
#define CONTROL            0x30
#define FIFO_LEVELS        0x34
#define INTERRUPT_MASK     0x38

#define DATA_BREAK         (1u << 10)
#define DATA_OVERRUN       (1u << 11)

#define FLAG_BUSY          (1u << 3)
#define FLAG_RECEIVE_EMPTY (1u << 4)
#define FLAG_TRANSMIT_FULL (1u << 5)

#define LINE_FIFOS         (1u << 4)
#define LINE_8_BITS        (3u << 5)

#define CONTROL_UART       (1u << 0)
#define CONTROL_TRANSMIT   (1u << 8)
#define CONTROL_RECEIVE    (1u << 9)

/* An eighth of a FIFO, receive and transmit. */
#define FIFO_LEVEL_EIGHTH 0

#define INTERRUPT_RECEIVE (1u << 4)
#define INTERRUPT_TIMEOUT (1u << 6)

static void pl011_setup(uintptr_t base, uint32_t clock_hz)
{
    uint32_t line = LINE_8_BITS | LINE_FIFOS;
    bool was_on = mmio_read32(base + CONTROL) & CONTROL_UART;

    mmio_write32(base + CONTROL, 0);
    mmio_write32(base + INTERRUPT_MASK, 0);
    if (clock_hz) {
        uint32_t divisor_64ths = (clock_hz * 4 + KILN_CONFIG_BAUD / 2) / KILN_CONFIG_BAUD;

        mmio_write32(base + DIVISOR_INTEGER, divisor_64ths >> 6);
        mmio_write32(base + DIVISOR_64THS, divisor_64ths & 63);
    }
    /* Enabling the FIFOs discards what waits. Only QEMU receives while the UART is off, and it
     * loses nothing without FIFOs. */
    if (!was_on && !(mmio_read32(base + FLAGS) & FLAG_RECEIVE_EMPTY))
        line = LINE_8_BITS;
    mmio_write32(base + LINE_CONTROL, line);
    mmio_write32(base + CONTROL, CONTROL_UART | CONTROL_TRANSMIT | CONTROL_RECEIVE);
}

static size_t pl011_receive(uintptr_t base, uint8_t *bytes, size_t room, unsigned *lost)
{
    size_t count = 0;

    while (count < room && !(mmio_read32(base + FLAGS) & FLAG_RECEIVE_EMPTY)) {
        uint32_t data = mmio_read32(base + DATA);

        if (data & DATA_OVERRUN)
            ++*lost;
        if (!(data & DATA_BREAK))
            bytes[count++] = (uint8_t)data;
    }
    return count;
}

/* The timeout interrupt covers bytes that stay below the FIFO's level. */
static void pl011_interrupt(uintptr_t base, bool enable)
{
    mmio_write32(base + FIFO_LEVELS, FIFO_LEVEL_EIGHTH);
    mmio_write32(base + INTERRUPT_MASK, enable ? INTERRUPT_RECEIVE | INTERRUPT_TIMEOUT : 0);
}

const struct uart pl011 = {
    .setup = pl011_setup,
    .enable = CONTROL,
    .data = DATA,
    .status = FLAGS,
    .status_space = FLAG_TRANSMIT_FULL,
    .status_idle = FLAG_BUSY,
    .status_true = 0,
};
const struct uart_input_ops pl011_input_ops = {pl011_receive, pl011_interrupt};
