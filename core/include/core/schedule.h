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

/* Behind its equals. */
static inline void run_queue_add(struct percpu *percpu, struct kiln_thread *thread)
{
    unsigned priority = (unsigned)thread->priority;
    uint64_t *word = &percpu->ready[priority / 64];
    uint64_t bit = UINT64_C(1) << priority % 64;
    struct kiln_thread **first = &core_run_queue(percpu)->first[priority];

    if (__builtin_expect((*word & bit) == 0, 1)) {
        *word |= bit;
        *first = thread;
        thread->next = thread;
        thread->previous = thread;
    } else {
        struct kiln_thread *next = *first, *previous = next->previous;

        thread->next = next;
        thread->previous = previous;
        previous->next = thread;
        next->previous = thread;
    }
}

static inline void run_queue_remove(struct percpu *percpu, struct kiln_thread *thread)
{
    unsigned priority = (unsigned)thread->priority;
    struct kiln_thread *next = thread->next;

    if (__builtin_expect(next == thread, 1)) {
        percpu->ready[priority / 64] &= ~(UINT64_C(1) << priority % 64);
    } else {
        struct kiln_thread **first = &core_run_queue(percpu)->first[priority];

        next->previous = thread->previous;
        thread->previous->next = next;
        if (*first == thread)
            *first = next;
    }
}

/* Puts one that is in the run queue in front of its equals. */
static inline void run_queue_to_front(struct percpu *percpu, struct kiln_thread *thread)
{
    core_run_queue(percpu)->first[(unsigned)thread->priority] = thread;
}

/* What every switch counts; RUN_TIME. */
void core_account_switch(struct kiln_thread *from, struct kiln_thread *to);

/* Leaves `from` for `to`: arch_context_switch() with what every switch does. */
static inline intptr_t core_switch(struct kiln_thread *from, struct kiln_thread *to,
                                   uintptr_t irq_state)
{
    if (KILN_CONFIG_RUN_TIME)
        core_account_switch(from, to);
    KILN_TRACE(KILN_TRACE_SWITCH, from, to);
    return arch_context_switch(&from->context, &to->context, irq_state);
}

/* The running thread leaves the run queue. A debug build panics where interrupts were masked before,
 * as in a handler, for there it cannot wait. */
static inline void core_leave_run_queue(struct kiln_thread *self, enum thread_state state,
                                        uintptr_t irq_state)
{
    if (KILN_CONFIG_CHECKS && arch_irq_state_is_off(irq_state))
        kiln_panic("a thread waits or ends in an interrupt handler or with interrupts masked");
    self->state = state;
    run_queue_remove(arch_percpu(), self);
}

/* The running thread has left the run queue: others run. Returns the result with which it is woken,
 * with that interrupt state restored. */
intptr_t core_block(struct kiln_thread *self, uintptr_t irq_state);

/*
 * Makes a thread that waits go on with that result, here or on its CPU. If it is above the running
 * thread and interrupts were on before it runs at once: returns in the thread that calls when that
 * one goes on, the interrupt state restored. Where they were masked it runs as soon as the interrupt
 * handler has ended, a spinlock is released or kiln_irq_restore() lets interrupts through. Any
 * context; interrupts masked, no lock held but the caller's caller's spinlock.
 */
void core_wake(struct kiln_thread *thread, intptr_t result, uintptr_t irq_state);

/* The same without running it yet: core_reschedule() follows. */
void core_make_ready_anywhere(struct kiln_thread *thread, intptr_t result);

/* Puts a thread of this CPU's into the run queue, unless it is suspended. True: it is above the
 * running thread. */
bool core_make_ready(struct percpu *percpu, struct kiln_thread *thread);

/* Has the CPU see, as soon as interrupts are on, whether another thread is to run. */
void core_request_switch(struct percpu *percpu);

/* Sees to it now if interrupts were on, else has it seen to. Restores the interrupt state. */
void core_reschedule(uintptr_t irq_state);

#endif
