/*
 * Threads of the host in place of core's: they wait in the same queues, under the same locks, and
 * are woken by a word of their own. On the include path in front of core's.
 */
#ifndef CORE_WAIT_H
#define CORE_WAIT_H

#include <pthread.h>
#include <sched.h>
#include <arch/spin.h>
#include <kiln/wait.h>

struct kiln_thread {
    struct kiln_thread *next; /* the wait queue's lock */
    uint32_t is_woken;        /* atomic */
    bool is_joinable;
    pthread_t thread;
    void *(*function)(void *argument);
    void *argument;
};

extern _Thread_local struct kiln_thread *thread_self;

static inline struct kiln_thread *arch_thread_self(void)
{
    return thread_self;
}

static inline uintptr_t arch_irq_save(void)
{
    return 0;
}

static inline void arch_irq_restore(uintptr_t state)
{
    (void)state;
}

static inline void core_assert_may_wait(uintptr_t state)
{
    (void)state;
}

static inline void core_lock(struct kiln_spinlock *lock)
{
    arch_spin_lock((arch_spinlock_t *)&lock->tickets);
}

static inline void core_unlock(struct kiln_spinlock *lock)
{
    arch_spin_unlock((arch_spinlock_t *)&lock->tickets);
}

static inline struct kiln_thread *core_wait_take(struct kiln_wait_queue *queue)
{
    struct kiln_thread *thread = queue->first;

    if (thread)
        queue->first = thread->next;
    return thread;
}

static inline void core_wake(int64_t result, struct kiln_thread *thread, uintptr_t state)
{
    (void)result;
    (void)state;
    __atomic_store_n(&thread->is_woken, 1, __ATOMIC_RELEASE);
}

static inline int core_wait(struct kiln_wait_queue *queue, uintptr_t state)
{
    struct kiln_thread *self = thread_self;

    (void)state;
    self->next = queue->first;
    queue->first = self;
    core_unlock(&queue->lock);
    while (!__atomic_exchange_n(&self->is_woken, 0, __ATOMIC_ACQUIRE))
        sched_yield();
    return 0;
}

#endif
