/* The scheduler: which thread runs on a CPU, and the ways from one to another. */
#include <core/schedule.h>

#include <arch/counter.h>
#include <arch/fp.h>
#include <core/balance.h>
#include <core/deadlock.h>
#include <core/group.h>
#include <core/idle.h>
#include <core/priority.h>
#include <core/remote.h>
#include <errno.h>
#include <kiln/thread.h>

/* In .noinit: what the bits in percpu.ready do not name is never read. */
struct run_queue core_boot_run_queue KILN_NOINIT;

const struct core_group_calls *core_group_calls;

static void switch_to_next(void);

#if KILN_CONFIG_RUN_TIME
void core_account_switch(struct kiln_thread *from, struct kiln_thread *to)
{
    uint64_t now = arch_counter();

    from->ran += now - from->ran_since;
    to->ran_since = now;
    to->switches++;
}

int core_switch_counted(struct kiln_thread *from, struct kiln_thread *to, uintptr_t irq_state)
{
    core_account_switch(from, to);
    return arch_context_switch(&from->context, &to->context, irq_state);
}
#endif

static inline bool were_on(uintptr_t irq_state)
{
    return !arch_irq_state_is_off(irq_state);
}

void core_request_switch(struct percpu *percpu)
{
    percpu->reschedule = core_preempt;
}

/* A thread has become ready that is above all others, if it is the only one until then. */
static inline void request_switch_to(struct percpu *percpu, struct kiln_thread *thread)
{
    if (__builtin_expect(percpu->reschedule != NULL, 0)) {
        core_request_switch(percpu);
        return;
    }
    percpu->next = thread;
    percpu->reschedule = switch_to_next;
}

/* A single CPU has no idle thread: whoever was the last to run waits in its place, and nothing
 * preempts it meanwhile. That is not its run time. */
static struct kiln_thread *wait_for_ready(struct percpu *percpu, struct kiln_thread *self)
{
    uint64_t since = KILN_CONFIG_RUN_TIME ? arch_counter() : 0;
    struct kiln_thread *next;

    self->rank = RANK_MOST;
    percpu->is_idle = true;
    do {
        if (CORE_FINDS_DEADLOCKS)
            core_deadlock_idle(percpu);
        core_idle(percpu);
        next = run_queue_first(percpu);
    } while (!next);
    percpu->is_idle = false;
    core_set_rank(self);
    if (KILN_CONFIG_RUN_TIME)
        self->ran_since += arch_counter() - since;
    return next;
}

int core_idle_then_switch(struct percpu *percpu, struct kiln_thread *self, uintptr_t irq_state)
{
    struct kiln_thread *next;

    if (KILN_CONFIG_SMP)
        return core_switch(self, percpu->idle_thread, irq_state);
    next = wait_for_ready(percpu, self);
    if (next != self)
        core_switch(self, next, irq_state);
    else
        arch_irq_restore(irq_state);
    if (self->context.result == -ECANCELED)
        kiln_thread_exit(KILN_CANCELLED);
    return (int)self->context.result;
}

void core_leave_group(struct kiln_thread *self)
{
    core_group_calls->block(self);
}

static inline bool make_ready_here(struct kiln_thread *thread)
{
    if (thread->special & SPECIAL_POLICY)
        return core_group_calls->ready(thread);
    thread_set_state(thread, THREAD_READY);
    run_queue_add(thread);
    return thread->own_rank > arch_thread_self()->rank;
}

/* Another CPU is idle, or nothing has waited anywhere until now. */
static __attribute__((noinline)) bool make_ready_somewhere(struct kiln_thread *thread)
{
    bool is_above;

    if (core_send_to_idle(thread))
        return false;
    is_above = make_ready_here(thread);
    core_note_ready();
    return is_above;
}

bool core_make_ready(struct kiln_thread *thread)
{
    KILN_TRACE(KILN_TRACE_WAKE, thread, 0);
    if (thread->special & SPECIAL_SUSPEND) {
        thread_set_state(thread, THREAD_SUSPENDED);
        return false;
    }
    if (KILN_CONFIG_SMP && core_idle_cpus)
        return make_ready_somewhere(thread);
    return make_ready_here(thread);
}

void core_make_ready_anywhere(int64_t result, struct kiln_thread *thread)
{
    thread->context.result = result;
    if (KILN_CONFIG_SMP && __atomic_load_n(&thread->cpu, __ATOMIC_ACQUIRE) != arch_cpu_id())
        core_remote_request(thread, REQUEST_WAKE);
    else if (core_make_ready(thread))
        core_request_switch(arch_percpu());
}

/* With several CPUs: it is this one's, and none is idle, to which it could go. */
static inline bool is_simple(const struct kiln_thread *thread)
{
    return CORE_SHARED_LOAD(thread->cpu) == arch_cpu_id() && !core_idle_cpus;
}

/* Another CPU's thread, or one that may become so, or a special one. */
static __attribute__((noinline)) void wake_slowly(int64_t result, struct kiln_thread *thread,
                                                  uintptr_t irq_state)
{
    core_make_ready_anywhere(result, thread);
    core_reschedule(irq_state);
}

/* The running thread is special, and another one is above it. */
static __attribute__((noinline)) void leave_specially(uintptr_t irq_state)
{
    core_request_switch(arch_percpu());
    core_reschedule(irq_state);
}

/* The short way. One of the running thread's own priority goes behind all others: before the
 * running thread, which is the first of their ring. */
void core_wake(int64_t result, struct kiln_thread *thread, uintptr_t irq_state)
{
    struct kiln_thread *self = arch_thread_self();
    unsigned rank = thread->own_rank;

    if (__builtin_expect((KILN_CONFIG_SMP && !is_simple(thread)) || thread->special, 0)) {
        wake_slowly(result, thread, irq_state);
        return;
    }
    KILN_TRACE(KILN_TRACE_WAKE, thread, 0);
    thread->context.result = result;
    if (KILN_CONFIG_SMP)
        thread_set_state(thread, THREAD_READY);
    if (rank == self->rank) {
        ring_insert_before(self, thread);
        core_note_crowd();
        arch_irq_restore(irq_state);
        return;
    }
    run_queue_add(thread);
    if (rank > self->rank) {
        if (__builtin_expect(self->special, 0)) {
            leave_specially(irq_state);
            return;
        }
        if (__builtin_expect(were_on(irq_state), 1)) {
            core_switch(self, thread, irq_state);
            return;
        }
        request_switch_to(arch_percpu(), thread);
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
    return next->own_rank >= self->rank ? next : NULL;
}

/* What led here and what a policy does each take their time, and so interrupts come between. They
 * preempt nobody, as the thread has that before it: no more than one comes on top of another on its
 * stack. False: it goes on. */
static __attribute__((noinline)) bool lose(struct kiln_thread *self, struct kiln_thread **next)
{
    if (self->rank != RANK_MOST && thread_is_ready(self)) {
        self->rank = RANK_MOST;
        self->special |= SPECIAL_RANK;
        arch_irq_enable();
        arch_irq_disable();
        core_set_rank(self);
        *next = who_preempts(arch_percpu(), self);
        if (!*next && thread_is_ready(self))
            return false;
    }
    core_group_calls->lose(self);
    return true;
}

/* Only who was suspended from an interrupt handler, or by itself, is not ready here. */
static void leave(struct kiln_thread *self, struct kiln_thread *next, uintptr_t irq_state)
{
    if ((self->special & SPECIAL_POLICY) && !lose(self, &next))
        arch_irq_restore(irq_state);
    else if (thread_is_ready(self))
        core_switch(self, next, irq_state);
    else if (KILN_CONFIG_SMP && arch_percpu()->moving)
        core_switch(self, arch_percpu()->idle_thread, irq_state);
    else
        core_block(arch_percpu(), self, run_queue_first(arch_percpu()), irq_state);
}

/* All FP registers, for an interrupt has stopped the thread anywhere. */
static __attribute__((noinline)) void leave_with_fp(struct kiln_thread *self,
                                                    struct kiln_thread *next)
{
    uintptr_t room = (uintptr_t)__builtin_alloca(arch_fp_state_bytes() + ARCH_FP_STATE_ALIGN);
    void *state =
        (void *)((room + ARCH_FP_STATE_ALIGN - 1) & ~(uintptr_t)(ARCH_FP_STATE_ALIGN - 1));

    arch_fp_state_init(state);
    arch_fp_save(state);
    leave(self, next, arch_irq_save());
    arch_fp_restore(state);
}

void core_preempt(void)
{
    struct kiln_thread *self = arch_thread_self(), *next;
    struct percpu *percpu = arch_percpu();

    if (__builtin_expect(percpu->run_deferred != NULL, 0)) {
        percpu->run_deferred();
        return;
    }
    next = who_preempts(percpu, self);
    if ((!next && thread_is_ready(self)) || percpu->is_idle)
        return;
    if (self->context.uses_fp)
        leave_with_fp(self, next);
    else
        leave(self, next, arch_irq_save());
}

/* The same, where one thread was woken and nothing else has happened. */
static void switch_to_next(void)
{
    struct kiln_thread *self = arch_thread_self();
    struct percpu *percpu = arch_percpu();
    struct kiln_thread *next = percpu->next;

    percpu->reschedule = NULL;
    if (__builtin_expect(self->context.uses_fp, 0))
        leave_with_fp(self, next);
    else
        core_switch(self, next, arch_irq_save());
}

void core_reschedule(uintptr_t irq_state)
{
    struct kiln_thread *self = arch_thread_self();
    struct kiln_thread *next;

    if (arch_irq_state_is_off(irq_state) || arch_percpu()->run_deferred) {
        core_request_switch(arch_percpu());
        arch_irq_restore(irq_state);
        return;
    }
    next = who_preempts(arch_percpu(), self);
    if (next || !thread_is_ready(self))
        leave(self, next, irq_state);
    else
        arch_irq_restore(irq_state);
}

/* Whoever is above the thread's priority, but not its rank, runs first. One that was lowered may
 * stand in front of it. */
static __attribute__((noinline)) void yield_specially(struct kiln_thread *self)
{
    uintptr_t state = arch_irq_save();
    struct percpu *percpu = arch_percpu();

    if (!were_on(state) || percpu->run_deferred) {
        arch_irq_restore(state);
        return;
    }
    run_queue_remove(self);
    run_queue_add(self);
    if (self->special & SPECIAL_POLICY)
        core_group_calls->yield(self);
    core_switch(self, run_queue_first(percpu), state);
}

/* In an interrupt handler, and while the CPU is idle, interrupts are masked. */
void kiln_thread_yield(void)
{
    struct kiln_thread *self = arch_thread_self();
    uintptr_t state;

    if (__builtin_expect(self->special, 0)) {
        yield_specially(self);
        return;
    }
    if (self->next == self)
        return;
    state = arch_irq_save();
    if (__builtin_expect(were_on(state), 1)) {
        struct kiln_thread *next = self->next;

        *self->ring = next;
        core_switch(self, next, state);
        return;
    }
    arch_irq_restore(state);
}
