/*
 * What threads stand on in a process: their memory, an interrupt controller that has no registers,
 * the first thread and its CPU. A panic ends the test.
 */
#ifndef THREAD_MACHINE_H
#define THREAD_MACHINE_H

#include <stdarg.h>
#include <string.h>
#include <board.h>
#include <core/hold.h>
#include <core/idle.h>
#include <core/irq_restore.h>
#include <core/mutex.h>
#include <core/priority.h>
#include <core/reclaimer.h>
#include <core/schedule.h>
#include <core/thread_end.h>
#include <irq/dispatch.h>
#include <isa/host.h>
#include <kiln/cache.h>
#include <kiln/cpu.h>
#include <kiln/irq.h>
#include <kiln/log.h>
#include <kiln/panic.h>
#include <kiln/stack.h>
#include <mm/page.h>
#include "test.h"

#define MACHINE_STACK_BYTES ((size_t)64 * 1024)

const struct board_facts board_facts = {.name = "process"};
struct irq_handler irq_handlers[IRQ_MOST];
void (*core_after_hold)(uintptr_t irq_state);

/* The alarm's handler, once a timer has been started. */
static kiln_irq_handler_t machine_alarm;

/* Says what the test was doing. */
static void machine_tell(void);

_Noreturn static inline void machine_fail(const char *format, va_list arguments)
{
    printf("# ");
    vprintf(format, arguments);
    putchar('\n');
    machine_tell();
    puts("Bail out! the machine and what is known of it differ");
    fflush(stdout);
    _Exit(1);
}

_Noreturn void kiln_panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    machine_fail(format, arguments);
}

_Noreturn void kiln_assert_failed(const char *expression, const char *file, int line,
                                  const char *function)
{
    kiln_panic("%s:%d: %s: %s", file, line, function, expression);
}

void kiln_log_write(enum kiln_log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

int kiln_irq_attach(unsigned irq, kiln_irq_handler_t handler, void *argument)
{
    (void)irq;
    (void)argument;
    __atomic_store_n(&machine_alarm, handler, __ATOMIC_RELAXED);
    return 0;
}

void irq_unmask(uint32_t irq)
{
    (void)irq;
}

uintptr_t kiln_irq_save(void)
{
    return arch_irq_save();
}

void kiln_irq_restore(uintptr_t state)
{
    core_irq_restore(state);
}

/* Threads' memory. */

struct kiln_thread *kiln_thread_list = &core_main_thread;

struct kiln_thread *kiln_thread_self(void)
{
    return arch_thread_self();
}

const char *kiln_thread_name(const struct kiln_thread *thread)
{
    return thread->name;
}

size_t core_tls_align(void)
{
    return 16;
}

size_t core_tls_bytes(void)
{
    return 64;
}

void core_tls_init(struct kiln_thread *thread, void *block)
{
    thread->context.tls = memset(block, 0, core_tls_bytes());
}

static inline void *machine_allocate(size_t align, size_t bytes)
{
    void *memory = aligned_alloc(align, (bytes + align - 1) & ~(align - 1));

    if (!memory)
        kiln_panic("no memory");
    return memory;
}

void kiln_cache_init(struct kiln_cache *cache, const char *name, size_t object_bytes,
                     size_t alignment, void (*construct)(void *object))
{
    cache->name = name;
    cache->alignment = (uint32_t)alignment;
    cache->construct = construct;
    __atomic_store_n(&cache->object_bytes, object_bytes, __ATOMIC_RELEASE);
}

void *kiln_cache_allocate(struct kiln_cache *cache)
{
    return machine_allocate(cache->alignment, cache->object_bytes);
}

void kiln_cache_free(struct kiln_cache *cache, void *object)
{
    (void)cache;
    free(object);
}

int kiln_stack_create(size_t bytes, const char *name, struct kiln_stack *stack)
{
    (void)name;
    stack->bottom = (uintptr_t)machine_allocate(4096, bytes);
    stack->top = stack->bottom + bytes;
    return 0;
}

void kiln_stack_destroy(const struct kiln_stack *stack)
{
    free((void *)stack->bottom);
}

void core_reclaimer_prepare(void)
{
}

void page_reclaimer_add(struct page_reclaimer *reclaimer)
{
    (void)reclaimer;
}

/* CPUs: one, unless the test says otherwise. */

#ifndef MACHINE_CPUS
#define MACHINE_CPUS 1

void irq_send_ipi(unsigned cpu)
{
    kiln_panic("an interrupt is sent to CPU %u", cpu);
}
#endif

struct percpu core_boot_percpu;
static struct percpu machine_percpus[MACHINE_CPUS]; /* but the first */

struct percpu *core_percpu(unsigned cpu)
{
    return cpu == 0 ? &core_boot_percpu : &machine_percpus[cpu];
}

unsigned kiln_cpu_count(void)
{
    return MACHINE_CPUS;
}

unsigned kiln_cpu_id(void)
{
    return arch_cpu_id();
}

struct kiln_thread core_main_thread;

static inline void machine_give_priority(struct kiln_thread *thread, uint8_t priority)
{
    thread->priority = priority;
    thread->base_priority = priority;
    thread->wanted_priority = priority;
    thread->finished.kind = "end of a thread";
    thread->cpus = UINT32_MAX;
    core_set_ring(core_percpu(thread->cpu), thread);
    core_set_rank(thread);
}

/* A CPU's data, and its idle thread if it has one, which begins to run with the first switch to it.
 */
static inline void machine_begin_cpu(struct percpu *percpu, struct run_queue *run_queue,
                                     struct kiln_thread *idle)
{
    percpu->run_queue = run_queue;
    percpu->online = 1;
    if (!KILN_CONFIG_SMP)
        return;
    char *stack = machine_allocate(4096, MACHINE_STACK_BYTES);

    *idle = (struct kiln_thread){.name = "idle", .cpu = percpu->cpu, .rank = RANK_MOST};
    percpu->idle_thread = idle;
    arch_context_init(&idle->context, (uintptr_t)stack + MACHINE_STACK_BYTES, core_idle_loop);
}

/* The boot CPU, where main() runs: this stack. */
static inline void machine_begin(void)
{
    static struct kiln_thread idle;

    host_cpu.stack_bytes = MACHINE_STACK_BYTES;
    machine_begin_cpu(&core_boot_percpu, &core_boot_run_queue, &idle);
    core_boot_percpu.threads = 1;
    core_main_thread.name = "main";
    machine_give_priority(&core_main_thread, KILN_PRIORITY_DEFAULT);
    run_queue_add(&core_main_thread);
    arch_percpu_set(&core_boot_percpu);
    arch_thread_set_self(&core_main_thread);
    arch_fp_trap(true);
    core_mutex_begin();
    core_after_hold = core_end_hold;
}

#endif
