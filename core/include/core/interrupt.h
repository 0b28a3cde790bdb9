/* Interrupts as core sees them: setting up, and what a panic wants to know. */
#ifndef CORE_INTERRUPT_H
#define CORE_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Puts the interrupt controller into a known state and gives irq/ the memory for its table (early
 * pages). The boot CPU, once, after early pages are there.
 */
void core_interrupt_init(void);

/*
 * True in an interrupt handler: its interrupt's number and its address go to the results. CHECKS
 * builds only; others always say false. Any context.
 */
bool core_interrupt_running(uint32_t *irq, uintptr_t *handler);

#endif
