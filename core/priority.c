/* Priorities: the thread's own, what it inherits, and what keeps others from preempting it. */
#include <core/priority.h>

#include <core/balance.h>
#include <core/hold.h>
#include <core/group.h>
#include <core/mutex.h>
#include <core/remote.h>
#include <core/schedule.h>
#include <core/wait.h>
#include <errno.h>
#include <kiln/cpu.h>
#include <kiln/mutex.h>

struct kiln_spinlock core_inheritance_lock = KILN_SPINLOCK_INIT;

void core_set_rank(struct kiln_thread *thread)
{
    uint8_t priority = CORE_SHARED_LOAD(thread->priority);

    thread->rank = RANK_OF(priority);
    if (thread->threshold > priority)
        thread->rank = RANK_OF(thread->threshold) + 1;
    if (thread->scheduler_locks)
        thread->rank = RANK_MOST;
    if (thread->rank == RANK_OF(priority))
        thread->special &= (uint8_t)~SPECIAL_RANK;
    else
        thread->special |= SPECIAL_RANK;
}

static void set_priority(struct percpu *percpu, struct kiln_thread *thread, uint8_t priority)
{
    CORE_SHARED_STORE(thread->priority, priority);
    core_set_ring(percpu, thread);
}

/* Another CPU may just have moved it to another queue. */
bool core_change_waiting(struct kiln_thread *thread, uint8_t priority)
{
    struct kiln_wait_queue *queue;
    bool does_wait = false;

    while (!does_wait && (queue = CORE_SHARED_LOAD(thread->queue)) != NULL) {
        core_lock(&queue->lock);
        does_wait = thread->queue == queue;
        if (does_wait) {
            core_wait_unlink(queue, thread);
            set_priority(core_percpu(thread->cpu), thread, priority);
            core_wait_add(queue, thread);
        }
        core_unlock(&queue->lock);
    }
    return does_wait;
}

/* One that is lowered goes in front of its new equals, as it has the CPU or was next to have it. */
static void change_ready(struct percpu *percpu, struct kiln_thread *thread, uint8_t priority)
{
    bool is_lowered = priority < thread->priority;

    run_queue_remove(thread);
    set_priority(percpu, thread, priority);
    run_queue_add(thread);
    if (is_lowered || thread == arch_thread_self())
        run_queue_to_front(thread);
    core_note_ready();
    core_request_switch(percpu);
}

/* The rank of one that runs but waits, idle, is restored when it no longer does. */
void core_update_priority(struct kiln_thread *thread)
{
    uint8_t priority = __atomic_load_n(&thread->wanted_priority, __ATOMIC_RELAXED);

    if (thread->member)
        core_group_calls->leave_order(thread, priority);
    if (priority != CORE_SHARED_LOAD(thread->priority)) {
        if (thread_is_ready(thread))
            change_ready(arch_percpu(), thread, priority);
        else if (!core_change_waiting(thread, priority))
            set_priority(arch_percpu(), thread, priority);
    }
    if (thread->member)
        core_group_calls->join_order(thread);
    if (thread != arch_thread_self() || thread_is_ready(thread))
        core_set_rank(thread);
}

static uint8_t inherited(const struct kiln_thread *thread)
{
    uint8_t most = thread->base_priority;

    for (struct kiln_mutex *mutex = thread->held; mutex; mutex = mutex->next_held) {
        core_lock(&mutex->queue.lock);
        if (mutex->queue.first && mutex->queue.first->priority > most)
            most = mutex->queue.first->priority;
        core_unlock(&mutex->queue.lock);
        if (mutex->ceiling > most)
            most = mutex->ceiling;
    }
    return most;
}

/* Here, or there: who waits for a mutex changes its place at once, wherever it belongs to, since
 * its priority may be inherited from there on. What else it waits for may be gone before the lock
 * is taken, unless its CPU does that. */
static void want(struct kiln_thread *thread, uint8_t priority)
{
    __atomic_store_n(&thread->wanted_priority, priority, __ATOMIC_RELAXED);
    if (!KILN_CONFIG_SMP || __atomic_load_n(&thread->cpu, __ATOMIC_ACQUIRE) == kiln_cpu_id()) {
        core_update_priority(thread);
        return;
    }
    if (thread->wants)
        core_change_waiting(thread, priority);
    core_remote_request(thread, REQUEST_PRIORITY);
}

void core_inherit(struct kiln_thread *thread)
{
    while (thread) {
        uint8_t priority = inherited(thread);

        if (priority == thread->wanted_priority)
            return;
        want(thread, priority);
        thread = thread->wants ? core_mutex_listed_owner(thread->wants) : NULL;
    }
}

int kiln_thread_priority(const struct kiln_thread *thread)
{
    return thread->base_priority;
}

int kiln_thread_set_priority(struct kiln_thread *thread, int priority)
{
    uintptr_t state;

    if (priority < 0 || priority >= KILN_PRIORITIES)
        return -EINVAL;
    if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) >= THREAD_FINISHED)
        return -ESRCH;
    if (thread->member)
        return -EINVAL;
    state = arch_irq_save();
    core_lock(&core_inheritance_lock);
    thread->base_priority = (uint8_t)priority;
    core_inherit(thread);
    core_unlock(&core_inheritance_lock);
    core_reschedule(state);
    return 0;
}

void core_end_hold(uintptr_t irq_state)
{
    struct kiln_thread *self = arch_thread_self();

    if (thread_is_ready(self))
        core_set_rank(self);
    core_reschedule(irq_state);
}

void kiln_scheduler_lock(void)
{
    core_hold();
}

void kiln_scheduler_unlock(void)
{
    KILN_ASSERT(arch_thread_self()->scheduler_locks > 0);
    core_release();
}

int kiln_thread_set_threshold(int priority)
{
    struct kiln_thread *self = arch_thread_self();
    int before = self->threshold;

    KILN_ASSERT(priority >= 0 && priority < KILN_PRIORITIES);
    uintptr_t state = arch_irq_save();

    self->threshold = (uint8_t)priority;
    core_set_rank(self);
    core_reschedule(state);
    return before;
}
