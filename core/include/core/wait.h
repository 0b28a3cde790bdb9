/*
 * Waiting, inside. Lock order: core_inheritance_lock, then a wait queue's; nothing is locked while
 * one of those is held, and no thread is woken.
 */
#ifndef CORE_WAIT_H
#define CORE_WAIT_H

#include <core/lock.h>
#include <core/schedule.h>

/* Puts a thread that is in no run queue behind its equals, takes one out. The queue's lock. */
void core_wait_add(struct kiln_wait_queue *queue, struct kiln_thread *thread);
void core_wait_remove(struct kiln_wait_queue *queue, struct kiln_thread *thread);

/* The first of those who wait, taken out, to be given to core_wake() once the lock is released;
 * NULL: nobody waits. The lock. */
static inline struct kiln_thread *core_wait_take(struct kiln_wait_queue *queue)
{
    struct kiln_thread *thread = queue->first;

    if (thread)
        core_wait_remove(queue, thread);
    return thread;
}

/*
 * The running thread waits, until it is taken out and woken; returns what it is woken with: 0 or
 * what the waker says, -EINTR. The queue's lock is held and is released. A cancellation point.
 */
intptr_t core_wait(struct kiln_wait_queue *queue, uintptr_t irq_state);

/* The same until a deadline, when it is -ETIMEDOUT. */
intptr_t core_wait_until(struct kiln_wait_queue *queue, int64_t deadline, uintptr_t irq_state);

/*
 * The same for a mutex, and neither interrupted nor cancelled: no lock of the queue's is held, but
 * core_inheritance_lock, which is released, and the owner inherits the priority.
 */
intptr_t core_wait_firmly(struct kiln_wait_queue *queue, struct kiln_thread *owner,
                          int64_t deadline, uintptr_t irq_state);

/* Takes a thread out of the queue that it waits in, if it does. True: it is to be woken. Interrupts
 * masked, no queue's lock held. */
bool core_wait_end(struct kiln_thread *thread);

#endif
