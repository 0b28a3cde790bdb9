/* The scheduler: which thread runs on a CPU, and the ways from one to another. */
#include <core/schedule.h>

#include <arch/fp.h>
#include <core/cancel.h>
#include <core/idle.h>
#include <core/priority.h>
#include <core/remote.h>
#include <kiln/thread.h>

/* In .noinit: what the bits in percpu.ready do not name is never read. */
struct run_queue core_boot_run_queue KILN_NOINIT;

static void preempt(void);

#if KILN_CONFIG_RUN_TIME
void core_account_switch(struct kiln_thread *from, struct kiln_thread *to)
{
    uint64_t now = core_clock();

    from->ran += now - from->ran_since;
    to->ran_since = now;
    to->switches++;
}
#endif

static inline bool were_on(uintptr_t irq_state)
{
    return !arch_irq_state_is_off(irq_state);
}

void core_request_switch(struct percpu *percpu)
{
    percpu->reschedule = preempt;
}

/* A single CPU has no idle thread: whoever was the last to run waits in its place, and nothing
 * preempts it meanwhile. */
static struct kiln_thread *wait_for_ready(struct percpu *percpu, struct kiln_thread *self)
{
    struct kiln_thread *next;

    self->rank = RANK_MOST;
    percpu->is_idle = true;
    do {
        core_idle(percpu);
        next = run_queue_first(percpu);
    } while (!next);
    percpu->is_idle = false;
    core_set_rank(self);
    return next;
}

static __attribute__((noinline)) intptr_t idle_then_switch(struct percpu *percpu,
                                                           struct kiln_thread *self,
                                                           uintptr_t irq_state)
{
    struct kiln_thread *next;

    if (KILN_CONFIG_SMP)
        return core_switch(self, percpu->idle_thread, irq_state);
    next = wait_for_ready(percpu, self);
    if (next != self)
        return core_switch(self, next, irq_state);
    arch_irq_restore(irq_state);
    if (self->wants_cancel && core_may_cancel(self) && !self->is_firm)
        kiln_thread_exit(KILN_CANCELLED);
    return self->context.result;
}

intptr_t core_block(struct kiln_thread *self, uintptr_t irq_state)
{
    struct percpu *percpu = arch_percpu();
    struct kiln_thread *next = run_queue_first(percpu);

    if (__builtin_expect(!next, 0))
        return idle_then_switch(percpu, self, irq_state);
    return core_switch(self, next, irq_state);
}

bool core_make_ready(struct percpu *percpu, struct kiln_thread *thread)
{
    KILN_TRACE(KILN_TRACE_WAKE, thread, 0);
    if (thread->special & SPECIAL_SUSPEND) {
        if (thread->state != THREAD_NEW)
            thread->state = THREAD_SUSPENDED;
        return false;
    }
    thread->state = THREAD_READY;
    run_queue_add(percpu, thread);
    return thread->priority > arch_thread_self()->rank;
}

void core_make_ready_anywhere(struct kiln_thread *thread, intptr_t result)
{
    struct percpu *percpu = arch_percpu();

    thread->context.result = result;
    if (KILN_CONFIG_SMP && thread->cpu != percpu->cpu)
        core_remote_request(thread, REQUEST_WAKE);
    else if (core_make_ready(percpu, thread))
        core_request_switch(percpu);
}

void core_wake(struct kiln_thread *thread, intptr_t result, uintptr_t irq_state)
{
    struct percpu *percpu = arch_percpu();
    struct kiln_thread *self = arch_thread_self();

    if (__builtin_expect(thread->special || (KILN_CONFIG_SMP && thread->cpu != percpu->cpu), 0)) {
        core_make_ready_anywhere(thread, result);
        core_reschedule(irq_state);
        return;
    }
    thread->context.result = result;
    KILN_TRACE(KILN_TRACE_WAKE, thread, 0);
    thread->state = THREAD_READY;
    run_queue_add(percpu, thread);
    if (thread->priority > self->rank) {
        if (__builtin_expect(were_on(irq_state), 1)) {
            core_switch(self, thread, irq_state);
            return;
        }
        core_request_switch(percpu);
    }
    arch_irq_restore(irq_state);
}

/* Who is to run instead of the running thread, which is ready; NULL: it goes on. One of its own
 * priority is when it is first there: the turn is over. */
static struct kiln_thread *who_preempts(struct percpu *percpu, struct kiln_thread *self)
{
    struct kiln_thread *next = run_queue_first(percpu);

    percpu->reschedule = NULL;
    if (!next || next == self)
        return NULL;
    return next->priority > self->rank || next->priority == self->priority ? next : NULL;
}

/* Only who was suspended from an interrupt handler, or by itself, is not ready here. */
static void leave(struct kiln_thread *self, struct kiln_thread *next, uintptr_t irq_state)
{
    if (self->state != THREAD_READY)
        core_block(self, irq_state);
    else
        core_switch(self, next, irq_state);
}

/* All FP registers, for an interrupt has stopped the thread anywhere. */
static __attribute__((noinline)) void leave_with_fp(struct kiln_thread *self,
                                                    struct kiln_thread *next)
{
    uintptr_t room =
        (uintptr_t)__builtin_alloca(arch_fp_state_bytes() + ARCH_FP_STATE_ALIGN);
    void *state = (void *)((room + ARCH_FP_STATE_ALIGN - 1) & ~(uintptr_t)(ARCH_FP_STATE_ALIGN - 1));

    arch_fp_state_init(state);
    arch_fp_save(state);
    leave(self, next, arch_irq_save());
    arch_fp_restore(state);
}

/* Instead of the return from an interrupt. */
static void preempt(void)
{
    struct kiln_thread *self = arch_thread_self();
    struct kiln_thread *next = who_preempts(arch_percpu(), self);

    if ((!next && self->state == THREAD_READY) || arch_percpu()->is_idle)
        return;
    if (self->context.uses_fp)
        leave_with_fp(self, next);
    else
        leave(self, next, arch_irq_save());
}

void core_reschedule(uintptr_t irq_state)
{
    struct kiln_thread *self = arch_thread_self();
    struct kiln_thread *next;

    if (arch_irq_state_is_off(irq_state)) {
        core_request_switch(arch_percpu());
        arch_irq_restore(irq_state);
        return;
    }
    next = who_preempts(arch_percpu(), self);
    if (next || self->state != THREAD_READY)
        leave(self, next, irq_state);
    else
        arch_irq_restore(irq_state);
}

static __attribute__((noinline)) void yield(struct kiln_thread *self)
{
    uintptr_t state = arch_irq_save();
    struct percpu *percpu = arch_percpu();
    struct kiln_thread *next = self->next;

    if (self->state != THREAD_READY || arch_irq_state_is_off(state)) {
        arch_irq_restore(state);
        return;
    }
    core_run_queue(percpu)->first[(unsigned)self->priority] = next;
    if (__builtin_expect(self->special, 0))
        next = run_queue_first(percpu);
    if (next == self)
        arch_irq_restore(state);
    else
        core_switch(self, next, state);
}

void kiln_thread_yield(void)
{
    struct kiln_thread *self = arch_thread_self();

    if (self->next != self || self->special)
        yield(self);
}
