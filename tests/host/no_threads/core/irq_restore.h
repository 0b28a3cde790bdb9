/* In place of core's: no thread is woken that could run instead. */
#ifndef CORE_IRQ_RESTORE_H
#define CORE_IRQ_RESTORE_H

#include <arch/irq.h>

static inline void core_irq_restore(uintptr_t state)
{
    arch_irq_restore(state);
}

#endif
