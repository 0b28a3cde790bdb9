/* What of core/ depends on a machine, for the explorer's: CPUs, interrupts, panics, memory. */
#include "engine.h"

#include <arch/fp.h>
#include <core/hold.h>
#include <core/idle.h>
#include <core/priority.h>
#include <core/remote.h>
#include <core/schedule.h>
#include <core/thread_create.h>
#include <core/thread_end.h>
#include <core/time.h>
#include <core/timer.h>
#include <irq/dispatch.h>
#include <kiln/cache.h>
#include <kiln/cpu.h>
#include <kiln/irq.h>
#include <kiln/stack.h>
#include <board.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STACK_BYTES (32 * 1024)
#define ALARM_IRQ   30

const struct board_facts board_facts = {.name = "explorer", .alarm_irq = ALARM_IRQ};
struct irq_handler irq_handlers[IRQ_MOST];
struct percpu core_boot_percpu;
static struct percpu other_percpus[CPUS_MOST - 1];
static struct run_queue run_queues[CPUS_MOST];

/* Behind all others in the list of threads; on one CPU it is who starts the first. */
struct kiln_thread core_main_thread = {.name = "main", .rank = RANK_MOST, .state = THREAD_SPARE};
struct kiln_thread *kiln_thread_list = &core_main_thread;
void (*core_after_hold)(uintptr_t irq_state);

static struct kiln_thread idle_threads[CPUS_MOST];
static char idle_stacks[CPUS_MOST][STACK_BYTES] __attribute__((aligned(64)));

unsigned kiln_cpu_count(void)
{
    return set_up.cpus;
}

unsigned kiln_cpu_id(void)
{
    return machine.current;
}

struct percpu *core_percpu(unsigned cpu)
{
    return cpu == 0 ? &core_boot_percpu : &other_percpus[cpu - 1];
}

struct percpu *host_percpu(void)
{
    return core_percpu(machine.current);
}

const char *kiln_thread_name(const struct kiln_thread *thread)
{
    return thread->name;
}

struct kiln_thread *kiln_thread_self(void)
{
    return host_thread();
}

const char *thread_name(const struct kiln_thread *thread)
{
    return thread ? thread->name : "nobody";
}

/* Interrupts. */

void irq_send_ipi(unsigned cpu)
{
    host_ipi(cpu);
}

void irq_unmask(uint32_t irq)
{
    (void)irq;
}

int kiln_irq_attach(uint32_t irq, void (*function)(void *argument), void *argument)
{
    irq_handlers[irq] = (struct irq_handler){function, argument};
    return 0;
}

void kernel_interrupt(unsigned source)
{
    struct cpu *cpu = cpu_now();

    if (source == SOURCE_IPI) {
        cpu->has_ipi = false;
        core_remote_serve();
    } else if (source == SOURCE_ALARM) {
        if (machine.counter < cpu->alarm)
            machine.counter = cpu->alarm;
        irq_handlers[ALARM_IRQ].function(NULL);
    } else {
        machine.has_fired[source] = true;
        set_up.interrupt[source].handler();
    }
}

void explore_interrupt(const char *name, unsigned cpu, void (*handler)(void))
{
    unsigned number = set_up.interrupts++;

    if (number == EXPLORE_INTERRUPTS)
        explore_fail("more than %u interrupts", EXPLORE_INTERRUPTS);
    set_up.interrupt[number].name = name;
    set_up.interrupt[number].cpu = cpu;
    set_up.interrupt[number].handler = handler;
}

/* Panics. */

void kiln_panic(const char *format, ...)
{
    char text[sizeof(failure) - 8];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    explore_fail("panic: %s", text);
}

void kiln_assert_failed(const char *expression, const char *file, int line, const char *function)
{
    explore_fail("%s:%d: %s: assertion failed: %s", file, line, function, expression);
}

/* What threads have beside their memory. */

size_t core_tls_align(void)
{
    return 64;
}

size_t core_tls_bytes(void)
{
    return 0;
}

void core_tls_init(struct kiln_thread *thread, void *block)
{
    (void)thread;
    (void)block;
}

size_t arch_fp_state_bytes(void)
{
    return 0;
}

void arch_fp_state_init(void *state)
{
    (void)state;
}

void arch_fp_save(void *state)
{
    (void)state;
}

void arch_fp_restore(const void *state)
{
    (void)state;
}

void core_reclaimer_prepare(void)
{
}

/* Threads in static memory give none back. */

void kiln_cache_free(struct kiln_cache *cache, void *object)
{
    (void)cache;
    explore_fail("the object %p is freed", object);
}

void kiln_stack_destroy(const struct kiln_stack *stack)
{
    explore_fail("the stack %p is freed", (void *)stack->bottom);
}

void core_thread_data_destroy(struct kiln_thread *self)
{
    explore_fail("%s has data", self->name);
}

/* Starting. */

static void prepare_cpu(unsigned number)
{
    struct percpu *percpu = core_percpu(number);
    struct kiln_thread *idle = &idle_threads[number];

    percpu->cpu = number;
    percpu->online = 1;
    percpu->run_queue = KILN_CONFIG_SMP ? &run_queues[number] : &core_boot_run_queue;
    percpu->idle_thread = idle;
    idle->name = "idle";
    idle->cpu = number;
    idle->rank = RANK_MOST;
    machine.current = number;
    arch_context_init(&idle->context, (uintptr_t)idle_stacks[number] + STACK_BYTES, core_idle_loop);
    cpu_now()->thread = idle;
    cpu_now()->irqs_off = true;
}

static void start_cpu(unsigned number)
{
    struct cpu *cpu = &machine.cpus[number];
    struct percpu *percpu = core_percpu(number);
    struct kiln_thread *first = run_queue_first(percpu);

    cpu->thread = first ? first : percpu->idle_thread;
    for (cpu->stack = 0; stacks[cpu->stack].context != &cpu->thread->context;)
        cpu->stack++;
    cpu->sp = (void *)cpu->thread->context.sp;
    cpu->has_ipi = false;
    cpu->alarm_on = false;
    percpu->reschedule = NULL;
}

/* The clock's factors are there: no schedule is the first to read it. */
void kernel_begin(const struct explore_scenario *scenario)
{
    set_up.scenario = scenario;
    set_up.cpus = scenario->cpus ? scenario->cpus : 1;
    for (unsigned number = 0; number < set_up.cpus; number++)
        prepare_cpu(number);
    core_after_hold = core_end_hold;
    kiln_time_after(core_time_to_counter(1));
    machine.current = 0;
    scenario->begin();
    for (unsigned number = 0; number < set_up.cpus; number++)
        start_cpu(number);
    machine.current = 0;
}

bool explore_waits(const struct kiln_thread *thread, const struct kiln_wait_queue *queue)
{
    bool waits;

    flush_writes();
    waits = thread->queue == queue;
    if (is_watching)
        note(waits);
    return waits;
}

static char memory[STACKS_MOST][STACK_BYTES] __attribute__((aligned(64)));

/* Pinned to its CPU, which adds it to its run queue itself. */
struct kiln_thread *kernel_thread(const char *name, int priority, unsigned cpu,
                                  void *(*function)(void *argument), void *argument)
{
    const struct kiln_thread_attributes attributes = {
        .name = name, .priority = priority, .cpus = 1u << cpu};
    struct kiln_thread *thread;

    machine.current = cpu;
    thread =
        core_thread_prepare(memory[set_up.threads++], STACK_BYTES, &attributes, function, argument);
    core_thread_start(thread, 1);
    explore_name(thread, sizeof(*thread), name);
    machine.current = 0;
    return thread;
}
