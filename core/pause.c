/* Holding the other CPUs still. */
#include <core/pause.h>

#include <arch/counter.h>
#include <arch/irq.h>
#include <arch/spin.h>
#include <core/percpu.h>
#include <irq_controller.h>
#include <kiln/cpu.h>

#define WAIT_SECONDS 1 /* a CPU has so long to stand still */

/* A CPU's, written by itself: 0 while it runs. `handler` is atomic. */
static struct {
    uintptr_t handler, thread;
} paused[IRQ_CPUS];

bool core_paused_at(unsigned cpu, uintptr_t *handler, uintptr_t *thread)
{
    *handler = __atomic_load_n(&paused[cpu].handler, __ATOMIC_ACQUIRE);
    *thread = paused[cpu].thread;
    return *handler != 0;
}

static uintptr_t wait_here(uintptr_t sp)
{
    struct percpu *self = arch_percpu();

    paused[self->cpu].thread =
        arch_interrupted_sp(self->irq_stack_bottom + KILN_CONFIG_IRQ_STACK_BYTES);
    __atomic_store_n(&paused[self->cpu].handler, sp, __ATOMIC_RELEASE);
    arch_spin_until_changes(&self->stop, PERCPU_PAUSE);
    __atomic_store_n(&paused[self->cpu].handler, 0, __ATOMIC_RELEASE);
    return 0;
}

void core_pause_here(void)
{
    arch_call_with_registers(wait_here);
}

static bool is_paused(unsigned cpu)
{
    return __atomic_load_n(&paused[cpu].handler, __ATOMIC_ACQUIRE) != 0;
}

void core_pause_others(void)
{
    uint64_t limit = arch_counter() + arch_counter_hz() * WAIT_SECONDS;
    unsigned self = kiln_cpu_id();

    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++) {
        if (cpu == self)
            continue;
        __atomic_store_n(&core_percpu(cpu)->stop, PERCPU_PAUSE, __ATOMIC_RELEASE);
        irq_send_ipi(cpu);
    }
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++)
        while (cpu != self && !is_paused(cpu) && arch_counter() < limit)
            arch_spin_relax();
}

void core_resume_others(void)
{
    unsigned self = kiln_cpu_id();

    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++)
        if (cpu != self)
            __atomic_store_n(&core_percpu(cpu)->stop, 0, __ATOMIC_RELEASE);
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++)
        while (cpu != self && is_paused(cpu))
            arch_spin_relax();
}
