/* The table of interrupt handlers, and the way from a pending interrupt to its handler. */
#ifndef IRQ_DISPATCH_H
#define IRQ_DISPATCH_H

#include <stddef.h>
#include <stdint.h>
#include <irq_controller.h>
#include <kiln/irq.h>
#include <kiln/trace.h>

/*
 * One entry per interrupt number; valid once an interrupt has been let through. Written under the
 * lock in dispatch.c while the interrupt is masked; read by the CPU that has claimed the interrupt.
 * An interrupt that a program has attached nothing to has a handler too: it masks the interrupt and
 * says so in the log.
 */
struct irq_handler {
    kiln_irq_handler_t function;
    void *argument;
};
extern struct irq_handler irq_handlers[IRQ_MOST];

/* How many interrupts have a handler that was attached. Any context. */
unsigned irq_count_handlers(void);

/*
 * Takes one interrupt, runs its handler and ends it; a spurious one passes. `hint` is irq_claim's.
 * Stores the number in *running meanwhile, if running is not NULL, and IRQ_NONE afterwards. This
 * CPU, interrupts masked.
 */
static inline void irq_dispatch(uint32_t hint, uint32_t *running)
{
    uint32_t claim = irq_claim(hint);

    if (__builtin_expect(claim == IRQ_NONE, 0))
        return;
    uint32_t irq = irq_claim_number(claim);
    const struct irq_handler *entry = irq_handlers + irq;
    __asm__("" : "+r"(entry)); /* one address, from which one instruction loads both words */
    kiln_irq_handler_t function = entry->function;
    void *argument = entry->argument;

    if (running)
        *running = irq;
    KILN_TRACE(KILN_TRACE_INTERRUPT_BEGIN, irq, 0);
    function(argument);
    KILN_TRACE(KILN_TRACE_INTERRUPT_END, irq, 0);
    irq_end(claim);
    if (running)
        *running = IRQ_NONE;
}

#endif
