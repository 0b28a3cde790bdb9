/*
 * The scheduler inside: run queues, leaving the CPU and being given one. Each CPU's run queue and
 * the threads in it are its own: nothing here takes a lock, and everything needs interrupts masked.
 * What another CPU wants of a thread it asks that thread's CPU to do (core/remote.h).
 */
#ifndef CORE_SCHEDULE_H
#define CORE_SCHEDULE_H

#include <arch/cpu.h>
#include <arch/irq.h>
#include <core/percpu.h>
#include <core/thread.h>
#include <kiln/panic.h>
#include <kiln/trace.h>

/* First of each ring, of priorities whose bit in percpu.ready is set; others mean nothing. */
struct run_queue {
    struct kiln_thread *first[KILN_PRIORITIES];
};
extern struct run_queue core_boot_run_queue;

#define core_run_queue(percpu) (KILN_CONFIG_SMP ? (percpu)->run_queue : &core_boot_run_queue)

/* The first ready thread of the highest priority; NULL: none is ready. */
static inline struct kiln_thread *run_queue_first(struct percpu *percpu)
{
    unsigned base = 63 + 64;
    uint64_t word = percpu->ready[1];

    if (!word) {
        base = 63;
        word = percpu->ready[0];
        if (!word)
            return NULL;
    }
    return core_run_queue(percpu)->first[base - (unsigned)__builtin_clzll(word)];
}

static inline void ring_insert_before(struct kiln_thread *next, struct kiln_thread *thread)
{
    struct kiln_thread *previous = next->previous;

    thread->next = next;
    thread->previous = previous;
    previous->next = thread;
    next->previous = thread;
}

static inline void ring_remove(struct kiln_thread *thread)
{
    struct kiln_thread *next = thread->next, *previous = thread->previous;

    next->previous = previous;
    previous->next = next;
}

/* The thread has been given this CPU, or another priority; it is in no run queue. */
static inline void core_set_ring(struct percpu *percpu, struct kiln_thread *thread)
{
    unsigned priority = thread->priority;

    thread->own_rank = RANK_OF(priority);
    thread->ring = &core_run_queue(percpu)->first[priority];
    thread->ring_word = &percpu->ready[priority / 64];
    thread->ring_bit = UINT64_C(1) << priority % 64;
}

/* Others may ask for one of several threads. */
static inline void core_note_crowd(void)
{
    if (KILN_CONFIG_SMP)
        arch_percpu()->is_crowded = true;
}

/* Behind its equals. */
static inline void run_queue_add(struct kiln_thread *thread)
{
    uint64_t *word = thread->ring_word, bit = thread->ring_bit, ready = *word;

    if (__builtin_expect((ready & bit) == 0, 1)) {
        *word = ready | bit;
        *thread->ring = thread;
        thread->next = thread;
        thread->previous = thread;
    } else {
        ring_insert_before(*thread->ring, thread);
        core_note_crowd();
    }
}

static inline void run_queue_remove(struct kiln_thread *thread)
{
    struct kiln_thread *next = thread->next;

    if (next == thread) {
        *thread->ring_word &= ~thread->ring_bit;
        return;
    }
    ring_remove(thread);
    if (*thread->ring == thread)
        *thread->ring = next;
}

/* Puts one that is in the run queue in front of its equals. */
static inline void run_queue_to_front(struct kiln_thread *thread)
{
    *thread->ring = thread;
}

/* What every switch counts, and a switch that does; RUN_TIME. */
void core_account_switch(struct kiln_thread *from, struct kiln_thread *to);
int core_switch_counted(struct kiln_thread *from, struct kiln_thread *to, uintptr_t irq_state);

/* Leaves `from` for `to`: arch_context_switch() with what every switch does. */
static inline int core_switch(struct kiln_thread *from, struct kiln_thread *to, uintptr_t irq_state)
{
    KILN_TRACE(KILN_TRACE_SWITCH, from, to);
#if KILN_CONFIG_IRQS_OFF_TRACE
    arch_irqs_off_end();
#endif
    if (KILN_CONFIG_RUN_TIME)
        return core_switch_counted(from, to, irq_state);
    return arch_context_switch(&from->context, &to->context, irq_state);
}

static inline void core_assert_may_wait(uintptr_t irq_state)
{
    if (KILN_CONFIG_CHECKS && arch_irq_state_is_off(irq_state))
        kiln_panic("a thread waits or ends in an interrupt handler or with interrupts masked");
    if (KILN_CONFIG_CHECKS && arch_percpu()->run_deferred)
        kiln_panic("a function that kiln_irq_defer() has run waits");
}

/* The running thread, which has a policy, is ready no more. */
void core_leave_group(struct kiln_thread *self);

/* The running thread leaves the run queue. Returns who is to run next, for core_block(); NULL:
 * nobody is ready. */
static inline struct kiln_thread *core_leave_run_queue(struct percpu *percpu,
                                                       struct kiln_thread *self)
{
    run_queue_remove(self);
    if (__builtin_expect(self->special & SPECIAL_POLICY, 0))
        core_leave_group(self);
    return run_queue_first(percpu);
}

/* The same for one with nothing special: while it runs nobody above it is ready, and it is the
 * first of its ring. */
static inline struct kiln_thread *core_leave_run_queue_plainly(struct percpu *percpu,
                                                               struct kiln_thread *self)
{
    struct kiln_thread *next = self->next;

    if (next == self) {
        *self->ring_word &= ~self->ring_bit;
        return run_queue_first(percpu);
    }
    ring_remove(self);
    *self->ring = next;
    return next;
}

/* Idles until somebody is ready, then as core_block(). */
int core_idle_then_switch(struct percpu *percpu, struct kiln_thread *self, uintptr_t irq_state);

/* The running thread has left the run queue, and the next one runs. Returns the result with which
 * it is woken, with that interrupt state restored. */
static inline int core_block(struct percpu *percpu, struct kiln_thread *self,
                             struct kiln_thread *next, uintptr_t irq_state)
{
    if (__builtin_expect(!next, 0))
        return core_idle_then_switch(percpu, self, irq_state);
    return core_switch(self, next, irq_state);
}

/*
 * Makes a thread that waits go on with that result, here or on its CPU. If it is above the running
 * thread and interrupts were on before it runs at once: returns in the thread that calls when that
 * one goes on, the interrupt state restored. Where they were masked it runs as soon as the
 * interrupt handler has ended, a spinlock is released or kiln_irq_restore() lets interrupts
 * through. Any context; interrupts masked, no lock held but the caller's caller's spinlock.
 */
void core_wake(int64_t result, struct kiln_thread *thread, uintptr_t irq_state);

/* The same without running it yet: core_reschedule() follows. */
void core_make_ready_anywhere(int64_t result, struct kiln_thread *thread);

/* Puts a thread of this CPU's into the run queue, unless it is suspended. True: it is above the
 * running thread. */
bool core_make_ready(struct kiln_thread *thread);

/* Has the CPU see, as soon as interrupts are on, whether another thread is to run. */
void core_request_switch(struct percpu *percpu);

/* Instead of the return from an interrupt: runs who is to run. Interrupts masked. */
void core_preempt(void);

/* Sees to it now if interrupts were on, else has it seen to. Restores the interrupt state. */
void core_reschedule(uintptr_t irq_state);

#endif
