/*
 * What a debug build sees of locks: which ones a thread holds, and in which orders they are taken.
 * Nothing of it is there without CHECKS.
 */
#ifndef CORE_LOCK_ORDER_H
#define CORE_LOCK_ORDER_H

#include <core/thread.h>

#define CORE_ORDERS_LOCKS (KILN_CONFIG_CHECKS && KILN_CONFIG_LOCK_ORDER)

/* One that takes part in an order. */
struct core_ordered_lock {
    const char *kind;
    const void *object;
    uint32_t *number; /* 0: it has none yet */
};

/* Whoever runs here waits for one lock, if it has to, while it holds the other: panics, or warns,
 * if that can become a deadlock. Any context. */
void core_lock_order_note(const struct core_ordered_lock *held,
                          const struct core_ordered_lock *wanted);

/* A thread that holds something wants, takes, gives back. */
void core_lock_order_want(const struct core_held_locks *held, struct kiln_mutex *mutex);
void core_lock_order_take(struct core_held_locks *held, struct kiln_mutex *mutex);
void core_lock_order_give(struct core_held_locks *held, const struct kiln_mutex *mutex);

/* A new thread holds nothing. */
static inline void core_lock_forget_held(struct kiln_thread *thread)
{
    if (CORE_ORDERS_LOCKS)
        thread->held_locks = (struct core_held_locks){};
}

/* The thread, NULL at boot, is about to take a mutex, and waits for ever if it must. */
static inline void core_lock_wanted(const struct kiln_thread *self, struct kiln_mutex *mutex)
{
    if (CORE_ORDERS_LOCKS && self && self->held_locks.mutexes[0])
        core_lock_order_want(&self->held_locks, mutex);
}

/* It has taken it, and is about to give it back. */
static inline void core_lock_taken(struct kiln_thread *self, struct kiln_mutex *mutex)
{
    if (!CORE_ORDERS_LOCKS || !self)
        return;
    if (__builtin_expect(self->held_locks.mutexes[0] != NULL, 0))
        core_lock_order_take(&self->held_locks, mutex);
    else
        self->held_locks.mutexes[0] = mutex;
}

static inline void core_lock_given(struct kiln_thread *self, const struct kiln_mutex *mutex)
{
    struct kiln_mutex **held;

    if (!CORE_ORDERS_LOCKS || !self)
        return;
    held = self->held_locks.mutexes;
    if (__builtin_expect(held[0] == mutex && !held[1], 1))
        held[0] = NULL;
    else
        core_lock_order_give(&self->held_locks, mutex);
}

#endif
