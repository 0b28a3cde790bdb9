/* x86_64's part of arch/irq.h: RFLAGS.IF. Intel SDM volume 1, 3.4.3 "EFLAGS Register". */
#ifndef ISA_IRQ_H
#define ISA_IRQ_H

#include <arch/percpu.h>
#include <kiln/config.h>

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

static inline bool arch_irq_state_is_off(uintptr_t state)
{
    return !(state & ISA_RFLAGS_IF);
}

static inline bool arch_irqs_off(void)
{
    return !(isa_rflags() & ISA_RFLAGS_IF);
}

/* Handlers and boot run on a CPU's emergency stacks or, a page above them, its interrupt stack. */
#define ISA_EMERGENCY_SPAN (ISA_NMI_STACK_TOP + ARCH_EMERGENCY_BYTES)
static inline bool isa_is_handler_stack(uintptr_t address)
{
    uintptr_t top;

    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(top) : "i"(PERCPU_EMERGENCY_STACK_TOP));
    return address - (top - ISA_EMERGENCY_SPAN) <
           ISA_EMERGENCY_SPAN + 4096 + KILN_CONFIG_IRQ_STACK_BYTES;
}

static inline bool arch_in_interrupt(void)
{
    uintptr_t rsp;

    __asm__ volatile("movq %%rsp, %0" : "=r"(rsp) : : "memory");
    return isa_is_handler_stack(rsp);
}

/* Intel SDM volume 3, 6.14.2: the CPU pushes ss, then rsp. */
static inline uintptr_t arch_interrupted_sp(uintptr_t irq_stack_top)
{
    return ((const uintptr_t *)irq_stack_top)[-2];
}

#endif
