/*
 * How long interrupts are masked at a time: IRQS_OFF_TRACE=1. Whoever masks them and lets them
 * through again tells core/. What assembly does is told by those who call it.
 */
#ifndef ARCH_IRQS_OFF_H
#define ARCH_IRQS_OFF_H

#include <arch/irq.h>

/* Upcalls: interrupts have just been masked; are about to come through; stay masked, but what
 * follows does not count. Interrupts masked. Some 20 instructions, which count. */
void arch_irqs_off_begin(void);
void arch_irqs_off_end(void);
void arch_irqs_off_forget(void);

__attribute__((always_inline)) static inline uintptr_t traced_irq_save(void)
{
    uintptr_t state = arch_irq_save();

    if (!arch_irq_state_is_off(state))
        arch_irqs_off_begin();
    return state;
}

__attribute__((always_inline)) static inline void traced_irq_restore(uintptr_t state)
{
    if (!arch_irq_state_is_off(state))
        arch_irqs_off_end();
    arch_irq_restore(state);
}

__attribute__((always_inline)) static inline void traced_irq_enable(void)
{
    if (arch_irqs_off())
        arch_irqs_off_end();
    arch_irq_enable();
}

__attribute__((always_inline)) static inline void traced_irq_disable(void)
{
    bool were_on = !arch_irqs_off();

    arch_irq_disable();
    if (were_on)
        arch_irqs_off_begin();
}

#define arch_irq_save    traced_irq_save
#define arch_irq_restore traced_irq_restore
#define arch_irq_enable  traced_irq_enable
#define arch_irq_disable traced_irq_disable

#endif
