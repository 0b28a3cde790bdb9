/* Where the program may have pointers: the roots of the search for leaks. */
#include <kiln/leak.h>

#if KILN_CONFIG_CHECK_LEAKS

#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/spin.h>
#include <core/hold.h>
#include <core/leak_report.h>
#include <core/pause.h>
#include <core/percpu.h>
#include <core/thread.h>
#include <kiln/cpu.h>
#include <kiln/panic.h>

/* From the linker script: .data, .bss and .noinit lie between them. */
extern char __data_start[], __main_tls[];

static void reach_thread(const struct kiln_thread *thread, uintptr_t sp)
{
    uintptr_t handler, paused_sp, tls_end;

    if (thread != arch_thread_self())
        sp = core_paused_at(thread->cpu, &handler, &paused_sp) ? paused_sp : 0;
    if (sp < thread->stack_bottom || sp > thread->stack_top)
        sp = thread->stack_bottom;
    leak_reach(sp, thread->stack_top);
    core_thread_tls(thread, &sp, &tls_end);
    leak_reach(sp, tls_end);
}

/* What a CPU's interrupt has stopped, the registers included, and what its handlers hold. */
static void reach_handlers(unsigned cpu)
{
    uintptr_t bottom = core_percpu(cpu)->irq_stack_bottom;
    uintptr_t sp, thread_sp;

    if (cpu != kiln_cpu_id())
        leak_reach(core_paused_at(cpu, &sp, &thread_sp) ? sp : bottom,
                   bottom + KILN_CONFIG_IRQ_STACK_BYTES);
}

static void reach_roots(uintptr_t sp)
{
    uintptr_t own_start, own_end;

    traced_own_data(&own_start, &own_end);
    leak_reach((uintptr_t)__data_start, own_start);
    leak_reach(own_end, (uintptr_t)__main_tls);
    core_for_each_thread(thread) reach_thread(thread, sp);
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++)
        reach_handlers(cpu);
    leak_reach_pages();
}

/* The caller's registers are on the stack, from sp on. */
static uintptr_t check(uintptr_t sp)
{
    static uint32_t is_running; /* atomic: the one who checks; others wait with interrupts on */
    struct traced_totals totals;
    uintptr_t state;
    size_t lost;

    while (__atomic_exchange_n(&is_running, 1, __ATOMIC_ACQUIRE))
        arch_spin_relax();
    core_hold();
    core_pause_others();
    traced_totals(&totals);
    state = traced_lock();
    leak_begin();
    reach_roots(sp);
    leak_tell_apart(core_leak_is_suppressed);
    lost = core_leak_report(&totals);
    traced_unlock(state);
    core_resume_others();
    core_release();
    __atomic_store_n(&is_running, 0, __ATOMIC_RELEASE);
    return lost;
}

/* It has no variables, whose places on the stack might hold what was there before. */
size_t kiln_leak_check(void)
{
    KILN_ASSERT(!arch_in_interrupt());
    KILN_ASSERT(!arch_irqs_off());
    return arch_call_with_registers(check);
}

void kiln_leak_ignore(const void *block)
{
    uintptr_t state;

    if (!block)
        return;
    state = traced_lock();
    traced_live(block, (uintptr_t)__builtin_frame_address(0))->leak.is_ignored = true;
    traced_unlock(state);
}

int kiln_leak_exit(int status)
{
    return kiln_leak_check() && status == 0 ? KILN_LEAK_STATUS : status;
}

#endif
