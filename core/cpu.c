/* CPUs: starting, stopping, and running a function on another one. */
#include <kiln/cpu.h>
#include <core/cpu.h>

#include <errno.h>
#include <arch/barrier.h>
#include <arch/counter.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/smp.h>
#include <arch/spin.h>
#include <arch/upcall.h>
#include <core/balance.h>
#include <core/deadlock.h>
#include <core/hold.h>
#include <core/idle.h>
#include <core/interrupt.h>
#include <core/pause.h>
#include <core/percpu.h>
#include <core/remote.h>
#include <core/schedule.h>
#include <core/thread.h>
#include <irq_controller.h>
#include <kiln/irq.h>
#include <kiln/log.h>
#include <kiln/panic.h>
#include <kiln/trace.h>
#include <mm/early.h>

#define START_WAIT_PER_SECOND 1  /* a CPU has one second to come up */
#define STOP_WAIT_PER_SECOND  10 /* and a tenth of one to stop */

/* A call that waits for its CPU; on the caller's stack. */
struct cpu_call {
    struct cpu_call *next; /* the target's list; written before the call is published */
    void (*function)(void *argument);
    void *argument;
    uint32_t done; /* set by the target with release; the caller sleeps on it */
};

/* From the linker script. */
extern char __emergency_stack_top[], __irq_stack_bottom[];

struct percpu core_boot_percpu = {
    .arch.emergency_stack_top = (uintptr_t)__emergency_stack_top,
    .irq_stack_bottom = (uintptr_t)__irq_stack_bottom,
    .interrupt = IRQ_NONE,
#if KILN_CONFIG_SMP
    .run_queue = &core_boot_run_queue,
    .threads = 1,
#endif
    .ready = {0, 1}, /* the main thread */
    .online = 1,
};
_Static_assert(KILN_PRIORITY_DEFAULT == 64, "whose bit is set here");

/* CPUs 1 and up, in the order of their numbers. Written before they run, read-only after it. */
static struct percpu *other_percpus;

/* CPUs that run. Grows while the boot CPU starts the others; atomic. */
static uint32_t running = 1;

unsigned kiln_cpu_count(void)
{
    return KILN_CONFIG_SMP ? __atomic_load_n(&running, __ATOMIC_ACQUIRE) : 1;
}

unsigned kiln_cpu_id(void)
{
    return KILN_CONFIG_SMP ? arch_percpu()->cpu : 0;
}

struct percpu *core_percpu(unsigned cpu)
{
    return cpu == 0 ? &core_boot_percpu : &other_percpus[cpu - 1];
}

static void run_calls(struct percpu *self)
{
    struct cpu_call *call = __atomic_exchange_n(&self->calls, NULL, __ATOMIC_ACQUIRE);

    while (call) {
        struct cpu_call *next = call->next;

        KILN_TRACE(KILN_TRACE_CPU_CALL, self->cpu, call->function);
        call->function(call->argument);
        __atomic_store_n(&call->done, 1, __ATOMIC_RELEASE);
        call = next;
    }
}

/* The barrier orders the claim, which is a read of a device, before the reads of what was sent. */
static void handle_ipi(void *unused)
{
    struct percpu *self = arch_percpu();

    (void)unused;
    arch_barrier_io();
    uint32_t stop = __atomic_load_n(&self->stop, __ATOMIC_RELAXED);

    if (KILN_CONFIG_CHECK_LEAKS && stop == PERCPU_PAUSE) {
        core_pause_here();
    } else if (stop) {
        __atomic_store_n(&self->online, 0, __ATOMIC_RELEASE);
        arch_cpu_halt();
    }
    run_calls(self);
    core_remote_serve();
}

static void call_here(void (*function)(void *argument), void *argument)
{
    uintptr_t state = arch_irq_save();

    KILN_TRACE(KILN_TRACE_CPU_CALL, kiln_cpu_id(), function);
    function(argument);
    arch_irq_restore(state);
}

/* The call must live until it is done. */
static void post(unsigned cpu, struct cpu_call *call)
{
    struct percpu *target = core_percpu(cpu);

    call->next = __atomic_load_n(&target->calls, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&target->calls, &call->next, call, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
        arch_spin_relax();
    irq_send_ipi(cpu);
}

/* A debug build does not wait for ever. */
static void wait_done(unsigned cpu, const uint32_t *done)
{
    uint64_t limit;

    if (!CORE_FINDS_DEADLOCKS || KILN_CONFIG_CPU_LIMIT == 0) {
        arch_spin_until_changes(done, 0);
        return;
    }
    limit = arch_counter() + arch_counter_hz() * KILN_CONFIG_CPU_LIMIT;
    while (!__atomic_load_n(done, __ATOMIC_ACQUIRE)) {
        if (arch_counter() > limit)
            core_cpu_lost(cpu, KILN_CONFIG_CPU_LIMIT);
        arch_spin_relax();
    }
}

/* The caller takes interrupts while it waits, and so serves calls from others, its target too. */
static void call_there(unsigned cpu, void (*function)(void *argument), void *argument)
{
    struct cpu_call call = {.function = function, .argument = argument};

    post(cpu, &call);
    wait_done(cpu, &call.done);
}

static void call_others(void (*function)(void *argument), void *argument, unsigned count)
{
    struct cpu_call calls[IRQ_CPUS];
    unsigned self = kiln_cpu_id();

    for (unsigned cpu = 0; cpu < count; cpu++) {
        calls[cpu] = (struct cpu_call){.function = function, .argument = argument};
        if (cpu != self)
            post(cpu, &calls[cpu]);
    }
    for (unsigned cpu = 0; cpu < count; cpu++)
        if (cpu != self)
            wait_done(cpu, &calls[cpu].done);
}

/* The thread stays on its CPU meanwhile: else one could be left out. */
void core_call_all(void (*function)(void *argument), void *argument)
{
    unsigned count = kiln_cpu_count();

    core_hold();
    function(argument);
    if (count > 1)
        call_others(function, argument, count);
    core_release();
}

int kiln_cpu_call(unsigned cpu, void (*function)(void *argument), void *argument)
{
    KILN_ASSERT(!arch_in_interrupt());
    KILN_ASSERT(!arch_irqs_off());
    if (cpu >= kiln_cpu_count())
        return -EINVAL;
    core_hold();
    if (!KILN_CONFIG_SMP || cpu == kiln_cpu_id())
        call_here(function, argument);
    else
        call_there(cpu, function, argument);
    core_release();
    return 0;
}

/* Waits until a CPU's `online` is the value, for a second divided by per_second. */
static bool wait_online(const struct percpu *percpu, uint32_t value, unsigned per_second)
{
    uint64_t limit = arch_counter() + arch_counter_hz() / per_second;

    while (__atomic_load_n(&percpu->online, __ATOMIC_ACQUIRE) != value) {
        if (arch_counter() > limit)
            return false;
        arch_spin_relax();
    }
    return true;
}

/* The CPU's data and stacks. 0 or -ENOMEM. */
static int prepare_cpu(unsigned cpu, struct arch_cpu_start *start)
{
    enum { INTERRUPT = ARCH_EMERGENCY_STACKS, IDLE, STACKS };
    static const size_t bytes[] = {
        [0 ... INTERRUPT - 1] = ARCH_EMERGENCY_BYTES,
        [INTERRUPT] = KILN_CONFIG_IRQ_STACK_BYTES,
        [IDLE] = CORE_IDLE_STACK_BYTES,
    };
    uintptr_t stacks[STACKS];
    struct percpu *percpu = core_percpu(cpu);

    if (core_boot_stacks(bytes, stacks, STACKS))
        return -ENOMEM;
    struct kiln_thread *idle = core_thread_create_idle(cpu, stacks[IDLE]);
    struct run_queue *run_queue = mm_early_allocate(sizeof(*run_queue), 64);

    if (!idle || !run_queue)
        return -ENOMEM;
    *percpu = (struct percpu){
        .arch.emergency_stack_top = stacks[INTERRUPT - 1] + ARCH_EMERGENCY_BYTES,
        .irq_stack_bottom = stacks[INTERRUPT],
        .cpu = cpu,
        .interrupt = IRQ_NONE,
        .idle_thread = idle,
        .run_queue = run_queue,
    };
    *start = (struct arch_cpu_start){
        .irq_stack_top = stacks[INTERRUPT] + KILN_CONFIG_IRQ_STACK_BYTES,
        .thread_stack_top = idle->stack_top,
        .percpu = percpu,
    };
    return 0;
}

static bool start_cpu(unsigned cpu)
{
    static struct arch_cpu_start start;

    if (prepare_cpu(cpu, &start)) {
        kiln_log_error("no memory to start CPU %u", cpu);
        return false;
    }
    arch_cpu_release(cpu, &start);
    if (!wait_online(core_percpu(cpu), 1, START_WAIT_PER_SECOND)) {
        kiln_log_error("CPU %u does not come up", cpu);
        return false;
    }
    __atomic_store_n(&running, cpu + 1, __ATOMIC_RELEASE);
    __atomic_fetch_or(&core_idle_cpus, CORE_NO_TICK, __ATOMIC_RELAXED);
    return true;
}

/* The boot CPU runs main() first, and is idle later. */
static void create_boot_idle_thread(void)
{
    size_t bytes = CORE_IDLE_STACK_BYTES;
    uintptr_t stack = 0;
    struct kiln_thread *idle =
        core_boot_stacks(&bytes, &stack, 1) ? NULL : core_thread_create_idle(0, stack);

    if (!idle)
        kiln_panic("no memory for the boot CPU's idle thread");
    arch_context_init(&idle->context, idle->stack_top, core_idle_loop);
    core_boot_percpu.idle_thread = idle;
}

void core_start_cpus(unsigned count)
{
    unsigned most = count < IRQ_CPUS ? count : IRQ_CPUS;

    if (!KILN_CONFIG_SMP)
        return;
    if (kiln_irq_attach(IRQ_IPI, handle_ipi, NULL))
        kiln_panic("interrupt %u between CPUs is taken", IRQ_IPI);
    create_boot_idle_thread();
    if (most < 2)
        return;
    other_percpus = mm_early_allocate((most - 1) * sizeof(*other_percpus), sizeof(*other_percpus));
    if (!other_percpus)
        kiln_panic("no memory for %u CPUs", most);
    for (unsigned cpu = 1; cpu < most; cpu++)
        if (!start_cpu(cpu))
            return;
}

void core_stop_other_cpus(void)
{
    unsigned self = kiln_cpu_id();

    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++) {
        if (cpu == self)
            continue;
        __atomic_store_n(&core_percpu(cpu)->stop, PERCPU_STOP, __ATOMIC_RELAXED);
        irq_send_ipi(cpu);
    }
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++)
        if (cpu != self)
            wait_online(core_percpu(cpu), 0, STOP_WAIT_PER_SECOND);
}

_Noreturn void core_cpu_entry(void)
{
    struct percpu *self = arch_percpu();

    if (!KILN_CONFIG_SMP)
        arch_cpu_halt();
    arch_thread_set_self(self->idle_thread);
    arch_tls_set(self->idle_thread->context.tls);
    irq_controller_init_cpu();
    irq_unmask(IRQ_IPI);
    arch_irq_enable();
    __atomic_store_n(&self->online, 1, __ATOMIC_RELEASE);
    core_idle_loop();
}
