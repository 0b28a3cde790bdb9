/* What is the same for every kind of UART. */
#include <drivers/uart.h>

#include <arch/mmio.h>
#include <drivers/wait.h>
#include <kiln/config.h>

#define ENABLED 1u

static bool wait_for(const struct uart *uart, uintptr_t base, uint8_t bit, uint32_t fraction)
{
    return wait_for_bits(base + uart->status, bit, bit & uart->status_true, fraction);
}

void uart_drain(const struct uart *uart, uintptr_t base)
{
    if (mmio_read32(base + uart->enable) & ENABLED)
        wait_for(uart, base, uart->status_idle, 10);
}

void uart_write(const struct uart *uart, uintptr_t base, const char *text, size_t bytes)
{
    for (const char *end = text + bytes; text < end; text++)
        if (wait_for(uart, base, uart->status_space, KILN_CONFIG_BAUD / 32))
            mmio_write32(base + uart->data, (uint8_t)*text);
}
