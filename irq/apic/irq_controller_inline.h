/*
 * The PC's APICs: local ones (Intel SDM volume 3, chapter 11) and I/O APICs (Intel 82093AA data
 * sheet); board_apic_topology() says which there are. Interrupt n has vector n + 32. Numbers:
 *
 *    0-15   the ISA bus's, wherever its lines arrive; edge and active high, or as firmware says
 *    16-218 global system interrupts: level, active low; those beyond the last input are vectors
 *           that only software sends, and 96 cannot be used
 *    219    this CPU's local APIC: errors
 *    220    this CPU's timer
 *    222    the IPI
 *
 * All but the CPUs' own are delivered to CPU 0. An edge that comes while its interrupt is held back
 * is remembered, once, and comes through with the next unmask.
 */
#ifndef IRQ_CONTROLLER_INLINE_H
#define IRQ_CONTROLLER_INLINE_H

#include <apic.h>
#include <x86_64/lapic.h>

#define IRQ_CONTROLLER_CPUS       APIC_CPUS_MOST
#define IRQ_CONTROLLER_MOST       224
#define IRQ_CONTROLLER_OPEN_FIRST 219u /* the local ones */
#define IRQ_CONTROLLER_OPEN_COUNT 5u
#define IRQ_CONTROLLER_IPI        (LAPIC_VECTOR_IPI - APIC_FIRST_VECTOR)

/* Vectors below are exceptions. */
#define APIC_FIRST_VECTOR 32u

/* Whether an interrupt comes through; each is atomic. All are held back before the start. */
enum apic_state { APIC_HELD, APIC_OPEN, APIC_HELD_PENDING };
extern uint8_t apic_states[IRQ_CONTROLLER_MOST];

/* Takes an interrupt that is held back: ends and, if it was an edge, remembers it. IRQ_NONE, or the
 * interrupt when another CPU has just opened it. */
uint32_t apic_claim_held(uint32_t irq);

/* The CPU says by the vector which interrupt it has taken. */
static inline uint32_t irq_claim(uint32_t hint)
{
    uint32_t irq = hint - APIC_FIRST_VECTOR;

    if (__builtin_expect(__atomic_load_n(&apic_states[irq], __ATOMIC_RELAXED) != APIC_OPEN, 0))
        return apic_claim_held(irq);
    if (irq >= IRQ_CONTROLLER_MOST)
        __builtin_unreachable();
    return irq;
}

static inline uint32_t irq_claim_number(uint32_t claim)
{
    return claim;
}

/* A level that is still there comes again. */
static inline void irq_end(uint32_t claim)
{
    (void)claim;
    lapic_end();
}

#endif
