/* Exceptions that nothing mends: what they mean to a program. */
#include <arch/cpu.h>
#include <arch/frame.h>
#include <arch/mmu.h>
#include <arch/upcall.h>
#include <core/exit.h>
#include <core/panic.h>
#include <core/percpu.h>
#include <core/thread.h>
#include <kiln/config.h>

static bool is_guard_of(uintptr_t stack_bottom, uintptr_t address)
{
    return stack_bottom && address < stack_bottom && address >= stack_bottom - ARCH_PAGE_BYTES;
}

static const struct kiln_thread *thread_whose_guard(uintptr_t address)
{
    for (const struct kiln_thread *thread = kiln_thread_list; thread; thread = thread->next)
        if (is_guard_of(thread->stack_bottom, address))
            return thread;
    return NULL;
}

void core_fault(struct arch_frame *frame)
{
    if (arch_frame_is_semihost(frame))
        core_semihost_absent();
    struct arch_fault fault = arch_frame_fault(frame);
    const struct kiln_thread *thread = fault.is_access ? thread_whose_guard(fault.address) : NULL;
    if (thread)
        core_panic(frame, "stack overflow of thread %s: its stack has %zu bytes", thread->name,
                   thread->stack_top - thread->stack_bottom);
    if (fault.is_access && is_guard_of(arch_percpu()->irq_stack_bottom, fault.address))
        core_panic(frame, "overflow of the interrupt stack: it has %d bytes (IRQ_STACK_BYTES)",
                   KILN_CONFIG_IRQ_STACK_BYTES);
    bool is_null = fault.is_access && fault.address < ARCH_PAGE_BYTES;
    core_panic(frame, fault.has_address ? "%s%s%s at 0x%zx" : "%s%s%s (code 0x%zx)",
               is_null ? "null dereference: " : "", fault.action, fault.what,
               fault.has_address ? fault.address : (uintptr_t)fault.code);
}
