/*
 * What irq/ stands on, on the host: registers are memory at the addresses that a board has them at,
 * and the log and panics are counted.
 */
#ifndef IRQ_SUPPORT_H
#define IRQ_SUPPORT_H

#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <irq/dispatch.h>
#include <isa/host.h>
#include <kiln/log.h>
#include <kiln/panic.h>
#include "test.h"

#define UNTOUCHED 0x5A5A5A5Au

static unsigned log_lines;
static unsigned handler_calls;
static uintptr_t handler_argument;
static uint32_t running = IRQ_NONE, running_in_handler;

void kiln_log_write(enum kiln_log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
    log_lines++;
}

/* No handler runs meanwhile. */
int kiln_irq_defer(struct kiln_deferred *deferred)
{
    deferred->function(deferred->argument);
    return 0;
}

_Noreturn void kiln_panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    printf("Bail out! panic: ");
    vprintf(format, arguments);
    va_end(arguments);
    exit(1);
}

_Noreturn void kiln_assert_failed(const char *expression, const char *file, int line,
                                  const char *function)
{
    kiln_panic("%s:%d: %s: %s", file, line, function, expression);
}

static inline void handle(void *argument)
{
    handler_calls++;
    handler_argument = (uintptr_t)argument;
    running_in_handler = running;
}

/* Registers that nobody has written hold UNTOUCHED. */
static inline void map_registers(uintptr_t address, size_t bytes)
{
    void *place = mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (place != (void *)address) {
        puts("Bail out! the registers' address is taken");
        exit(1);
    }
    memset(place, UNTOUCHED & 0xFF, bytes);
}

static inline volatile uint32_t *reg(uintptr_t address)
{
    return (volatile uint32_t *)address;
}

/* The table's memory holds anything before it is first used. */
static inline void prepare_table(void)
{
    memset(irq_handlers, 0xFF, sizeof(irq_handlers));
}

#endif
