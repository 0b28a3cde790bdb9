/* The arch contract: masking interrupts on this CPU. Any context; each is a compiler barrier. */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include <stdbool.h>
#include <stdint.h>
#include <kiln/config.h>

/* Masks interrupts and returns the state before, for arch_irq_restore. Nests. */
static inline uintptr_t arch_irq_save(void);
static inline void arch_irq_restore(uintptr_t state);

static inline void arch_irq_enable(void);
static inline void arch_irq_disable(void);

/* Whether interrupts were masked when arch_irq_save returned that. */
static inline bool arch_irq_state_is_off(uintptr_t state);

/* True while interrupts are masked. */
static inline bool arch_irqs_off(void);

/* True in an interrupt or exception handler, false in a thread. */
static inline bool arch_in_interrupt(void);

/* In an interrupt handler, whose stack ends there: the stack pointer of the thread that it has
 * interrupted. */
static inline uintptr_t arch_interrupted_sp(uintptr_t irq_stack_top);

#include <isa/irq.h>

#if KILN_CONFIG_IRQS_OFF_TRACE
#include <arch/irqs_off.h>
#endif

#endif
