/*
 * Wait queues. All who wait form a ring; the first of each priority form a second one, so that a
 * thread finds its place in as many steps as there are priorities, not threads.
 */
#include <core/wait.h>

#include <errno.h>
#include <core/cancel.h>
#include <core/priority.h>
#include <kiln/time.h>

static void insert_level_before(struct kiln_thread *place, struct kiln_thread *thread)
{
    thread->next_level = place;
    thread->previous_level = place->previous_level;
    place->previous_level->next_level = thread;
    place->previous_level = thread;
}

/* Somebody waits already. */
static void add_sorted(struct kiln_wait_queue *queue, struct kiln_thread *thread)
{
    struct kiln_thread *first = queue->first, *level = first;

    while (level->priority > thread->priority) {
        level = level->next_level;
        if (level == first) {
            ring_insert_before(first, thread);
            insert_level_before(first, thread);
            return;
        }
    }
    if (level->priority == thread->priority) {
        ring_insert_before(level->next_level, thread);
        thread->next_level = NULL;
        return;
    }
    ring_insert_before(level, thread);
    insert_level_before(level, thread);
    if (level == first)
        queue->first = thread;
}

void core_wait_add(struct kiln_wait_queue *queue, struct kiln_thread *thread)
{
    if (queue->first) {
        core_wait_note(queue, thread);
        add_sorted(queue, thread);
    } else {
        core_wait_add_first(queue, thread);
    }
}

/* The first of its priority leaves; others of that priority stand behind it, or it was the last. */
static void remove_level(struct kiln_thread *thread)
{
    struct kiln_thread *heir = thread->next;
    struct kiln_thread *next = thread->next_level, *previous = thread->previous_level;

    if (heir->next_level) {
        previous->next_level = next;
        next->previous_level = previous;
    } else if (next == thread) {
        heir->next_level = heir;
        heir->previous_level = heir;
    } else {
        heir->next_level = next;
        heir->previous_level = previous;
        next->previous_level = heir;
        previous->next_level = heir;
    }
}

/* Others wait, too. */
static void unlink_thread(struct kiln_wait_queue *queue, struct kiln_thread *thread)
{
    if (thread->next_level)
        remove_level(thread);
    if (queue->first == thread)
        queue->first = thread->next;
    ring_remove(thread);
}

void core_wait_remove(struct kiln_wait_queue *queue, struct kiln_thread *thread)
{
    if (thread->next == thread) {
        core_wait_remove_only(queue, thread);
        return;
    }
    thread->queue = NULL;
    unlink_thread(queue, thread);
}

void core_wait_unlink(struct kiln_wait_queue *queue, struct kiln_thread *thread)
{
    if (thread->next == thread)
        queue->first = NULL;
    else
        unlink_thread(queue, thread);
}

int core_wait_slowly(struct kiln_wait_queue *queue, struct kiln_thread *self, uintptr_t irq_state)
{
    struct percpu *percpu = arch_percpu();
    struct kiln_thread *next;

    if ((self->special & SPECIAL_CANCEL) && core_may_cancel(self)) {
        core_unlock(&queue->lock);
        arch_irq_restore(irq_state);
        kiln_thread_exit(KILN_CANCELLED);
    }
    next = core_leave_run_queue(percpu, self);
    core_wait_add(queue, self);
    core_unlock(&queue->lock);
    return core_block(percpu, self, next, irq_state);
}

static bool end(struct kiln_thread *thread, bool also_firm)
{
    struct kiln_wait_queue *queue = __atomic_load_n(&thread->queue, __ATOMIC_RELAXED);

    if (!queue)
        return false;
    core_lock(&queue->lock);
    bool does_wait = thread->queue == queue && (also_firm || !thread->is_firm);

    if (does_wait)
        core_wait_remove(queue, thread);
    core_unlock(&queue->lock);
    return does_wait;
}

bool core_wait_end(struct kiln_thread *thread)
{
    return end(thread, true);
}

bool core_wait_interrupt(struct kiln_thread *thread)
{
    return end(thread, false);
}

/* The thread has not returned from its wait, so that its queue is still there. */
static void time_out(struct core_timer *timer)
{
    struct kiln_thread *thread = list_entry(timer, struct kiln_thread, timer);

    if (core_wait_end(thread))
        core_wake(-ETIMEDOUT, thread, arch_irq_save());
}

static void start_timer(struct kiln_thread *self, int64_t deadline)
{
    self->timer.expired = time_out;
    core_timer_start(&self->timer, core_clock_deadline(deadline));
}

/* Another CPU may be about to end the wait, though it is over: not the next one. */
static void stop_timer(struct kiln_thread *self)
{
    core_timer_stop_and_wait(&self->timer);
}

int core_wait_until(struct kiln_wait_queue *queue, int64_t deadline, uintptr_t irq_state)
{
    struct kiln_thread *self = arch_thread_self();
    int result;

    if (deadline == KILN_FOREVER)
        return core_wait(queue, irq_state);
    start_timer(self, deadline);
    result = core_wait(queue, irq_state);
    if (result != -ETIMEDOUT)
        stop_timer(self);
    return result;
}

int core_wait_firmly(struct kiln_wait_queue *queue, struct kiln_thread *owner, int64_t deadline,
                     uintptr_t irq_state)
{
    struct kiln_thread *self = arch_thread_self(), *next;
    struct percpu *percpu = arch_percpu();
    int result;

    self->is_firm = true;
    if (deadline != KILN_FOREVER)
        start_timer(self, deadline);
    core_assert_may_wait(irq_state);
    core_leave_run_queue(percpu, self);
    core_lock(&queue->lock);
    core_wait_add(queue, self);
    core_unlock(&queue->lock);
    core_inherit(owner);
    core_unlock(&core_inheritance_lock);
    next = run_queue_first(percpu);
    result = core_block(percpu, self, next, irq_state);
    if (deadline != KILN_FOREVER && result != -ETIMEDOUT)
        stop_timer(self);
    self->is_firm = false;
    return result;
}
