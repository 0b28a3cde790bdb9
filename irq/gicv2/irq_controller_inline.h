/*
 * GICv2 (Arm IHI 0048B), such as the GIC-400 of a Pi 4. Numbers: 0-15 software-generated, 16-31
 * private to each CPU, from 32 shared. CPU n has CPU interface n.
 */
#ifndef IRQ_CONTROLLER_INLINE_H
#define IRQ_CONTROLLER_INLINE_H

#include <arch/mmio.h>

#define IRQ_CONTROLLER_IPI  0
#define IRQ_CONTROLLER_CPUS 8

/* IHI 0048B 4.4.4: GICC_IAR's interrupt ID; from 1020 on it names no interrupt (3.2.5). */
#define GICC_IAR                  0x0Cu
#define GICC_EOIR                 0x10u
#define GICC_IAR_ID               0x3FFu
#define GICC_FIRST_SPECIAL        1020u

#define IRQ_CONTROLLER_MOST       GICC_FIRST_SPECIAL
#define IRQ_CONTROLLER_OPEN_FIRST 0u /* that software makes pending */
#define IRQ_CONTROLLER_OPEN_COUNT 16u

/* The base, so that the compiler keeps it in a register from the claim to the end and does not
 * build the address of each register anew. */
static inline uintptr_t gicc_base(void)
{
    uintptr_t base = KILN_GICC_BASE;

    __asm__("" : "+r"(base));
    return base;
}

/* The claim also holds the CPU that sent a software-generated interrupt, which GICC_EOIR wants
 * back (4.4.5). */
static inline uint32_t irq_claim(uint32_t hint)
{
    uint32_t claim = mmio_read32(gicc_base() + GICC_IAR);

    (void)hint;
    return (claim & GICC_IAR_ID) < GICC_FIRST_SPECIAL ? claim : IRQ_NONE;
}

static inline uint32_t irq_claim_number(uint32_t claim)
{
    return claim & GICC_IAR_ID;
}

static inline void irq_end(uint32_t claim)
{
    mmio_write32(gicc_base() + GICC_EOIR, claim);
}

#endif
