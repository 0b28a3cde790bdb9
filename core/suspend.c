/* Suspending threads, whatever they do at the moment. */
#include <core/suspend.h>

#include <core/group.h>
#include <core/priority.h>
#include <core/remote.h>
#include <core/schedule.h>
#include <errno.h>

/* One that waits is stopped by its wake-up. */
void core_suspend_here(struct kiln_thread *thread)
{
    if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) >= THREAD_FINISHED)
        return;
    thread->special |= SPECIAL_SUSPEND;
    if (!thread_is_ready(thread))
        return;
    thread_set_state(thread, THREAD_SUSPENDED);
    if (thread->special & SPECIAL_POLICY)
        core_group_calls->unready(thread);
    else
        run_queue_remove(thread);
    if (thread == arch_thread_self())
        thread->rank = RANK_MOST; /* it runs, but has no place among its equals */
    core_request_switch(arch_percpu());
}

/* The rank of one that waits is not its own while its CPU is idle in its place. */
void core_resume_here(struct kiln_thread *thread)
{
    if (!(thread->special & SPECIAL_SUSPEND))
        return;
    thread->special &= (uint8_t)~SPECIAL_SUSPEND;
    if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) != THREAD_SUSPENDED)
        return;
    core_set_rank(thread);
    if (core_make_ready(thread))
        core_request_switch(arch_percpu());
}

static int ask(struct kiln_thread *thread, uint32_t request)
{
    if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) >= THREAD_FINISHED)
        return -ESRCH;
    core_ask(thread, request);
    return 0;
}

static __attribute__((noinline)) int suspend_slowly(struct kiln_thread *thread, uintptr_t irq_state)
{
    arch_irq_restore(irq_state);
    return ask(thread, REQUEST_SUSPEND);
}

/* The running thread is switched from at once, if it can be. */
int kiln_thread_suspend(struct kiln_thread *thread)
{
    struct kiln_thread *self = arch_thread_self();
    uintptr_t state = arch_irq_save();
    struct percpu *percpu = arch_percpu();
    struct kiln_thread *next;

    if (thread != self || arch_irq_state_is_off(state) || self->special || percpu->run_deferred)
        return suspend_slowly(thread, state);
    self->special = SPECIAL_SUSPEND;
    thread_set_state(self, THREAD_SUSPENDED);
    self->context.result = 0;
    next = core_leave_run_queue_plainly(percpu, self);
    return core_block(percpu, self, next, state);
}

/* One of this CPU's that has nothing else special, and its own rank. What its wait has given it, if
 * it was stopped when that ended, is still its result. */
int kiln_thread_resume(struct kiln_thread *thread)
{
    uintptr_t state = arch_irq_save();

    if ((KILN_CONFIG_SMP && __atomic_load_n(&thread->cpu, __ATOMIC_ACQUIRE) != arch_cpu_id()) ||
        thread->special != SPECIAL_SUSPEND || CORE_SHARED_LOAD(thread->state) != THREAD_SUSPENDED ||
        thread->rank != thread->own_rank) {
        arch_irq_restore(state);
        return ask(thread, REQUEST_RESUME);
    }
    thread->special = 0;
    if (!KILN_CONFIG_SMP)
        thread->state = THREAD_READY;
    core_wake(thread->context.result, thread, state);
    return 0;
}
