/*
 * Wait queues. All who wait form a ring; the first of each priority form a second one, so that a
 * thread finds its place in as many steps as there are priorities, not threads.
 */
#include <core/wait.h>

#include <errno.h>
#include <core/cancel.h>
#include <core/group.h>
#include <core/hold.h>
#include <core/priority.h>
#include <kiln/time.h>

/* Alone, above all others, and no ring, so that none of the short ways is taken. */
struct kiln_thread core_gone = {.priority = UINT8_MAX, .next_level = &core_gone};

static void insert_level_before(struct kiln_thread *place, struct kiln_thread *thread)
{
    thread->next_level = place;
    thread->previous_level = place->previous_level;
    place->previous_level->next_level = thread;
    place->previous_level = thread;
}

/* Somebody waits already. False: the queue was destroyed. */
__attribute__((always_inline)) static inline bool add_sorted(struct kiln_wait_queue *queue,
                                                             struct kiln_thread *thread)
{
    struct kiln_thread *first = queue->first, *level = first;

    while (level->priority > thread->priority) {
        level = level->next_level;
        if (level == first) {
            if (__builtin_expect(first == &core_gone, 0))
                return false;
            ring_insert_before(first, thread);
            insert_level_before(first, thread);
            return true;
        }
    }
    if (level->priority == thread->priority) {
        ring_insert_before(level->next_level, thread);
        thread->next_level = NULL;
        return true;
    }
    ring_insert_before(level, thread);
    insert_level_before(level, thread);
    if (level == first)
        queue->first = thread;
    return true;
}

__attribute__((always_inline)) static inline bool add(struct kiln_wait_queue *queue,
                                                      struct kiln_thread *thread)
{
    if (queue->first) {
        core_wait_note(queue, thread);
        return add_sorted(queue, thread);
    }
    core_wait_add_first(queue, thread);
    return true;
}

bool core_wait_add(struct kiln_wait_queue *queue, struct kiln_thread *thread)
{
    return add(queue, thread);
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
    CORE_SHARED_STORE(thread->queue, NULL);
    unlink_thread(queue, thread);
}

void core_wait_unlink(struct kiln_wait_queue *queue, struct kiln_thread *thread)
{
    if (thread->next == thread)
        queue->first = NULL;
    else
        unlink_thread(queue, thread);
}

int core_wait_refuse(const struct kiln_wait_queue *queue)
{
    if (KILN_CONFIG_CHECKS)
        kiln_panic("%s %p is used, which was destroyed", queue->kind, (const void *)queue);
    return -EIDRM;
}

/* The running thread has left the run queue, and is in it again as it was. */
static __attribute__((noinline)) int stay(struct kiln_wait_queue *queue, struct kiln_thread *self,
                                          uintptr_t irq_state)
{
    CORE_SHARED_STORE(self->queue, NULL);
    thread_set_state(self, THREAD_READY);
    run_queue_add(self);
    run_queue_to_front(self);
    if (self->special & SPECIAL_POLICY) {
        self->special &= (uint8_t)~SPECIAL_POLICY;
        core_group_calls->join_order(self);
    }
    core_unlock(&queue->lock);
    arch_irq_restore(irq_state);
    return core_wait_refuse(queue);
}

int core_wait_slowly(struct kiln_wait_queue *queue, struct kiln_thread *self, uintptr_t irq_state)
{
    struct percpu *percpu = arch_percpu();
    struct kiln_thread *next;

    if ((self->special & SPECIAL_CANCEL) && core_may_cancel(self) && !self->firm) {
        core_unlock(&queue->lock);
        arch_irq_restore(irq_state);
        kiln_thread_exit(KILN_CANCELLED);
    }
    next = core_leave_run_queue(percpu, self);
    if (__builtin_expect(!add(queue, self), 0))
        return stay(queue, self, irq_state);
    core_unlock(&queue->lock);
    return core_block(percpu, self, next, irq_state);
}

/* One that is not as firm as that. */
static bool end(struct kiln_thread *thread, unsigned firm)
{
    struct kiln_wait_queue *queue = __atomic_load_n(&thread->queue, __ATOMIC_RELAXED);

    if (!queue)
        return false;
    core_lock(&queue->lock);
    bool does_wait = thread->queue == queue && thread->firm < firm;

    if (does_wait)
        core_wait_remove(queue, thread);
    core_unlock(&queue->lock);
    return does_wait;
}

bool core_wait_end(struct kiln_thread *thread)
{
    return end(thread, FIRM_DEADLINE);
}

bool core_wait_interrupt(struct kiln_thread *thread)
{
    return end(thread, FIRM_WAIT);
}

/* The lock is held, but in between. */
static void end_each(struct kiln_wait_queue *queue, int result, uintptr_t irq_state)
{
    struct kiln_thread *thread;

    while ((thread = core_wait_take(queue)) != NULL) {
        core_unlock(&queue->lock);
        core_wake(result, thread, irq_state);
        arch_irq_save();
        core_lock(&queue->lock);
    }
}

void core_wait_end_all(struct kiln_wait_queue *queue, int result, uintptr_t irq_state)
{
    core_hold();
    end_each(queue, result, irq_state);
    core_unlock(&queue->lock);
    arch_irq_restore(irq_state);
    core_release();
}

struct kiln_thread *core_wait_take_all(struct kiln_wait_queue *queue)
{
    struct kiln_thread *first = queue->first, *thread = first;

    if (!first)
        return NULL;
    do {
        CORE_SHARED_STORE(thread->queue, NULL);
        thread = thread->next;
    } while (thread != first);
    first->previous->next = NULL;
    queue->first = NULL;
    return first;
}

void core_make_ready_list(int64_t result, struct kiln_thread *list)
{
    while (list) {
        struct kiln_thread *next = list->next;

        core_make_ready_anywhere(result, list);
        list = next;
    }
}

void core_wake_list(int64_t result, struct kiln_thread *list, uintptr_t irq_state)
{
    core_make_ready_list(result, list);
    core_reschedule(irq_state);
}

void core_wait_destroy(struct kiln_wait_queue *queue, uintptr_t irq_state)
{
    core_hold();
    if (!core_wait_is_gone(queue->first))
        end_each(queue, -EIDRM, irq_state);
    queue->first = &core_gone;
    core_unlock(&queue->lock);
    arch_irq_restore(irq_state);
    core_release();
}

/* The thread has not returned from its wait, so that its queue is still there. */
static void time_out(struct core_timer *timer)
{
    struct kiln_thread *thread = list_entry(timer, struct kiln_thread, timer);

    if (core_wait_end(thread))
        core_wake(-ETIMEDOUT, thread, arch_irq_save());
}

void core_wait_start_timer(struct kiln_thread *self, int64_t deadline)
{
    self->timer.expired = time_out;
    core_timer_start(&self->timer, core_clock_deadline(deadline));
}

/* Another CPU may be about to end the wait, though it is over: not the next one. */
void core_wait_stop_timer(struct kiln_thread *self)
{
    core_timer_stop_and_wait(&self->timer);
}

int core_wait_until(struct kiln_wait_queue *queue, int64_t deadline, uintptr_t irq_state)
{
    struct kiln_thread *self = arch_thread_self();
    int result;

    if (deadline == KILN_FOREVER)
        return core_wait(queue, irq_state);
    core_wait_start_timer(self, deadline);
    result = core_wait(queue, irq_state);
    if (result != -ETIMEDOUT)
        core_wait_stop_timer(self);
    return result;
}

int core_wait_firm_until(struct kiln_wait_queue *queue, int64_t deadline, uintptr_t irq_state)
{
    struct kiln_thread *self = arch_thread_self();
    int result;

    CORE_SHARED_STORE(self->firm, FIRM_WAIT);
    result = core_wait_until(queue, deadline, irq_state);
    CORE_SHARED_STORE(self->firm, 0);
    return result;
}

int core_wait_firmly(struct kiln_wait_queue *queue, struct kiln_thread *owner, int64_t deadline,
                     uintptr_t irq_state)
{
    struct kiln_thread *self = arch_thread_self(), *next;
    struct percpu *percpu = arch_percpu();
    int result;

    CORE_SHARED_STORE(self->firm, FIRM_WAIT);
    if (deadline != KILN_FOREVER)
        core_wait_start_timer(self, deadline);
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
        core_wait_stop_timer(self);
    CORE_SHARED_STORE(self->firm, 0);
    return result;
}
