/* One readable report, whatever has happened. */
#include <core/panic.h>
#include <arch/cpu.h>
#include <arch/frame.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/upcall.h>
#include <board.h>
#include <core/cpu.h>
#include <core/exit.h>
#include <core/interrupt.h>
#include <core/symbols.h>
#include <core/thread.h>
#include <kiln/console.h>
#include <kiln/log.h>
#include <kiln/panic.h>
#include <kiln/program.h>
#include <kiln/system.h>
#include <lib/format.h>
#include <stdarg.h>

#define BACKTRACE_DEPTH 32

/* The terminal is asked for before the first byte, since that starts the console. */
static void put(char c)
{
    if (kiln_console_is_terminal() && c == '\n')
        board_putc('\r');
    board_putc(c);
}

static void put_in_context(void *context, char c)
{
    (void)context;
    put(c);
}

static void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_print(put_in_context, NULL, format, arguments);
    va_end(arguments);
}

static bool is_readable(uintptr_t address, size_t bytes)
{
    uintptr_t last = address + bytes - 1;
    return last > address && arch_mmu_query(&arch_boot_space, address).kind < ARCH_MAP_DEVICE &&
           arch_mmu_query(&arch_boot_space, last).kind < ARCH_MAP_DEVICE;
}

static void print_place(uintptr_t pc, bool is_return_address)
{
    size_t offset;
    const char *name = core_symbol(pc - (is_return_address ? 1 : 0), &offset);
    if (name)
        print("    0x%016zx %s+0x%zx\n", pc, name, offset + (is_return_address ? 1 : 0));
    else
        print("    0x%016zx ?\n", pc);
}

static struct arch_backtrace_step next(uintptr_t fp)
{
    if (fp % sizeof(uintptr_t) || !is_readable(fp, 2 * sizeof(uintptr_t)))
        return (struct arch_backtrace_step){0};
    return arch_backtrace_next(fp);
}

/*
 * A link register that points neither into the function itself (it has called something since) nor
 * to where the first frame record does is the return address of a function without a record.
 */
static void print_link(uintptr_t pc, uintptr_t link, uintptr_t first_return)
{
    size_t offset;
    const char *name = core_symbol(link - 1, &offset);
    if (name && link != first_return && name != core_symbol(pc, &offset))
        print_place(link, true);
}

static void print_backtrace(uintptr_t pc, uintptr_t link, uintptr_t fp)
{
    struct arch_backtrace_step step = next(fp);
    print("  backtrace:\n");
    print_place(pc, false);
    print_link(pc, link, step.pc);
    for (unsigned depth = 1; step.pc; depth++) {
        if (depth == BACKTRACE_DEPTH) {
            print("    ... and more than %u callers\n", BACKTRACE_DEPTH);
            return;
        }
        print_place(step.pc, true);
        step = next(step.fp);
    }
}

static void print_log(void)
{
    print("  log:\n");
    kiln_log_dump(put);
}

static void print_context(void)
{
    const struct kiln_thread *thread = arch_thread_self();
    uint32_t irq;
    uintptr_t handler;
    print("  thread %s, cpu %u, board %s, build %s\n", thread ? thread->name : "none (boot)",
          arch_cpu_id(), board_facts.name, kiln_build_id());
    if (core_interrupt_running(&irq, &handler)) {
        print("  in the handler of interrupt %u:\n", irq);
        print_place(handler, false);
    }
}

/* How deep this CPU is in panics: a second one reports less, a third nothing. */
static unsigned enter_panic(void)
{
    static uint32_t owner; /* 1 + the CPU that panics; atomic */
    static unsigned depth; /* the owner's alone */
    uint32_t self = arch_cpu_id() + 1;
    uint32_t nobody = 0;
    arch_irq_disable();
    if (!__atomic_compare_exchange_n(&owner, &nobody, self, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED) &&
        nobody != self)
        arch_cpu_halt();
    return depth++;
}

static _Noreturn void report(const struct arch_frame *frame, uintptr_t fp, const char *format,
                             va_list arguments)
{
    unsigned depth = enter_panic();
    if (depth > 1)
        core_exit_panicked();
    if (depth == 0) {
        core_stop_other_cpus();
        if (kiln_program_flush)
            kiln_program_flush(put);
    }
    print(depth ? "\nkiln: panic inside the panic: " : "\nkiln: panic: ");
    format_print(put_in_context, NULL, format, arguments);
    print("\n");
    if (depth)
        core_exit_panicked();
    print_context();
    if (frame) {
        arch_frame_dump(frame, print);
        print_backtrace(arch_frame_pc(frame), arch_frame_link(frame), arch_frame_fp(frame));
    } else {
        /* Where it was called, not where the call would have returned to. */
        struct arch_backtrace_step caller = arch_backtrace_next(fp);
        print_backtrace(caller.pc - 1, 0, caller.fp);
    }
    print_log();
    core_exit_panicked();
}

void kiln_panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(NULL, arch_frame_pointer(), format, arguments);
}

void core_panic(const struct arch_frame *frame, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(frame, arch_frame_pointer(), format, arguments);
}

void kiln_assert_failed(const char *expression, const char *file, int line, const char *function)
{
    kiln_panic("assertion failed: %s, %s:%d, %s()", expression, file, line, function);
}
