/* Exceptions that nothing mends: what they mean to a program. */
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <core/panic.h>
#include <core/percpu.h>
#include <core/thread.h>
#include <kiln/config.h>
#include <kiln/cpu.h>
#include <mm/vm.h>

/* A bottom of 0 is of a stack that is not there yet. */
static bool is_guard_of(uintptr_t stack_bottom, uintptr_t address)
{
    return stack_bottom && stack_bottom - address - 1 < ARCH_PAGE_BYTES;
}

static const struct kiln_thread *thread_whose_guard(uintptr_t address)
{
    const struct kiln_thread *thread = kiln_thread_list;
    while (thread && !is_guard_of(thread->stack_bottom, address))
        thread = thread->next;
    return thread;
}

/* Says whose guard the address is in, if it is that of a CPU's own stacks. The boot CPU's
 * last-resort stack has none. */
static bool print_cpu_guard(uintptr_t address, arch_print_t print)
{
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++) {
        const struct percpu *percpu = core_percpu(cpu);
        bool is_last_resort =
            cpu > 0 &&
            is_guard_of(percpu->arch.emergency_stack_top - ARCH_EMERGENCY_BYTES, address);
        if (!is_last_resort && !is_guard_of(percpu->irq_stack_bottom, address))
            continue;
        print(is_last_resort ? "overflow of the last-resort stack of cpu %u (%u bytes)"
                             : "overflow of the interrupt stack of cpu %u (IRQ_STACK_BYTES=%u)",
              cpu, is_last_resort ? ARCH_EMERGENCY_BYTES : KILN_CONFIG_IRQ_STACK_BYTES);
        return true;
    }
    return false;
}

void core_fault_print(const struct arch_frame *frame, arch_print_t print)
{
    uintptr_t address;
    if (arch_frame_is_access(frame, &address)) {
        const struct kiln_thread *thread = thread_whose_guard(address);
        if (thread) {
            print("stack overflow of thread %s: its stack has %zu bytes", thread->name,
                  thread->stack_top - thread->stack_bottom);
            return;
        }
        if (print_cpu_guard(address, print))
            return;
        if (address < ARCH_PAGE_BYTES)
            print("null dereference: ");
        if (mm_fault_hook)
            mm_fault_hook(frame, print);
    }
    arch_frame_print_fault(frame, print);
}
