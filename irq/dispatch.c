/* The handler table and the public calls on it. */
#include <irq/dispatch.h>

#include <errno.h>
#include <arch/barrier.h>
#include <arch/irq.h>
#include <arch/spin.h>
#include <kiln/log.h>
#include <kiln/panic.h>

struct irq_handler irq_handlers[IRQ_MOST] KILN_NOINIT;

/* Held, with interrupts masked, while the table changes. */
static arch_spinlock_t table_lock;

/* Which entries are valid; table_lock. The others belong to interrupts that nobody has unmasked:
 * writing them all at the start would take thousands of instructions, interrupts masked. */
static uint32_t is_valid[(IRQ_MOST + 31) / 32];
static unsigned attached; /* handlers; atomic; changes under table_lock */
static bool is_started;   /* atomic; changes under table_lock */

/* Interrupts without a handler that are still to be told of: atomic. */
static uint32_t unhandled[(IRQ_MOST + 31) / 32];

static void tell_unhandled(void *unused)
{
    (void)unused;
    for (unsigned word = 0; word < (IRQ_MOST + 31) / 32; word++) {
        uint32_t bits = __atomic_exchange_n(&unhandled[word], 0, __ATOMIC_ACQUIRE);

        for (; bits; bits &= bits - 1)
            kiln_log_warning("interrupt %u has no handler and is masked now",
                             32 * word + (unsigned)__builtin_ctz(bits));
    }
}

/* What an interrupt without a handler runs. A line on the console takes long: it is written when
 * the interrupt has ended. */
static void mask_unhandled(void *argument)
{
    static KILN_DEFERRED(tell, tell_unhandled, NULL);
    uint32_t irq = (uint32_t)(uintptr_t)argument;

    irq_mask(irq);
    __atomic_fetch_or(&unhandled[irq / 32], UINT32_C(1) << irq % 32, __ATOMIC_RELEASE);
    kiln_irq_defer(&tell);
}

static void clear(uint32_t irq)
{
    irq_handlers[irq] =
        (struct irq_handler){.function = mask_unhandled, .argument = (void *)(uintptr_t)irq};
}

/* The lock. */
static void make_valid(uint32_t irq)
{
    uint32_t bit = UINT32_C(1) << irq % 32;

    if (is_valid[irq / 32] & bit)
        return;
    is_valid[irq / 32] |= bit;
    clear(irq);
}

static void start(void)
{
    irq_controller_start();
    for (uint32_t n = 0; n < IRQ_OPEN_COUNT; n++)
        make_valid(IRQ_OPEN_FIRST + n);
    __atomic_store_n(&is_started, true, __ATOMIC_RELEASE);
}

static uintptr_t lock_table(void)
{
    uintptr_t state = arch_irq_save();

    if (KILN_CONFIG_SMP)
        arch_spin_lock(&table_lock);
    if (!is_started)
        start();
    return state;
}

static void unlock_table(uintptr_t state)
{
    if (KILN_CONFIG_SMP)
        arch_spin_unlock(&table_lock);
    arch_irq_restore(state);
}

/* The first call starts the controller, which costs a program nothing that has no interrupts. */
static bool exists(unsigned irq)
{
    if (!__atomic_load_n(&is_started, __ATOMIC_ACQUIRE))
        unlock_table(lock_table());
    return irq < irq_controller_count();
}

int kiln_irq_attach(unsigned irq, kiln_irq_handler_t handler, void *argument)
{
    if (!exists(irq) || !handler)
        return -EINVAL;
    uintptr_t state = lock_table();

    make_valid(irq);
    bool taken = irq_handlers[irq].function != mask_unhandled;

    if (!taken) {
        irq_handlers[irq] = (struct irq_handler){.function = handler, .argument = argument};
        if (KILN_CONFIG_SMP)
            arch_barrier_smp_write();
        __atomic_store_n(&attached, attached + 1, __ATOMIC_RELAXED);
        irq_configure(irq);
        irq_unmask(irq);
    }
    unlock_table(state);
    return taken ? -EBUSY : 0;
}

int kiln_irq_detach(unsigned irq)
{
    if (!exists(irq))
        return -EINVAL;
    uintptr_t state = lock_table();

    irq_mask(irq);
    make_valid(irq);
    if (irq_handlers[irq].function != mask_unhandled)
        __atomic_store_n(&attached, attached - 1, __ATOMIC_RELAXED);
    clear(irq);
    unlock_table(state);
    return 0;
}

unsigned irq_count_handlers(void)
{
    return __atomic_load_n(&attached, __ATOMIC_RELAXED);
}

/* What belongs to a CPU is told to that which the thread runs on all the while. */
void kiln_irq_mask(unsigned irq)
{
    bool is_interrupt = exists(irq);

    KILN_ASSERT(is_interrupt);
    if (!is_interrupt)
        return;
    uintptr_t state = arch_irq_save();

    irq_mask(irq);
    arch_irq_restore(state);
}

void kiln_irq_unmask(unsigned irq)
{
    bool is_interrupt = exists(irq);

    KILN_ASSERT(is_interrupt);
    if (!is_interrupt)
        return;
    uintptr_t state = lock_table();

    make_valid(irq);
    irq_unmask(irq);
    unlock_table(state);
}
