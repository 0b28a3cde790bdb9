/*
 * Waiting, inside. Lock order: core_inheritance_lock, then a wait queue's; nothing is locked while
 * one of those is held, and no thread is woken.
 */
#ifndef CORE_WAIT_H
#define CORE_WAIT_H

#include <core/lock.h>
#include <core/schedule.h>

/* Puts a thread that is in no run queue behind its equals, takes one out. The queue's lock. False:
 * the queue was destroyed. */
bool core_wait_add(struct kiln_wait_queue *queue, struct kiln_thread *thread);
void core_wait_remove(struct kiln_wait_queue *queue, struct kiln_thread *thread);

/* Where it waits. Its CPU alone says that it is ready again. */
static inline void core_wait_note(struct kiln_wait_queue *queue, struct kiln_thread *thread)
{
    CORE_SHARED_STORE(thread->queue, queue);
    if (KILN_CONFIG_SMP)
        thread_set_state(thread, THREAD_WAITING);
}

/* The same for the first who waits, and for the only one. */
static inline void core_wait_add_first(struct kiln_wait_queue *queue, struct kiln_thread *thread)
{
    core_wait_note(queue, thread);
    queue->first = thread;
    thread->next = thread;
    thread->previous = thread;
    thread->next_level = thread;
    thread->previous_level = thread;
}

static inline void core_wait_remove_only(struct kiln_wait_queue *queue, struct kiln_thread *thread)
{
    CORE_SHARED_STORE(thread->queue, NULL);
    queue->first = NULL;
}

/* The first of those who wait, taken out, to be given to core_wake() once the lock is released;
 * NULL: nobody waits. The lock. */
static inline struct kiln_thread *core_wait_take(struct kiln_wait_queue *queue)
{
    struct kiln_thread *thread = queue->first;

    if (thread)
        core_wait_remove(queue, thread);
    return thread;
}

/* core_wait() where others wait, or for a special thread. */
int core_wait_slowly(struct kiln_wait_queue *queue, struct kiln_thread *self, uintptr_t irq_state);

/*
 * The running thread waits, until it is taken out and woken; returns what it is woken with: 0 or
 * what the waker says, -EINTR. The queue's lock is held and is released. A cancellation point.
 */
static inline int core_wait(struct kiln_wait_queue *queue, uintptr_t irq_state)
{
    struct kiln_thread *self = arch_thread_self();
    struct percpu *percpu = arch_percpu();
    struct kiln_thread *next;

    core_assert_may_wait(irq_state);
    if (__builtin_expect(queue->first || self->special, 0))
        return core_wait_slowly(queue, self, irq_state);
    next = core_leave_run_queue_plainly(percpu, self);
    core_wait_add_first(queue, self);
    core_unlock(&queue->lock);
    return core_block(percpu, self, next, irq_state);
}

/* The same until a deadline, when it is -ETIMEDOUT. */
int core_wait_until(struct kiln_wait_queue *queue, int64_t deadline, uintptr_t irq_state);

/* The same, but neither interrupted nor cancelled. */
int core_wait_firm_until(struct kiln_wait_queue *queue, int64_t deadline, uintptr_t irq_state);

/*
 * The same for a mutex, and neither interrupted nor cancelled: no lock of the queue's is held, but
 * core_inheritance_lock, which is released, and the owner inherits the priority.
 */
int core_wait_firmly(struct kiln_wait_queue *queue, struct kiln_thread *owner, int64_t deadline,
                     uintptr_t irq_state);

/* Takes a thread out of the queue that it waits in, if it does. True: it is to be woken. Its CPU,
 * as the queue may be gone once the thread has returned; interrupts masked, no queue's lock held.
 */
bool core_wait_end(struct kiln_thread *thread);

/* The same, but for one that waits firmly. */
bool core_wait_interrupt(struct kiln_thread *thread);

/* Has all who wait go on with that result, in their order; interrupts come in between, but nobody
 * preempts the running thread. The lock is held, and is released. Who waits anew meanwhile is one
 * of them. */
void core_wait_end_all(struct kiln_wait_queue *queue, int result, uintptr_t irq_state);

/* Takes all out who wait: a list through `next`, for core_wake_list(). The lock. */
struct kiln_thread *core_wait_take_all(struct kiln_wait_queue *queue);

/* Has them go on with that result. Interrupts have been masked since they were taken out, and no
 * lock is held; restores the interrupt state. */
void core_wake_list(int64_t result, struct kiln_thread *list, uintptr_t irq_state);

/* The same, to be followed by core_reschedule(). */
void core_make_ready_list(int64_t result, struct kiln_thread *list);

/*
 * Nobody is to wait in the queue any more: those who do go on with -EIDRM, and so does from now on
 * who would wait; a debug build panics there. The lock is held, and is released.
 */
void core_wait_destroy(struct kiln_wait_queue *queue, uintptr_t irq_state);

/* The one that is first in a queue that was destroyed. */
extern struct kiln_thread core_gone;

/* Whether the first of a queue is that; it is in no ring. */
static inline bool core_wait_is_gone(const struct kiln_thread *first)
{
    return first && !first->next;
}

/* Somebody uses what was destroyed: a panic in a debug build, else -EIDRM. */
int core_wait_refuse(const struct kiln_wait_queue *queue);

/* Has the running thread's wait, which is to begin, end at a deadline with -ETIMEDOUT; and when it
 * has ended otherwise. Interrupts masked; the latter in a thread. */
void core_wait_start_timer(struct kiln_thread *self, int64_t deadline);
void core_wait_stop_timer(struct kiln_thread *self);

/* Takes a thread out that core_wait_add() puts back: who looks at it without the lock meanwhile
 * sees that it waits. The lock. */
void core_wait_unlink(struct kiln_wait_queue *queue, struct kiln_thread *thread);

#endif
