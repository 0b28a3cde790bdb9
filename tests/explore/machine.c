/* CPUs: contexts of this process, between which the search switches at points. */
#include "engine.h"

#include <arch/context.h>
#include <core/percpu.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct machine machine;
struct set_up set_up;
struct stack stacks[STACKS_MOST];
bool is_watching;
char failure[512];
jmp_buf machine_checks;
bool machine_is_checking;

/* Where the search's registers are while a CPU moves. */
static void *search_sp;

/* Keeps what a function keeps for its caller on the stack, and the stack pointer in *from. */
void explore_switch(void **from, void *to);
void explore_enter(void);

#if defined(__x86_64__)
#define KEPT_WORDS   7
#define KEPT_ENTRY   4 /* rbx */
#define KEPT_FRAME   5
#define KEPT_ADDRESS 6
__asm__(".text\n"
        "explore_switch:\n"
        "    push %rbp\n"
        "    push %rbx\n"
        "    push %r12\n"
        "    push %r13\n"
        "    push %r14\n"
        "    push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15\n"
        "    pop %r14\n"
        "    pop %r13\n"
        "    pop %r12\n"
        "    pop %rbx\n"
        "    pop %rbp\n"
        "    ret\n"
        "explore_enter:\n"
        "    and $-16, %rsp\n"
        "    mov %rbx, %rdi\n"
        "    call explore_first\n");
#elif defined(__aarch64__)
#define KEPT_WORDS   20
#define KEPT_ENTRY   0 /* x19 */
#define KEPT_FRAME   10
#define KEPT_ADDRESS 11
__asm__(".text\n"
        "explore_switch:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        "explore_enter:\n"
        "    mov x0, x19\n"
        "    bl explore_first\n");
#endif

/* Stacks that were seen, and with which history. */
static struct {
    uint64_t stack, history;
} known[1u << 18];

/* Where what is on a stack, registers included, is the same as before, it does not matter any more
 * what led there. */
static uint64_t recognise(unsigned number)
{
    const uint64_t *word = (const uint64_t *)((uintptr_t)stack_pointer(number) & ~(uintptr_t)7);
    uint64_t stack = number + 1, slot;

    for (; (const char *)word < stacks[number].top; word++)
        stack = (stack ^ *word) * 0x9E3779B97F4A7C15u ^ stack >> 29;
    stack = mix(stack, (uintptr_t)stack_pointer(number));
    slot = stack % (sizeof(known) / sizeof(known[0]));
    if (known[slot].stack == stack) {
        machine.history[number] = known[slot].history;
    } else {
        known[slot].stack = stack;
        known[slot].history = machine.history[number];
    }
    return stack;
}

/* Whose stack has just been left. */
static unsigned stack_left;

void explore_first(void (*entry)(void));
void explore_first(void (*entry)(void))
{
    cpu_now()->irqs_off = true;
    if (stack_left != STACKS_MOST)
        recognise(stack_left);
    stack_left = STACKS_MOST;
    entry();
    host_halt();
}

/* The search and its CPUs. */

static void take_interrupt(unsigned source)
{
    struct cpu *cpu = cpu_now();
    bool were_off = cpu->irqs_off;
    uint64_t before = machine.history[cpu->stack];
    void (*reschedule)(void);

    note(source + 2);
    cpu->in_interrupt = cpu->irqs_off = true;
    trace_event("interrupt", 0, source, 0);
    kernel_interrupt(source);
    flush_writes();
    cpu->in_interrupt = false;
    reschedule = host_percpu()->reschedule;
    if (reschedule)
        reschedule();
    flush_writes();
    trace_event("end of interrupt", 0, source, 0);
    cpu_now()->irqs_off = were_off;
    machine.history[cpu_now()->stack] = before; /* what is interrupted knows nothing of it */
}

void point(enum place place)
{
    struct cpu *cpu;

    if (machine_is_checking && place == PLACE_ACCESS)
        return;
    if (machine_is_checking)
        explore_fail("what looks at a state would wait");
    do {
        cpu = cpu_now();
        cpu->place = place;
        cpu->source = NO_SOURCE;
        is_watching = false;
        explore_switch(&cpu->sp, search_sp);
        is_watching = true;
        cpu = cpu_now();
        if (cpu->source == NO_SOURCE)
            return;
        take_interrupt(cpu->source);
    } while (place == PLACE_ACCESS);
}

/* A loop that has changed something of its own since it was here may go on. */
static void spin_on(struct cpu *cpu, uint64_t stack)
{
    if (cpu->place != PLACE_SPIN || cpu->spins_on == stack)
        return;
    cpu->spins_on = stack;
    cpu->is_woken = true;
}

void machine_go_on(void)
{
    is_watching = true;
    stack_left = STACKS_MOST;
    explore_switch(&search_sp, cpu_now()->sp);
    is_watching = false;
    spin_on(cpu_now(), recognise(cpu_now()->stack));
}

/* One that has gone too far is stopped by the search. */
bool is_due(bool is_point)
{
    if (machine.events > EVENTS_MOST)
        return true;
    return is_replaying() ? replay_is_due() : is_point;
}

bool can_go_on(const struct cpu *cpu)
{
    return cpu->place <= PLACE_ACCESS || (cpu->place == PLACE_SPIN && cpu->is_woken);
}

unsigned can_interrupt(unsigned number)
{
    const struct cpu *cpu = &machine.cpus[number];
    unsigned sources = 0;

    if (cpu->irqs_off && cpu->place != PLACE_IDLE)
        return 0;
    for (unsigned i = 0; i < set_up.interrupts; i++)
        if (set_up.interrupt[i].cpu == number && !machine.has_fired[i])
            sources |= 1u << i;
    if (cpu->alarm_on)
        sources |= 1u << SOURCE_ALARM;
    if (cpu->has_ipi)
        sources |= 1u << SOURCE_IPI;
    return sources;
}

noreturn void machine_stop(void)
{
    void *never;

    if (machine_is_checking)
        longjmp(machine_checks, 1);
    if (!is_watching) {
        printf("Bail out! %s\n", failure);
        exit(1);
    }
    is_watching = false;
    explore_switch(&never, search_sp);
    abort();
}

void explore_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(failure, sizeof(failure), format, arguments);
    va_end(arguments);
    machine_stop();
}

char *stack_pointer(unsigned number)
{
    for (unsigned i = 0; i < set_up.cpus; i++)
        if (machine.cpus[i].stack == number)
            return machine.cpus[i].sp;
    return (char *)stacks[number].context->sp;
}

unsigned machine_backtrace(const struct stack *stack, uintptr_t *places, unsigned most)
{
    const uintptr_t *kept = (const uintptr_t *)stack_pointer((unsigned)(stack - stacks));
    const uintptr_t *frame = (const uintptr_t *)kept[KEPT_FRAME];
    unsigned count = 0;

    places[count++] = kept[KEPT_ADDRESS];
    while (count < most && frame > kept && (const char *)frame < stack->top) {
        places[count++] = frame[1];
        frame = (const uintptr_t *)frame[0];
    }
    return count;
}

/* The fake ISA. */

unsigned host_cpu_id(void)
{
    return machine.current;
}

struct kiln_thread *host_thread(void)
{
    return cpu_now()->thread;
}

void machine_event(bool is_point)
{
    if (!is_watching)
        return;
    flush_writes();
    if (is_due(is_point))
        point(PLACE_ACCESS);
    machine.events++;
    note(2);
}

/* Before they are masked is the last chance for an interrupt. */
uintptr_t host_irq_save(void)
{
    bool were_off = cpu_now()->irqs_off;

    if (!were_off)
        machine_event(set_up.cpus > 1 || can_interrupt(machine.current));
    cpu_now()->irqs_off = true;
    return were_off;
}

void host_irq_set(bool are_off)
{
    cpu_now()->irqs_off = are_off;
}

bool host_irqs_off(void)
{
    return cpu_now()->irqs_off;
}

bool host_in_interrupt(void)
{
    return cpu_now()->in_interrupt;
}

uint64_t host_counter(void)
{
    if (is_watching)
        note(machine.counter);
    return machine.counter;
}

void host_alarm(bool is_on, uint64_t counter)
{
    cpu_now()->alarm_on = is_on;
    cpu_now()->alarm = counter;
}

void host_relax(void)
{
    struct cpu *cpu;

    if (!is_watching)
        explore_fail("something spins before the scenario runs");
    flush_writes();
    cpu_now()->spin_frame = *(const uintptr_t *)__builtin_frame_address(0);
    cpu_now()->spin_stack = cpu_now()->stack;
    point(PLACE_SPIN);
    machine.events++;
    note(3);
    cpu = cpu_now();
    cpu->is_woken = cpu->window_is_full = false;
    cpu->window_count = 0;
}

void host_idle(void)
{
    flush_writes();
    point(PLACE_IDLE);
    machine.events++;
}

/* It comes as soon as that CPU lets it. */
void host_ipi(unsigned cpu)
{
    machine_event(true);
    machine.cpus[cpu].has_ipi = true;
}

/* A thread of the scenario has ended. */
void machine_ended(void)
{
    machine.ended++;
    explore_forget(0);
    machine_event(true);
}

void host_halt(void)
{
    explore_fail("a CPU stops for good");
}

/* Contexts. */

static unsigned stack_of(const struct arch_context *context)
{
    for (unsigned i = 0; i < machine.stacks; i++)
        if (stacks[i].context == context)
            return i;
    return STACKS_MOST;
}

void arch_context_init(struct arch_context *context, uintptr_t stack_top, void (*entry)(void))
{
    uintptr_t *kept = (uintptr_t *)(stack_top & ~(uintptr_t)15) - KEPT_WORDS;
    unsigned number = stack_of(context);

    flush_writes();
    if (number == STACKS_MOST) {
        if (machine.stacks == STACKS_MOST)
            explore_fail("more than %u threads", STACKS_MOST);
        number = machine.stacks++;
        stacks[number] = (struct stack){context, (char *)stack_top};
    }
    memset(kept, 0, KEPT_WORDS * sizeof(*kept));
    kept[KEPT_ENTRY] = (uintptr_t)entry;
    kept[KEPT_ADDRESS] = (uintptr_t)explore_enter;
    location_write_begin(location_touch((uintptr_t)&context->sp, true));
    context->sp = (uintptr_t)kept;
    machine.history[number] = number;
}

static void become(struct arch_context *to)
{
    cpu_now()->thread = (struct kiln_thread *)to;
    cpu_now()->stack = stack_of(to);
}

int arch_context_switch(struct arch_context *from, struct arch_context *to, uintptr_t irq_state)
{
    flush_writes();
    if (to != from) {
        location_write_begin(location_touch((uintptr_t)&from->sp, true));
        trace_event("switch", (uintptr_t)to, 0, (uintptr_t)__builtin_return_address(0));
        stack_left = cpu_now()->stack;
        become(to);
        explore_switch((void **)&from->sp, (void *)to->sp);
        if (stack_left != STACKS_MOST)
            recognise(stack_left);
        stack_left = STACKS_MOST;
    }
    note(machine.current);
    note((uint64_t)from->result);
    cpu_now()->irqs_off = irq_state != 0;
    return (int)from->result;
}

void __tsan_atomic32_store(volatile uint32_t *word, uint32_t value, int order);

_Noreturn void arch_context_leave(struct arch_context *to, uint32_t *left)
{
    void *never;

    __tsan_atomic32_store(left, 1, __ATOMIC_RELEASE);
    stack_left = STACKS_MOST;
    become(to);
    explore_switch(&never, (void *)to->sp);
    abort();
}
