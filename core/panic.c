/* One readable report, whatever has happened: all panics are exceptions, kiln_panic() too. */
#include <core/panic.h>
#include <arch/cpu.h>
#include <arch/upcall.h>
#include <board.h>
#include <core/backtrace.h>
#include <core/build_id.h>
#include <core/console.h>
#include <core/cpu.h>
#include <core/exit.h>
#include <core/interrupt.h>
#include <core/symbols.h>
#include <core/thread.h>
#include <kiln/cpu.h>
#include <kiln/panic.h>
#include <kiln/program.h>
#include <lib/format.h>
#include <mm/shadow.h>
#include <mm/vm.h>

#define BACKTRACE_DEPTH 32

/* What reports that only few programs have share with core_fault(), which has it inline. */
#define REPORT_PART __attribute__((always_inline)) static inline

void (*core_panic_log)(void (*write)(char c));

static void put(void *context, char c)
{
    (void)context;
    core_console_put(c);
}

void core_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_print(put, NULL, format, &arguments);
    va_end(arguments);
}

const char *core_print_place(uintptr_t pc, unsigned back)
{
    size_t offset = 0;
    const char *name = core_symbol(pc - back, &offset);
    core_print(name ? "    0x%016zx %s+0x%zx\n" : "    0x%016zx ?\n", pc, name, offset + back);
    return name;
}

void core_print_backtrace(const uintptr_t *pcs, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        core_print_place(pcs[i], 1);
}

/*
 * A link register that points neither into the function itself (it has called something since) nor
 * to where the first frame record does is the return address of a function without a record.
 */
static void print_link(uintptr_t link, const char *function, uintptr_t first_return)
{
    size_t offset;
    const char *name = core_symbol(link - 1, &offset);
    if (name && name != function && link != first_return)
        core_print_place(link, 1);
}

static void print_backtrace(const struct arch_frame *frame)
{
    struct arch_backtrace_step step = {arch_frame_pc(frame), arch_frame_fp(frame)};
    core_print("  backtrace:\n");
    unsigned depth = 0;
    do {
        const char *function = core_print_place(step.pc, depth != 0);
        step = arch_backtrace_next(step.fp);
        if (depth == 0)
            print_link(arch_frame_link(frame), function, step.pc);
    } while (step.pc && ++depth < BACKTRACE_DEPTH);
    if (step.pc)
        core_print("    ... and more than %u callers\n", BACKTRACE_DEPTH);
}

REPORT_PART void print_context(void)
{
    const struct kiln_thread *thread = arch_thread_self();
    uint32_t irq;
    uintptr_t handler;
    core_print("  thread %s, cpu %u, board %s, build ", thread ? thread->name : "none (boot)",
               arch_cpu_id(), board_facts.name);
    for (const uint8_t *byte = BUILD_ID_START; byte < BUILD_ID_END; byte++)
        core_print("%02x", *byte);
    core_print("\n");
    if (KILN_CONFIG_CHECKS && core_interrupt_running(&irq, &handler)) {
        core_print("  in the handler of interrupt %u:\n", irq);
        core_print_place(handler, 0);
    }
}

/* How deep this CPU is in panics: a second one reports less, a third nothing. */
REPORT_PART unsigned enter_panic(void)
{
    static uint32_t owner; /* 1 + the CPU that panics; atomic */
    static unsigned depth; /* the owner's alone */
    uint32_t self = arch_cpu_id() + 1;
    uint32_t nobody = 0;
    /* Before others run the caches may be off, where an atomic operation need not work. */
    if (kiln_cpu_count() > 1 &&
        !__atomic_compare_exchange_n(&owner, &nobody, self, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED) &&
        nobody != self)
        arch_cpu_halt();
    return depth++;
}

/* The same, with all that comes in front of a report; ends the program when it is too deep. */
REPORT_PART unsigned begin(void)
{
    unsigned depth = enter_panic();
    if (KILN_CONFIG_CHECK_MEMORY)
        shadow_stop();
    if (depth > 1)
        core_exit_panicked();
    if (depth == 0) {
        core_stop_other_cpus();
        if (kiln_program_flush)
            kiln_program_flush(core_console_put);
    }
    return depth;
}

static void print_message(struct arch_frame *frame)
{
    va_list arguments;
    const char *format = arch_frame_panic(frame, &arguments);
    if (format)
        format_print(put, NULL, format, &arguments);
    else
        core_fault_print(frame, core_print);
    core_print("\n");
}

REPORT_PART void print_log(void)
{
    if (core_panic_log) {
        core_print("  log:\n");
        core_panic_log(core_console_put);
    }
}

static void print_report(const struct arch_frame *frame)
{
    print_context();
    arch_frame_dump(frame, core_print);
    print_backtrace(frame);
    print_log();
}

void core_fault(struct arch_frame *frame)
{
    if (arch_frame_is_semihost(frame))
        core_semihost_absent();
    if (mm_fault_hook && mm_fault_hook(frame, NULL))
        return;
    unsigned depth = begin();
    core_print("\nkiln: panic%s: ", depth ? " inside the panic" : "");
    print_message(frame);
    if (depth == 0)
        print_report(frame);
    core_exit_panicked();
}

bool core_panic_begin(void)
{
    return begin() == 0;
}

void core_panic_end(void)
{
    print_context();
    print_log();
    core_exit_panicked();
}

/* It tells where this CPU is, and everything goes on. No lock, and no log, which has one: the CPU
 * may be in the midst of anything. */
void core_nmi(const struct arch_frame *frame)
{
    uintptr_t pc = arch_frame_pc(frame);
    size_t offset = 0;
    const char *name = core_symbol(pc, &offset);
    core_print("kiln: NMI on cpu %u at 0x%zx %s+0x%zx\n", arch_cpu_id(), pc, name ? name : "?",
               offset);
}

void kiln_assert_failed(const char *expression, const char *file, int line, const char *function)
{
    kiln_panic("assertion failed: %s, %s:%d, %s()", expression, file, line, function);
}
