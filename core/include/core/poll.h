/*
 * What objects do for those that wait for several of them at once. Each has a list of items that
 * are to be told when it can be used, under its lock; who puts something into it, or destroys it,
 * tells them all, and wakes the threads it is given once the lock is released. Only a program that
 * has sets contains what is called.
 */
#ifndef CORE_POLL_H
#define CORE_POLL_H

#include <core/wait.h>
#include <kiln/poll.h>

/* Threads that are to go on, for core_wake_list(). The object's lock. */
static inline struct kiln_thread *core_poll_tell(struct kiln_poll_item **pollers)
{
    struct kiln_poll_item *first = *pollers;

    return __builtin_expect(first != NULL, 0) ? first->tell(pollers) : NULL;
}

/* Wakes those, mostly nobody. No lock is held; restores the interrupt state. */
static inline void core_poll_wake(struct kiln_thread *list, uintptr_t irq_state)
{
    if (__builtin_expect(list != NULL, 0))
        core_wake_list(0, list, irq_state);
    else
        arch_irq_restore(irq_state);
}

/* The object was destroyed, which its pollers see when they are told. No lock is held. */
static inline void core_poll_destroyed(struct kiln_poll_item **pollers, struct kiln_spinlock *lock)
{
    uintptr_t state = arch_irq_save();
    struct kiln_thread *list;

    core_lock(lock);
    list = core_poll_tell(pollers);
    core_unlock(lock);
    core_poll_wake(list, state);
}

#endif
