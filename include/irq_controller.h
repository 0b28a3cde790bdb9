/*
 * The interrupt controller contract. One controller is linked into an image; there is no table of
 * pointers. Numbers are the controller's own and each board names its own in board.h.
 *
 * A claimed interrupt is always ended exactly once, also a spurious or unhandled one, except that
 * IRQ_NONE is not ended. Calls are safe on any CPU; those that say "this CPU" need interrupts
 * masked. None sleeps.
 */
#ifndef IRQ_CONTROLLER_H
#define IRQ_CONTROLLER_H

#include <stdint.h>

#define IRQ_NONE 0xFFFFFFFFu

/* Number of interrupt numbers, known after irq_controller_init; numbers are below it. */
unsigned irq_controller_count(void);

/* Puts the controller into a known state: all masked, nothing pending, this CPU able to receive.
 * The boot CPU, once. */
void irq_controller_init(void);

/* The same for what each CPU has of its own. This CPU, once, on every other CPU. */
void irq_controller_init_cpu(void);

/* Takes the most urgent pending interrupt of this CPU, or IRQ_NONE. */
static inline uint32_t irq_claim(void);

/* Ends what irq_claim returned. This CPU. */
static inline void irq_end(uint32_t irq);

/* Lets an interrupt through or holds it back; per-CPU interrupts act on this CPU. */
void irq_unmask(uint32_t irq);
void irq_mask(uint32_t irq);

/* The number under which irq_send_ipi arrives on a CPU. */
#define IRQ_IPI IRQ_CONTROLLER_IPI

/* Interrupts another CPU (or this one) by IRQ_IPI; what was stored before is visible there. */
void irq_send_ipi(unsigned cpu);

/* Supplied by the linked controller (irq/controller_*.h is selected by the board). */
#include <irq_controller_inline.h>

#endif
