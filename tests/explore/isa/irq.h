/* The explorer's part of arch/irq.h. */
#ifndef ISA_IRQ_H
#define ISA_IRQ_H

#include <isa/host.h>

static inline uintptr_t arch_irq_save(void)
{
    return host_irq_save();
}

static inline void arch_irq_restore(uintptr_t state)
{
    host_irq_set(state != 0);
}

static inline void arch_irq_enable(void)
{
    host_irq_set(false);
}

static inline void arch_irq_disable(void)
{
    host_irq_save();
}

static inline bool arch_irq_state_is_off(uintptr_t state)
{
    return state != 0;
}

static inline bool arch_irqs_off(void)
{
    return host_irqs_off();
}

static inline bool arch_in_interrupt(void)
{
    return host_in_interrupt();
}

#endif
