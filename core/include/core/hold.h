/*
 * Staying on the CPU: what kiln_scheduler_lock() does, for parts of the runtime that a program
 * without threads has too. The scheduler says how to look who is to run afterwards, once there are
 * threads.
 */
#ifndef CORE_HOLD_H
#define CORE_HOLD_H

#include <arch/cpu.h>
#include <arch/irq.h>
#include <core/thread.h>

/* Sees whether another thread is to run than the running one, whose lock was the last; restores the
 * interrupt state. NULL: there has only been main(). Atomic. */
extern void (*core_after_hold)(uintptr_t irq_state);

/* Until core_release() nobody preempts the running thread, and it does not change CPUs. Nests. Any
 * context: before there are threads, and in an interrupt handler, it does not matter. */
static inline void core_hold(void)
{
    struct kiln_thread *self = arch_thread_self();
    uintptr_t state;

    if (!self)
        return;
    state = arch_irq_save();
    self->scheduler_locks++;
    if (self->rank != RANK_MOST) {
        self->rank = RANK_MOST;
        self->special |= SPECIAL_RANK;
    }
    arch_irq_restore(state);
}

static inline void core_release(void)
{
    struct kiln_thread *self = arch_thread_self();
    uintptr_t state;

    if (!self)
        return;
    state = arch_irq_save();
    if (--self->scheduler_locks == 0) {
        void (*after_hold)(uintptr_t) = CORE_SHARED_LOAD(core_after_hold);

        if (after_hold) {
            after_hold(state);
            return;
        }
        self->rank = self->own_rank;
        self->special &= (uint8_t)~SPECIAL_RANK;
    }
    arch_irq_restore(state);
}

#endif
