/* Exceptions that nothing mends: what they mean to a program. */
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <core/panic.h>
#include <core/percpu.h>
#include <core/thread.h>
#include <kiln/config.h>
#include <kiln/cpu.h>
#include <mm/vm.h>

struct access {
    uintptr_t address, fp;
    arch_print_t print;
};

/* Names the stack if the access is in its guard. In that of two stacks it counts which one is in
 * use. A bottom of 0 is of a stack that is not there yet. */
static bool print_guard(const struct access *access, uintptr_t bottom, size_t bytes,
                        const char *whose, const char *name)
{
    bool is_below = bottom && bottom - access->address - 1 < ARCH_PAGE_BYTES;
    if (!is_below &&
        (access->address - bottom - bytes >= ARCH_PAGE_BYTES || access->fp - bottom >= bytes))
        return false;
    access->print("%s of %s%s: its stack has %zu bytes; ",
                  is_below ? "stack overflow" : "above the stack", whose, name, bytes);
    return true;
}

static bool print_emergency_guards(const struct access *access, uintptr_t top, const char *cpu)
{
    static const char *const names[] = ARCH_EMERGENCY_NAMES;
    for (unsigned i = ARCH_EMERGENCY_STACKS; i-- > 0;) {
        uintptr_t bottom =
            top - i * (ARCH_EMERGENCY_BYTES + ARCH_PAGE_BYTES) - ARCH_EMERGENCY_BYTES;
        if (print_guard(access, bottom, ARCH_EMERGENCY_BYTES, names[i], cpu))
            return true;
    }
    return false;
}

/* A CPU's stacks stand one above another in this order, so that the guard above one is looked at
 * before that below the next. */
static bool print_guards(const struct access *access)
{
    core_for_each_thread(thread)
    {
        const struct percpu *percpu = core_percpu(thread->cpu);
        char cpu[] = " on cpu 0";
        cpu[sizeof cpu - 2] = (char)('0' + thread->cpu);
        if (print_emergency_guards(access, percpu->arch.emergency_stack_top, cpu) ||
            print_guard(access, percpu->irq_stack_bottom, KILN_CONFIG_IRQ_STACK_BYTES, "interrupts",
                        cpu) ||
            print_guard(access, thread->stack_bottom, thread->stack_top - thread->stack_bottom,
                        "thread ", thread->name))
            return true;
    }
    return false;
}

void core_fault_print(const struct arch_frame *frame, arch_print_t print)
{
    struct access access = {.fp = arch_frame_fp(frame), .print = print};
    if (arch_frame_is_access(frame, &access.address) && !print_guards(&access)) {
        if (access.address < ARCH_PAGE_BYTES)
            print("null dereference: ");
        if (mm_fault_hook)
            mm_fault_hook(frame, print);
    }
    arch_frame_print_fault(frame, print);
}
