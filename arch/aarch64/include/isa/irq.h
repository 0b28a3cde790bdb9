/* AArch64's part of arch/irq.h. Writes to DAIF need no isb: they take effect in program order. */
#ifndef ISA_IRQ_H
#define ISA_IRQ_H

/* DAIF.I: interrupts are masked. Arm ARM (DDI 0487), DAIF. */
#define ISA_DAIF_I 0x80u

static inline uintptr_t arch_irq_save(void)
{
    uintptr_t state;

    __asm__ volatile("mrs %0, daif\n\tmsr daifset, #2" : "=r"(state) : : "memory");
    return state;
}

static inline void arch_irq_restore(uintptr_t state)
{
    __asm__ volatile("msr daif, %0" : : "r"(state) : "memory");
}

static inline void arch_irq_enable(void)
{
    __asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void arch_irq_disable(void)
{
    __asm__ volatile("msr daifset, #2" : : : "memory");
}

static inline bool arch_irq_state_is_off(uintptr_t state)
{
    return state & ISA_DAIF_I;
}

static inline bool arch_irqs_off(void)
{
    uint64_t daif;

    __asm__ volatile("mrs %0, daif" : "=r"(daif) : : "memory");
    return daif & ISA_DAIF_I;
}

/* Threads run on SP_EL0, handlers and boot on SP_EL1. */
static inline bool arch_in_interrupt(void)
{
    uint64_t spsel;

    __asm__ volatile("mrs %0, spsel" : "=r"(spsel) : : "memory");
    return spsel & 1;
}

static inline uintptr_t arch_interrupted_sp(uintptr_t irq_stack_top)
{
    uintptr_t sp;

    (void)irq_stack_top;
    __asm__ volatile("mrs %0, sp_el0" : "=r"(sp) : : "memory");
    return sp;
}

#endif
