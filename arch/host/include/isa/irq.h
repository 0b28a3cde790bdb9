/* The host's part of arch/irq.h. */
#ifndef ISA_IRQ_H
#define ISA_IRQ_H

#include <isa/host.h>

static inline uintptr_t arch_irq_save(void)
{
    uintptr_t state = host_cpu.irqs_off;

    host_cpu.irqs_off = true;
    return state;
}

static inline void arch_irq_restore(uintptr_t state)
{
    bool come_through = host_cpu.irqs_off && state == 0;

    host_cpu.irqs_off = state != 0;
    if (come_through && host_cpu.interruption && !host_cpu.in_interrupt)
        host_cpu.interruption();
}

static inline void arch_irq_enable(void)
{
    host_cpu.irqs_off = false;
}

static inline void arch_irq_disable(void)
{
    host_cpu.irqs_off = true;
}

static inline bool arch_irq_state_is_off(uintptr_t state)
{
    return state != 0;
}

static inline bool arch_irqs_off(void)
{
    return host_cpu.irqs_off;
}

static inline bool arch_in_interrupt(void)
{
    return host_cpu.in_interrupt;
}

static inline uintptr_t arch_interrupted_sp(uintptr_t irq_stack_top)
{
    return irq_stack_top;
}

#endif
