/* Interrupts: from the vectors to irq/, which knows no CPU's data. */
#include <core/interrupt.h>

#include <arch/cpu.h>
#include <arch/upcall.h>
#include <core/irq_restore.h>
#include <core/percpu.h>
#include <irq/dispatch.h>
#include <kiln/irq.h>

/* With CHECKS a handler that touches an FP register, which holds the thread's data, is caught. */
uintptr_t core_interrupt(uint32_t hint)
{
#if KILN_CONFIG_IRQS_OFF_TRACE
    arch_irqs_off_begin();
#endif
    if (KILN_CONFIG_CHECKS) {
        bool fp_trapped = arch_fp_trap(true);

        irq_dispatch(hint, &arch_percpu()->interrupt);
        arch_fp_trap(fp_trapped);
    } else {
        irq_dispatch(hint, NULL);
    }
#if KILN_CONFIG_IRQS_OFF_TRACE
    if (!arch_percpu()->reschedule)
        arch_irqs_off_end();
#endif
    return (uintptr_t)arch_percpu()->reschedule;
}

bool core_interrupt_running(uint32_t *irq, uintptr_t *handler)
{
    if (!KILN_CONFIG_CHECKS || arch_percpu()->interrupt == IRQ_NONE)
        return false;
    *irq = arch_percpu()->interrupt;
    *handler = (uintptr_t)irq_handlers[*irq].function;
    return true;
}

uintptr_t kiln_irq_save(void)
{
    uintptr_t state = arch_irq_save();

#if KILN_CONFIG_IRQS_OFF_TRACE
    arch_irqs_off_forget(); /* the program's own time */
#endif
    return state;
}

void kiln_irq_restore(uintptr_t state)
{
    core_irq_restore(state);
}
