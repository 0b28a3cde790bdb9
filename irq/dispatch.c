/* The handler table and the public calls on it. */
#include <irq/dispatch.h>

#include <errno.h>
#include <string.h>
#include <arch/barrier.h>
#include <arch/irq.h>
#include <arch/spin.h>
#include <kiln/log.h>
#include <kiln/panic.h>

struct irq_handler *irq_handlers;

/* Held, with interrupts masked, while the table changes. */
static arch_spinlock_t table_lock;
static bool is_table_clear; /* atomic; changes under table_lock */

/* The first one clears the table, which costs a program nothing that has no interrupts. */
static uintptr_t lock_table(void)
{
    uintptr_t state = arch_irq_save();

    if (KILN_CONFIG_SMP)
        arch_spin_lock(&table_lock);
    if (!is_table_clear) {
        memset(irq_handlers, 0, irq_table_bytes());
        __atomic_store_n(&is_table_clear, true, __ATOMIC_RELAXED);
    }
    return state;
}

static void unlock_table(uintptr_t state)
{
    if (KILN_CONFIG_SMP)
        arch_spin_unlock(&table_lock);
    arch_irq_restore(state);
}

size_t irq_table_bytes(void)
{
    return irq_controller_count() * sizeof(struct irq_handler);
}

void irq_set_table(void *table)
{
    irq_handlers = table;
}

void irq_unhandled(uint32_t irq)
{
    irq_mask(irq);
    kiln_log_warning("interrupt %u has no handler and is masked now", (unsigned)irq);
}

int kiln_irq_attach(unsigned irq, kiln_irq_handler_t handler, void *argument)
{
    if (irq >= irq_controller_count() || !handler)
        return -EINVAL;
    uintptr_t state = lock_table();
    bool taken = irq_handlers[irq].function != NULL;

    if (!taken) {
        irq_handlers[irq] = (struct irq_handler){.function = handler, .argument = argument};
        if (KILN_CONFIG_SMP)
            arch_barrier_smp_write();
        irq_configure(irq);
        irq_unmask(irq);
    }
    unlock_table(state);
    return taken ? -EBUSY : 0;
}

int kiln_irq_detach(unsigned irq)
{
    if (irq >= irq_controller_count())
        return -EINVAL;
    uintptr_t state = lock_table();

    irq_mask(irq);
    irq_handlers[irq] = (struct irq_handler){0};
    unlock_table(state);
    return 0;
}

void kiln_irq_mask(unsigned irq)
{
    KILN_ASSERT(irq < irq_controller_count());
    if (irq < irq_controller_count())
        irq_mask(irq);
}

void kiln_irq_unmask(unsigned irq)
{
    KILN_ASSERT(irq < irq_controller_count());
    if (irq >= irq_controller_count())
        return;
    if (!__atomic_load_n(&is_table_clear, __ATOMIC_RELAXED))
        unlock_table(lock_table());
    irq_unmask(irq);
}

uintptr_t kiln_irq_save(void)
{
    return arch_irq_save();
}

void kiln_irq_restore(uintptr_t state)
{
    arch_irq_restore(state);
}
