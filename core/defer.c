/* Functions that run at the end of an interrupt. */
#include <kiln/irq.h>

#include <errno.h>
#include <core/irq_restore.h>
#include <core/priority.h>
#include <core/schedule.h>

/* The first one; its entry may be used again from then on. Interrupts masked. */
static void run_first(struct percpu *percpu)
{
    struct kiln_deferred *first = percpu->deferred;
    void (*function)(void *argument) = first->function;
    void *argument = first->argument;

    percpu->deferred = first->next;
    __atomic_store_n(&first->is_pending, 0, __ATOMIC_RELEASE);
    arch_irq_enable();
    function(argument);
    arch_irq_disable();
}

/* Where a CPU is idle the thread on whose stack that is does not run: nobody preempts it. */
static void set_rank_again(struct percpu *percpu, struct kiln_thread *self, uint8_t special)
{
    if (thread_is_ready(self) && !percpu->is_idle && self != percpu->idle_thread)
        core_set_rank(self);
    else
        self->special = (uint8_t)((self->special & ~SPECIAL_RANK) | (special & SPECIAL_RANK));
}

/* In place of core_preempt(), which is called at the end: until then nobody takes the thread's
 * place, and interrupts that come meanwhile leave what they want to that. */
static void run_deferred(void)
{
    struct percpu *percpu = arch_percpu();
    struct kiln_thread *self = arch_thread_self();
    uint8_t special = self->special;

    percpu->reschedule = NULL;
    if (percpu->runs_deferred)
        return;
    percpu->runs_deferred = true;
    self->scheduler_locks++;
    self->rank = RANK_MOST;
    self->special |= SPECIAL_RANK;
    while (percpu->deferred)
        run_first(percpu);
    self->scheduler_locks--;
    set_rank_again(percpu, self, special);
    percpu->runs_deferred = false;
    percpu->run_deferred = NULL;
    core_preempt();
}

int kiln_irq_defer(struct kiln_deferred *deferred)
{
    struct percpu *percpu;
    uintptr_t state;

    if (__atomic_exchange_n(&deferred->is_pending, 1, __ATOMIC_ACQ_REL))
        return -EALREADY;
    state = arch_irq_save();
    percpu = arch_percpu();
    deferred->next = NULL;
    if (percpu->deferred)
        *percpu->deferred_last = deferred;
    else
        percpu->deferred = deferred;
    percpu->deferred_last = &deferred->next;
    percpu->run_deferred = run_deferred;
    percpu->reschedule = run_deferred;
    core_irq_restore(state);
    return 0;
}

void kiln_deferred_init(struct kiln_deferred *deferred, void (*function)(void *argument),
                        void *argument)
{
    *deferred = (struct kiln_deferred){.function = function, .argument = argument};
}
