/*
 * BCM2836 and BCM2837 (Pi 2 and 3): the per-core block ("BCM2836 ARM-local peripherals", QA7) and
 * below it the VideoCore's own controller ("BCM2835 ARM Peripherals", chapter 7). Numbers:
 *
 *    0-3    generic timers of this CPU: CNTPS, CNTPNS, CNTHP, CNTV
 *    4-7    mailboxes 0-3 of this CPU; 4 is the IPI and its mailbox is emptied by the claim
 *    9      performance counters of this CPU
 *    32-95  VideoCore interrupts 0-63, CPU 0 only
 *    96-103 ARM interrupts 0-7 of the VideoCore's controller, CPU 0 only
 *
 * All are levels: a handler has to silence its device, and the end tells the controller nothing.
 */
#ifndef IRQ_CONTROLLER_INLINE_H
#define IRQ_CONTROLLER_INLINE_H

#include <arch/cpu.h>
#include <arch/mmio.h>

#define IRQ_CONTROLLER_IPI        4
#define IRQ_CONTROLLER_CPUS       4

#define BCM2836_VIDEOCORE         32u
#define BCM2836_ARM               96u
#define BCM2836_COUNT             104u

#define IRQ_CONTROLLER_MOST       BCM2836_COUNT
#define IRQ_CONTROLLER_OPEN_FIRST 0u /* there is none */
#define IRQ_CONTROLLER_OPEN_COUNT 1u

/* QA7 4.10: sources of the interrupt of a core; 8 is the VideoCore's controller. */
#define BCM2836_PENDING(cpu)       (KILN_BCM2836_BASE + 0x60u + 4 * (cpu))
#define BCM2836_SOURCES            0x2FFu
#define BCM2836_SOURCE_VIDEOCORE   0x100u
#define BCM2836_MAILBOX_CLEAR(cpu) (KILN_BCM2836_BASE + 0xC0u + 16 * (cpu))

/* Takes an interrupt of the VideoCore's controller, or IRQ_NONE. */
uint32_t bcm2836_claim_videocore(void);

/* The lowest source is the most urgent: timers, then mailboxes, then devices. */
static inline uint32_t irq_claim(uint32_t hint)
{
    unsigned cpu = arch_cpu_id();
    uint32_t pending = mmio_read32(BCM2836_PENDING(cpu));
    uint32_t irq;

    (void)hint;
    if (__builtin_expect((pending & BCM2836_SOURCES) == 0, 0))
        return pending & BCM2836_SOURCE_VIDEOCORE ? bcm2836_claim_videocore() : IRQ_NONE;
    irq = (uint32_t)__builtin_ctz(pending & BCM2836_SOURCES);
    if (irq == IRQ_CONTROLLER_IPI)
        mmio_write32(BCM2836_MAILBOX_CLEAR(cpu), 0xFFFFFFFFu);
    __asm__("" : "+r"(irq)); /* no second way for a number that is known */
    return irq;
}

static inline uint32_t irq_claim_number(uint32_t claim)
{
    return claim;
}

static inline void irq_end(uint32_t claim)
{
    (void)claim;
}

#endif
