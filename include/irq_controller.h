/*
 * The interrupt controller contract. One controller is linked into an image; there is no table of
 * pointers. Numbers are the controller's own; docs/boards.md names those of each board.
 *
 * A claim is always ended exactly once, also that of an unhandled interrupt, except that IRQ_NONE
 * is not ended. Calls are safe on any CPU; those that say "this CPU" need interrupts masked. None
 * sleeps.
 *
 * The controller is irq/NAME.c, with irq/NAME/irq_controller_inline.h on the include path; where it
 * stands is told by definitions when irq/ and core/ are compiled:
 *
 *   gicv2    KILN_GICD_BASE, KILN_GICC_BASE     distributor, CPU interface
 *   gicv3    KILN_GICD_BASE, KILN_GICR_BASE     distributor, first redistributor
 *   bcm2836  KILN_BCM2836_BASE, KILN_BCM2835_BASE  per-core block, peripherals (its interrupt
 *                                               controller at + 0xB200 is chained)
 */
#ifndef IRQ_CONTROLLER_H
#define IRQ_CONTROLLER_H

#include <stdint.h>

#define IRQ_NONE 0xFFFFFFFFu

/* The number under which irq_send_ipi arrives on a CPU, how many CPUs can be served, and how many
 * interrupts the largest controller of the kind has. */
#define IRQ_IPI  IRQ_CONTROLLER_IPI
#define IRQ_CPUS IRQ_CONTROLLER_CPUS
#define IRQ_MOST IRQ_CONTROLLER_MOST

/* Those that may come though nobody has unmasked them: so many from that number on. */
#define IRQ_OPEN_FIRST IRQ_CONTROLLER_OPEN_FIRST
#define IRQ_OPEN_COUNT IRQ_CONTROLLER_OPEN_COUNT

/* Count of interrupt numbers, known after irq_controller_start, at most IRQ_MOST; numbers are below
 * it. */
unsigned irq_controller_count(void);

/* Holds all interrupts back, whatever firmware or an earlier run left. The boot CPU, once, at
 * boot. */
void irq_controller_init(void);

/* Puts the controller into a known state: all masked, nothing pending, this CPU able to receive.
 * The boot CPU, once, before the first interrupt is let through: a program without interrupts does
 * without it. */
void irq_controller_start(void);

/* The same for what each CPU has of its own. This CPU, once, on every other CPU, afterwards. */
void irq_controller_init_cpu(void);

/* Takes the most urgent pending interrupt of this CPU, or IRQ_NONE. `hint` is what the CPU says of
 * it: on x86_64 its vector. Where the CPU says nothing (ARM) it is anything, and not looked at. */
static inline uint32_t irq_claim(uint32_t hint);

/* The number of the interrupt that was claimed; always below irq_controller_count(). */
static inline uint32_t irq_claim_number(uint32_t claim);

/* Ends what irq_claim returned. This CPU. */
static inline void irq_end(uint32_t claim);

/* Gives a masked interrupt its defaults: the one priority that all have, delivered to CPU 0 unless
 * it is per CPU. Before it is unmasked for the first time. */
void irq_configure(uint32_t irq);

/* Lets an interrupt through or holds it back; per-CPU interrupts act on this CPU. */
void irq_unmask(uint32_t irq);
void irq_mask(uint32_t irq);

/* Interrupts another CPU (or this one) by IRQ_IPI; what was stored before is visible there. */
void irq_send_ipi(unsigned cpu);

#include <irq_controller_inline.h>

#endif
