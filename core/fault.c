/* Exceptions that nothing mends: what they mean to a program. */
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <core/panic.h>
#include <core/percpu.h>
#include <core/thread.h>
#include <kiln/config.h>
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
        if (is_guard_of(arch_percpu()->irq_stack_bottom, address)) {
            print("overflow of the interrupt stack (IRQ_STACK_BYTES=%d)",
                  KILN_CONFIG_IRQ_STACK_BYTES);
            return;
        }
        if (address < ARCH_PAGE_BYTES)
            print("null dereference: ");
        if (mm_fault_hook)
            mm_fault_hook(frame, print);
    }
    arch_frame_print_fault(frame, print);
}
