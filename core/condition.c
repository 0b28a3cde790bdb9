/*
 * Condition variables. Everything but a look whether anybody waits is done under
 * core_inheritance_lock, under which mutexes change hands, too.
 */
#include <kiln/condition.h>

#include <errno.h>
#include <arch/step.h>
#include <core/cancel.h>
#include <core/mutex.h>
#include <core/wait.h>
#include <kiln/time.h>

/* Gives back the mutex and waits. core_inheritance_lock is held, and is released. */
static int release_and_wait(struct kiln_condition *condition, struct kiln_mutex *mutex,
                            struct kiln_thread *self, uintptr_t state)
{
    struct percpu *percpu = arch_percpu();
    struct kiln_thread *next;

    __atomic_store_n(&condition->is_waited_for, true, __ATOMIC_RELAXED);
    condition->mutex = mutex;
    next = core_mutex_release(mutex, self);
    core_leave_run_queue(percpu, self);
    core_lock(&condition->queue.lock);
    core_wait_add(&condition->queue, self);
    core_unlock(&condition->queue.lock);
    core_unlock(&core_inheritance_lock);
    if (next)
        core_make_ready_anywhere(0, next);
    return core_block(percpu, self, run_queue_first(percpu), state);
}

/* The thread holds the mutex then only if it is woken with 0 or -EOWNERDEAD. */
static int wait_without(struct kiln_condition *condition, struct kiln_mutex *mutex,
                        struct kiln_thread *self, int64_t deadline)
{
    uintptr_t state = arch_irq_save();
    int result;

    core_assert_may_wait(state);
    if (deadline != KILN_FOREVER)
        core_wait_start_timer(self, deadline);
    core_lock(&core_inheritance_lock);
    result = release_and_wait(condition, mutex, self, state);
    if (deadline != KILN_FOREVER && result != -ETIMEDOUT)
        core_wait_stop_timer(self);
    CORE_SHARED_STORE(self->firm, 0);
    return result;
}

/* Why the caller cannot wait; 0: it can. */
static int refusal(struct kiln_condition *condition, struct kiln_mutex *mutex)
{
    const struct kiln_thread *self = arch_thread_self();
    struct kiln_thread *first = __atomic_load_n(&condition->queue.first, __ATOMIC_RELAXED);

    if (core_wait_is_gone(first))
        return core_wait_refuse(&condition->queue);
    if (kiln_mutex_owner(mutex) == self && (!first || condition->mutex == mutex))
        return 0;
    if (KILN_CONFIG_CHECKS)
        kiln_panic("thread %s waits for condition %p without its mutex", self->name,
                   (void *)condition);
    return -EPERM;
}

/* Ends the thread if it is to be cancelled, once others may have the mutex. */
static void end_if_cancelled(struct kiln_mutex *mutex, struct kiln_thread *self)
{
    if (!__atomic_load_n(&self->wants_cancel, __ATOMIC_RELAXED) || !core_may_cancel(self))
        return;
    while (mutex->depth > 0)
        kiln_mutex_unlock(mutex);
    kiln_mutex_unlock(mutex);
    kiln_thread_exit(KILN_CANCELLED);
}

static void count_mutexes(struct kiln_thread *self, uint32_t by)
{
    if (KILN_CONFIG_CHECKS)
        self->mutexes += by;
}

int kiln_condition_wait_until(struct kiln_condition *condition, struct kiln_mutex *mutex,
                              int64_t deadline)
{
    struct kiln_thread *self = arch_thread_self();
    uint32_t depth = mutex->depth;
    int error = refusal(condition, mutex), result;

    if (error)
        return error;
    if (deadline == KILN_NOWAIT)
        return -ETIMEDOUT;
    core_mutex_begin();
    end_if_cancelled(mutex, self);
    count_mutexes(self, 0 - (depth + 1));
    mutex->depth = 0;
    result = wait_without(condition, mutex, self, deadline);
    if (result != 0 && result != -EOWNERDEAD) {
        error = core_mutex_lock_again(mutex);
        if (error)
            result = error;
    }
    if (error == 0 || error == -EOWNERDEAD) {
        mutex->depth = depth;
        count_mutexes(self, depth + 1);
        if (core_mutex_is_listed_kind(mutex))
            core_mutex_inherit(self);
    }
    return result;
}

int kiln_condition_wait(struct kiln_condition *condition, struct kiln_mutex *mutex)
{
    return kiln_condition_wait_until(condition, mutex, KILN_FOREVER);
}

/* From one queue to another; the lock of the first. A priority that its CPU does not know of yet
 * counts for the owner. */
static void move(struct kiln_condition *condition, struct kiln_mutex *mutex,
                 struct kiln_thread *thread)
{
    core_wait_unlink(&condition->queue, thread);
    core_lock(&mutex->queue.lock);
    thread->wants = mutex;
    CORE_SHARED_STORE(thread->firm, FIRM_DEADLINE);
    core_wait_add(&mutex->queue, thread);
    core_unlock(&mutex->queue.lock);
    uint8_t wanted = __atomic_load_n(&thread->wanted_priority, __ATOMIC_RELAXED);

    if (KILN_CONFIG_SMP && wanted != thread->priority)
        core_change_waiting(thread, wanted);
}

/* Free: the thread has it. Else: it changes only under core_inheritance_lock from now on. */
static uint64_t give_or_mark(struct kiln_mutex *mutex, struct kiln_thread *thread)
{
    uint64_t listed = core_mutex_is_listed_kind(mutex) ? MUTEX_LISTED : 0, word, next;

    do {
        word = arch_step_begin(&mutex->owner);
        next = core_mutex_owner_in(word) ? word | MUTEX_LISTED
                                         : word | listed | core_mutex_word(thread);
    } while (!arch_step_end(&mutex->owner, word, next));
    return word;
}

/* The first who waits has the mutex, or waits for it. The thread if it is to be woken. Both locks.
 */
static struct kiln_thread *pass(struct kiln_condition *condition, struct kiln_thread *thread,
                                int *result)
{
    struct kiln_mutex *mutex = condition->mutex;
    struct kiln_thread *owner = NULL;
    uint64_t word;

    *result = mutex->state == MUTEX_NOT_RECOVERABLE ? -ENOTRECOVERABLE : -EIDRM;
    if (mutex->state != MUTEX_NOT_RECOVERABLE && mutex->kind != &core_mutex_gone) {
        *result = mutex->state == MUTEX_INCONSISTENT ? -EOWNERDEAD : 0;
        word = give_or_mark(mutex, thread);
        owner = core_mutex_owner_in(word);
        if (owner ? !(word & MUTEX_LISTED) : core_mutex_is_listed_kind(mutex))
            core_mutex_list(mutex, owner ? owner : thread);
    }
    if (owner) {
        move(condition, mutex, thread);
        return NULL;
    }
    core_wait_remove(&condition->queue, thread);
    return thread;
}

/* Passes on up to so many; those that are to be woken, all with one result, as a list. */
static struct kiln_thread *pass_many(struct kiln_condition *condition, unsigned many, int *result)
{
    struct kiln_thread *list = NULL, **last = &list, *first;

    core_lock(&condition->queue.lock);
    while (many-- > 0 && (first = condition->queue.first) != NULL) {
        *last = pass(condition, first, result);
        if (*last)
            last = &(*last)->next;
    }
    *last = NULL;
    if (!condition->queue.first)
        __atomic_store_n(&condition->is_waited_for, false, __ATOMIC_RELAXED);
    core_unlock(&condition->queue.lock);
    return list;
}

static void wake(struct kiln_condition *condition, unsigned many)
{
    struct kiln_thread *list = NULL, *owner;
    uintptr_t state;
    int result = 0;

    if (!__atomic_load_n(&condition->is_waited_for, __ATOMIC_RELAXED))
        return;
    state = arch_irq_save();
    core_lock(&core_inheritance_lock);
    bool is_gone = core_wait_is_gone(condition->queue.first);

    if (!is_gone) {
        list = pass_many(condition, many, &result);
        owner = condition->mutex ? core_mutex_listed_owner(condition->mutex) : NULL;
        if (owner && owner != list) /* who has just been given it is above those behind it */
            core_inherit(owner);
    }
    core_unlock(&core_inheritance_lock);
    core_wake_list(result, list, state);
    if (is_gone)
        core_wait_refuse(&condition->queue);
}

void kiln_condition_signal(struct kiln_condition *condition)
{
    wake(condition, 1);
}

void kiln_condition_broadcast(struct kiln_condition *condition)
{
    wake(condition, UINT32_MAX);
}

void kiln_condition_init(struct kiln_condition *condition)
{
    *condition = (struct kiln_condition)KILN_CONDITION_INIT;
}

void kiln_condition_destroy(struct kiln_condition *condition)
{
    uintptr_t state = arch_irq_save();

    core_lock(&condition->queue.lock);
    __atomic_store_n(&condition->is_waited_for, true, __ATOMIC_RELAXED);
    core_wait_destroy(&condition->queue, state);
}
