/* Interrupts as core sees them: setting up, and what a panic wants to know. */
#ifndef CORE_INTERRUPT_H
#define CORE_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>
#include <irq_controller.h>

/* Holds back what firmware has left, until the first handler is attached. The boot CPU, once,
 * before it lets interrupts in. */
static inline void core_interrupt_init(void)
{
    irq_controller_init();
}

/*
 * True in an interrupt handler: its interrupt's number and its address go to the results. CHECKS
 * builds only; others always say false. Any context.
 */
bool core_interrupt_running(uint32_t *irq, uintptr_t *handler);

#endif
