/* Letting interrupts through again after threads may have been woken. */
#ifndef CORE_IRQ_RESTORE_H
#define CORE_IRQ_RESTORE_H

#include <arch/irq.h>
#include <core/percpu.h>

/* Restores the interrupt state for who may have woken threads meanwhile: one of them may run now.
 * Any context. */
static inline void core_irq_restore(uintptr_t state)
{
    void (*reschedule)(void) = arch_percpu()->reschedule;

    if (__builtin_expect(reschedule != NULL, 0) && !arch_irq_state_is_off(state))
        reschedule();
    arch_irq_restore(state);
}

#endif
