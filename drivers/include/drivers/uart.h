/*
 * UARTs: 8 data bits, no parity, one stop bit, no flow control, KILN_CONFIG_BAUD. Several may be in
 * use; the base address says which one is meant, and no call keeps state of its own.
 *
 * Output is the same for every kind, but for places and bits of registers. Input is a table apart,
 * so that an image that reads no input carries no code for it.
 */
#ifndef DRIVERS_UART_H
#define DRIVERS_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A kind of UART. Registers are told as offsets from the base. */
struct uart {
    void (*setup)(uintptr_t base, uint32_t clock_hz); /* called by uart_init, once it is drained */
    uint8_t enable; /* bit 0 of this register: it is switched on */
    uint8_t data;
    uint8_t status;
    uint8_t status_space; /* bit of the status: takes another byte */
    uint8_t status_idle;  /* bit of the status: the last byte has left */
    uint8_t status_true;  /* what these bits are when that is so: 0, or 0xFF */
};

/*
 * Drains the UART of what firmware has sent, then sets it up with its interrupts masked. clock_hz
 * is what drives it; 0 keeps the divisor that firmware has set. Boot. About 50 instructions.
 */
static inline void uart_init(const struct uart *uart, uintptr_t base, uint32_t clock_hz);

/*
 * Sends bytes, polled; drops each that the UART has not taken for the time of 32 bits. Any context,
 * also a panic: takes no lock. About 30 instructions for each byte.
 */
void uart_write(const struct uart *uart, uintptr_t base, const char *text, size_t bytes);

/*
 * Waits until the last byte has left, at most 0.1 s: before the power goes, or the clock changes.
 * Nothing for a UART that is switched off. Any context.
 */
void uart_drain(const struct uart *uart, uintptr_t base);

static inline void uart_init(const struct uart *uart, uintptr_t base, uint32_t clock_hz)
{
    uart_drain(uart, base);
    uart->setup(base, clock_hz);
}

struct uart_input_ops {
    /*
     * Takes at most room bytes that have been received; adds to *lost for each overrun that the
     * UART reports. Breaks are dropped. The caller keeps other readers out; any context.
     */
    size_t (*receive)(uintptr_t base, uint8_t *bytes, size_t room, unsigned *lost);

    /* Lets the interrupt "bytes have been received" through (true) or holds it back. Any context.
     */
    void (*interrupt)(uintptr_t base, bool enable);
};

/*
 * The 16550 of a PC stands in port space and may be missing; base is the first of its 8 ports.
 *
 * init: false when nothing is there; else drained, set up with FIFOs, its interrupts masked,
 * without losing a byte that waits. clock_hz is 1,843,200 on a PC; 0 keeps the divisor that
 * firmware has set. Boot. About 60 instructions. write, drain: as uart_write and uart_drain. Base 0
 * stands for one that is missing: nothing happens, in input neither. An overrun that a write reads
 * off the status is not counted.
 */
bool ns16550_init(uintptr_t base, uint32_t clock_hz);
void ns16550_write(uintptr_t base, const char *text, size_t bytes);
void ns16550_drain(uintptr_t base);

extern const struct uart pl011;
extern const struct uart_input_ops pl011_input_ops;
extern const struct uart miniuart;
extern const struct uart_input_ops miniuart_input_ops;
extern const struct uart_input_ops ns16550_input_ops;

#endif
