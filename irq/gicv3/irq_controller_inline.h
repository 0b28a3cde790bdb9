/*
 * GICv3 (Arm IHI 0069) with affinity routing and the CPU interface's system registers. Numbers:
 * 0-15 software-generated, 16-31 private to each CPU, from 32 shared. No LPIs.
 */
#ifndef IRQ_CONTROLLER_INLINE_H
#define IRQ_CONTROLLER_INLINE_H

#define IRQ_CONTROLLER_IPI  0
#define IRQ_CONTROLLER_CPUS 16

/* IHI 0069, 2.2.1: numbers from 1020 on name no interrupt. */
#define GICV3_FIRST_SPECIAL       1020u

#define IRQ_CONTROLLER_MOST       GICV3_FIRST_SPECIAL
#define IRQ_CONTROLLER_OPEN_FIRST 0u /* that software makes pending */
#define IRQ_CONTROLLER_OPEN_COUNT 16u

/* The dsb makes the interrupt active before anything that follows (IHI 0069, 4.1.1). */
static inline uint32_t irq_claim(uint32_t hint)
{
    uint64_t irq;

    (void)hint;
    __asm__ volatile("mrs %0, S3_0_C12_C12_0\n\tdsb sy"
                     : "=r"(irq)
                     :
                     : "memory"); /* ICC_IAR1_EL1 */
    return irq < GICV3_FIRST_SPECIAL ? (uint32_t)irq : IRQ_NONE;
}

static inline uint32_t irq_claim_number(uint32_t claim)
{
    return claim;
}

/* The exception return that follows makes it take effect. */
static inline void irq_end(uint32_t claim)
{
    uint64_t irq = claim;

    __asm__ volatile("msr S3_0_C12_C12_1, %0" : : "r"(irq) : "memory"); /* ICC_EOIR1_EL1 */
}

#endif
