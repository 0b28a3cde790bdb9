/*
 * UARTs: 8 data bits, no parity, one stop bit, no flow control. Several may be in use; the
 * base address says which one is meant, and no call keeps state of its own.
 *
 * Output and input are separate tables, so that an image that reads no input carries no code for
 * it.
 */
#ifndef DRIVERS_UART_H
#define DRIVERS_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uart_ops {
    /*
     * Drains the UART of what firmware has sent, then sets it up with its interrupts masked.
     * clock_hz is what drives it; 0 keeps the divisor that firmware has set. Boot. About 40
     * instructions.
     */
    void (*init)(uintptr_t base, uint32_t clock_hz, uint32_t baud);

    /*
     * Sends bytes, polled; drops each that the UART has not taken for the time of 32 bits. Any
     * context, also a panic: takes no lock. About 8 instructions for each byte.
     */
    void (*write)(uintptr_t base, const char *text, size_t bytes);

    /*
     * Waits until the last byte has left, at most 0.1 s: before the power goes, or the clock
     * changes. Also for a UART that is not set up. Any context.
     */
    void (*drain)(uintptr_t base);
};

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

extern const struct uart_ops pl011_ops;
extern const struct uart_input_ops pl011_input_ops;
extern const struct uart_ops miniuart_ops;
extern const struct uart_input_ops miniuart_input_ops;

#endif
