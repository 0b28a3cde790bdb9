/* x86_64's part of arch/irq.h: RFLAGS.IF. Intel SDM volume 1, 3.4.3 "EFLAGS Register". */
#ifndef ISA_IRQ_H
#define ISA_IRQ_H

#define ISA_RFLAGS_IF 0x200u

static inline uintptr_t isa_rflags(void)
{
    uintptr_t rflags;

    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(rflags) : : "memory");
    return rflags;
}

static inline void arch_irq_enable(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void arch_irq_disable(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline uintptr_t arch_irq_save(void)
{
    uintptr_t state = isa_rflags();

    arch_irq_disable();
    return state;
}

/* Interrupts are masked still, and a branch is far cheaper than writing all flags. */
static inline void arch_irq_restore(uintptr_t state)
{
    if (state & ISA_RFLAGS_IF)
        arch_irq_enable();
    else
        __asm__ volatile("" : : : "memory");
}

static inline bool arch_irqs_off(void)
{
    return !(isa_rflags() & ISA_RFLAGS_IF);
}

#endif
