/*
 * The mini-UART of the BCM2835 family. BCM2835 ARM Peripherals §2.2; its errata
 * (https://elinux.org/BCM2835_datasheet_errata) correct LCR and IER.
 */
#include <arch/mmio.h>
#include <drivers/uart.h>
#include <kiln/config.h>

/* From the start of the AUX block, which SPI 1 and 2 share. */
#define AUX_ENABLES         0x04
#define DATA                0x40
#define INTERRUPTS          0x44
#define LINE                0x4C
#define LINE_STATUS         0x54
#define CONTROL             0x60
#define DIVISOR             0x68

#define AUX_ENABLE_MINIUART (1u << 0)

/* Erratum: two bits select 8 data bits, the manual knows only one of them. */
#define LINE_8_BITS 3u

/* Erratum: the manual swaps bits 0 and 1; bits 2 and 3 must be set for receive interrupts. */
#define INTERRUPT_RECEIVE        ((1u << 0) | (3u << 2))

#define STATUS_RECEIVED          (1u << 0)
#define STATUS_OVERRUN           (1u << 1)
#define STATUS_TRANSMIT_SPACE    (1u << 5)
#define STATUS_TRANSMIT_IDLE     (1u << 6)

#define CONTROL_RECEIVE_TRANSMIT 3u

/* The registers are dead while the block is not enabled. */
static void miniuart_setup(uintptr_t base, uint32_t clock_hz)
{
    uint32_t enables = mmio_read32(base + AUX_ENABLES);

    if (!(enables & AUX_ENABLE_MINIUART))
        mmio_write32(base + AUX_ENABLES, enables | AUX_ENABLE_MINIUART);
    mmio_write32(base + INTERRUPTS, 0);
    mmio_write32(base + LINE, LINE_8_BITS);
    if (clock_hz)
        mmio_write32(base + DIVISOR,
                     (clock_hz / 4 + KILN_CONFIG_BAUD) / (2 * KILN_CONFIG_BAUD) - 1);
    if (mmio_read32(base + CONTROL) != CONTROL_RECEIVE_TRANSMIT)
        mmio_write32(base + CONTROL, CONTROL_RECEIVE_TRANSMIT);
}

/* LINE_STATUS forgets an overrun when it is read. */
static size_t miniuart_receive(uintptr_t base, uint8_t *bytes, size_t room, unsigned *lost)
{
    size_t count = 0;

    while (count < room) {
        uint32_t status = mmio_read32(base + LINE_STATUS);

        if (status & STATUS_OVERRUN)
            ++*lost;
        if (!(status & STATUS_RECEIVED))
            break;
        bytes[count++] = (uint8_t)mmio_read32(base + DATA);
    }
    return count;
}

static void miniuart_interrupt(uintptr_t base, bool enable)
{
    mmio_write32(base + INTERRUPTS, enable ? INTERRUPT_RECEIVE : 0);
}

const struct uart miniuart = {
    .setup = miniuart_setup,
    .enable = AUX_ENABLES,
    .data = DATA,
    .status = LINE_STATUS,
    .status_space = STATUS_TRANSMIT_SPACE,
    .status_idle = STATUS_TRANSMIT_IDLE,
    .status_true = 0xFF,
};
const struct uart_input_ops miniuart_input_ops = {miniuart_receive, miniuart_interrupt};
