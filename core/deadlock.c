/* Threads that wait for each other for ever, and CPUs that do not answer. */
#include <core/deadlock.h>

#include <arch/frame.h>
#include <core/backtrace.h>
#include <core/balance.h>
#include <core/lock.h>
#include <core/mutex.h>
#include <core/panic.h>
#include <core/priority.h>
#include <core/schedule.h>
#include <core/spinlock_held.h>
#include <core/timer.h>
#include <irq/dispatch.h>
#include <kiln/cpu.h>

#define DEPTH   16
#define LONGEST 64 /* threads in a ring */

static uint32_t idle_ends; /* atomic: how often a CPU was idle no longer */

/* Of the running thread from here, of others from where they were left. */
static void print_backtrace(const struct kiln_thread *thread)
{
    const struct arch_context *context = &thread->context;
    uintptr_t frame = thread == arch_thread_self()
                          ? (uintptr_t)__builtin_frame_address(0)
                          : arch_context_record(context->sp, context->uses_fp);
    struct arch_backtrace_step step = arch_backtrace_next(frame);

    for (unsigned depth = 0; step.pc && depth < DEPTH; depth++) {
        core_print_place(step.pc, 1);
        step = arch_backtrace_next(step.fp);
    }
}

static void print_wait(const struct kiln_thread *thread)
{
    const struct kiln_wait_queue *queue = thread->queue;
    const struct kiln_thread *owner;

    core_print("  thread %s ", thread->name);
    if (thread->wants) {
        owner = core_mutex_owner_in(thread->wants->owner);
        core_print("waits for %s %p, which thread %s holds:\n", thread->wants->queue.kind,
                   (void *)thread->wants, owner ? owner->name : "?");
    } else if (thread->joins) {
        core_print("waits for the end of thread %s:\n", thread->joins->name);
    } else if (queue && queue != &thread->finished) {
        core_print("waits for %s %p:\n", queue->kind, (const void *)queue);
    } else {
        core_print(queue ? "waits for a notification:\n" : "is suspended:\n");
    }
    print_backtrace(thread);
}

/* For whom it waits without a deadline; NULL: for nobody. */
static struct kiln_thread *awaited(const struct kiln_thread *thread)
{
    if (!thread->wants || thread->timer.link)
        return NULL;
    return core_mutex_listed_owner(thread->wants);
}

void core_deadlock_look(struct kiln_thread *self)
{
    struct kiln_thread *thread = awaited(self);
    unsigned count = 1;

    for (; thread && thread != self; thread = awaited(thread))
        if (++count > LONGEST)
            return;
    if (!thread)
        return;
    core_panic_begin();
    core_print("\nkiln: panic: deadlock: %u threads wait for each other's mutexes\n", count);
    do {
        print_wait(thread);
        thread = awaited(thread);
    } while (thread != self);
    core_panic_end();
}

static bool is_idle(unsigned cpu)
{
    const struct percpu *percpu = core_percpu(cpu);

    return __atomic_load_n(&percpu->interrupt, __ATOMIC_RELAXED) == IRQ_NONE &&
           !__atomic_load_n(&percpu->inbox, __ATOMIC_RELAXED) &&
           !__atomic_load_n(&percpu->calls, __ATOMIC_RELAXED);
}

static bool are_all_idle(void)
{
    uint32_t all = (UINT32_C(1) << kiln_cpu_count()) - 1;

    if (!KILN_CONFIG_SMP)
        return true;
    if ((core_idle_cpus & all) != all)
        return false;
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++)
        if (!is_idle(cpu))
            return false;
    return true;
}

/* Those of the runtime itself wake no thread where no timer is started. */
static bool can_interrupts_wake(void)
{
    unsigned own = (core_timer_has_alarm() ? 1 : 0) + (KILN_CONFIG_SMP ? 1 : 0);

    return !core_timers_are_none() || irq_count_handlers() > own;
}

static bool is_sleeping(const struct kiln_thread *thread)
{
    return thread->queue == &thread->finished &&
           !(thread->notification & CORE_WAITS_TO_BE_NOTIFIED);
}

/* It waits, or is suspended, and nobody is about to change that. */
static bool is_stuck(const struct kiln_thread *thread)
{
    if (thread->state >= THREAD_FINISHED || thread == core_percpu(thread->cpu)->idle_thread)
        return true;
    if (thread->state == THREAD_SUSPENDED)
        return true;
    return thread->queue && !is_sleeping(thread) && !thread->requests;
}

/* That is the case of all; a program that sleeps for ever means to. */
static bool are_all_stuck(void)
{
    bool are_stuck = true;

    core_lock(&core_threads_lock);
    core_for_each_thread(thread) are_stuck = are_stuck && is_stuck(thread);
    core_unlock(&core_threads_lock);
    return are_stuck;
}

static void report(void)
{
    core_panic_begin();
    core_print("\nkiln: panic: deadlock: all threads wait, and nothing can wake one\n");
    core_for_each_thread(thread)
    {
        if (thread->state < THREAD_FINISHED && thread != core_percpu(thread->cpu)->idle_thread)
            print_wait(thread);
    }
    core_panic_end();
}

/* Between two looks at the other CPUs, at both of which they are idle, none of them has been
 * anything else. */
void core_deadlock_idle(const struct percpu *self)
{
    uint32_t ends = __atomic_load_n(&idle_ends, __ATOMIC_SEQ_CST);

    if (!are_all_idle() || can_interrupts_wake() || self->reschedule || !are_all_stuck())
        return;
    if (are_all_idle() && __atomic_load_n(&idle_ends, __ATOMIC_SEQ_CST) == ends)
        report();
}

void core_deadlock_idle_end(void)
{
    __atomic_fetch_add(&idle_ends, 1, __ATOMIC_SEQ_CST);
}

_Noreturn void core_cpu_lost(unsigned cpu, unsigned seconds)
{
    const struct percpu *percpu = core_percpu(cpu);
    const struct kiln_thread *thread = run_queue_first(core_percpu(cpu));

    core_panic_begin();
    core_print("\nkiln: panic: CPU %u has not answered for %u s\n", cpu, seconds);
    core_print("  it runs thread %s\n", thread ? thread->name : percpu->idle_thread->name);
    core_spinlock_held_tell(cpu);
    core_print("  CPU %u waits for it:\n", kiln_cpu_id());
    print_backtrace(arch_thread_self());
    core_panic_end();
}
