/* Idle CPUs. */
#include <core/idle.h>

#include <core/balance.h>
#include <core/deadlock.h>
#include <core/schedule.h>

void (*core_idle_governed)(struct percpu *percpu);

void core_idle(struct percpu *percpu)
{
    void (*governed)(struct percpu * percpu) =
        __atomic_load_n(&core_idle_governed, __ATOMIC_ACQUIRE);

    if (governed) {
        governed(percpu);
        return;
    }
    arch_cpu_idle();
    arch_irq_enable();
    arch_irq_disable();
}

/* The idle thread is in no run queue, and nothing preempts it: it looks for itself. The first to be
 * left for it may be one that moves. */
_Noreturn void core_idle_loop(void)
{
    struct percpu *percpu = arch_percpu();

    arch_irq_disable();
    for (;;) {
        struct kiln_thread *next;

        core_send_moving();
        next = run_queue_first(percpu);
        if (next) {
            core_switch(percpu->idle_thread, next, arch_irq_save());
            continue;
        }
        core_idle_begin();
        if (CORE_FINDS_DEADLOCKS)
            core_deadlock_idle(percpu);
        core_idle(percpu);
        if (CORE_FINDS_DEADLOCKS)
            core_deadlock_idle_end();
        core_idle_end();
    }
}
