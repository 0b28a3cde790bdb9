/* Counting semaphores. The word is the count; -1 sends everybody to the queue's lock. */
#include <kiln/semaphore.h>

#include <errno.h>
#include <arch/step.h>
#include <core/poll.h>
#include <core/wait.h>
#include <kiln/time.h>

static uint64_t *word(const struct kiln_semaphore *semaphore)
{
    return (uint64_t *)(uintptr_t)&semaphore->count;
}

/* Takes one, or says that somebody waits: from then on the count changes only under the lock, which
 * is held. Where there is one CPU that is so already. True: it has taken one. */
static inline bool take_or_mark(struct kiln_semaphore *semaphore)
{
    int64_t count;

    if (!KILN_CONFIG_SMP) {
        count = semaphore->count;
        semaphore->count = count > 0 ? count - 1 : -1;
        return count > 0;
    }
    do {
        count = (int64_t)arch_step_begin(word(semaphore));
    } while (!arch_step_end(word(semaphore), (uint64_t)count,
                            count > 0 ? (uint64_t)count - 1 : UINT64_MAX));
    return count > 0;
}

static __attribute__((noinline)) int wait_slowly(struct kiln_semaphore *semaphore)
{
    uintptr_t state = arch_irq_save();

    core_lock(&semaphore->queue.lock);
    if (__builtin_expect(!take_or_mark(semaphore), 1))
        return core_wait(&semaphore->queue, state);
    core_unlock(&semaphore->queue.lock);
    arch_irq_restore(state);
    return 0;
}

static __attribute__((noinline)) int wait_slowly_until(struct kiln_semaphore *semaphore,
                                                       int64_t deadline)
{
    uintptr_t state = arch_irq_save();

    core_lock(&semaphore->queue.lock);
    if (!take_or_mark(semaphore))
        return core_wait_until(&semaphore->queue, deadline, state);
    core_unlock(&semaphore->queue.lock);
    arch_irq_restore(state);
    return 0;
}

int kiln_semaphore_wait(struct kiln_semaphore *semaphore)
{
    uint64_t count;

    do {
        count = arch_step_begin(word(semaphore));
        if ((int64_t)count <= 0)
            return wait_slowly(semaphore);
    } while (!arch_step_end(word(semaphore), count, count - 1));
    return 0;
}

int kiln_semaphore_try(struct kiln_semaphore *semaphore)
{
    uint64_t count;

    do {
        count = arch_step_begin(word(semaphore));
        if ((int64_t)count <= 0)
            return -EAGAIN;
    } while (!arch_step_end(word(semaphore), count, count - 1));
    return 0;
}

int kiln_semaphore_wait_until(struct kiln_semaphore *semaphore, int64_t deadline)
{
    if (kiln_semaphore_try(semaphore) == 0)
        return 0;
    return deadline == KILN_NOWAIT ? -EAGAIN : wait_slowly_until(semaphore, deadline);
}

/* Adds one, if the count is not below 0. Below that it changes only under the lock, which is held.
 */
static inline bool add_one(struct kiln_semaphore *semaphore)
{
    int64_t count;

    if (!KILN_CONFIG_SMP) {
        count = semaphore->count;
        if (count >= 0)
            semaphore->count = count + 1;
        return count >= 0;
    }
    do {
        count = (int64_t)arch_step_begin(word(semaphore));
        if (count < 0)
            return false;
    } while (!arch_step_end(word(semaphore), (uint64_t)count, (uint64_t)count + 1));
    return true;
}

/* Several wait, or nobody any more: those whose wait has ended otherwise leave the count as it is.
 * The lock is held. */
static __attribute__((noinline)) void post_to_others(struct kiln_semaphore *semaphore,
                                                     uintptr_t state)
{
    struct kiln_thread *thread = semaphore->queue.first, *list = NULL;

    if (__builtin_expect(core_wait_is_gone(thread), 0)) {
        core_unlock(&semaphore->queue.lock);
        arch_irq_restore(state);
        core_wait_refuse(&semaphore->queue);
        return;
    }
    if (thread)
        core_wait_remove(&semaphore->queue, thread);
    else
        __atomic_store_n(&semaphore->count, 1, __ATOMIC_RELEASE);
    if (!thread)
        list = core_poll_tell(&semaphore->pollers);
    core_unlock(&semaphore->queue.lock);
    if (thread)
        core_wake(0, thread, state);
    else
        core_poll_wake(list, state);
}

static __attribute__((noinline)) void post_slowly(struct kiln_semaphore *semaphore)
{
    uintptr_t state = arch_irq_save();
    struct kiln_thread *thread;

    core_lock(&semaphore->queue.lock);
    if (__builtin_expect(add_one(semaphore), 0)) {
        core_unlock(&semaphore->queue.lock);
        arch_irq_restore(state);
        return;
    }
    thread = semaphore->queue.first;
    if (__builtin_expect(!thread || thread->next != thread, 0)) {
        post_to_others(semaphore, state);
        return;
    }
    core_wait_remove_only(&semaphore->queue, thread);
    __atomic_store_n(&semaphore->count, 0, __ATOMIC_RELEASE);
    core_unlock(&semaphore->queue.lock);
    core_wake(0, thread, state);
}

void kiln_semaphore_post(struct kiln_semaphore *semaphore)
{
    uint64_t count;

    do {
        count = arch_step_begin(word(semaphore));
        if ((int64_t)count < 0) {
            post_slowly(semaphore);
            return;
        }
    } while (!arch_step_end(word(semaphore), count, count + 1));
}

/* While nobody waits, and the count is below the limit. */
static int add_below(struct kiln_semaphore *semaphore, int64_t limit)
{
    int64_t count;

    do {
        count = (int64_t)arch_step_begin(word(semaphore));
        if (count >= limit)
            return -EOVERFLOW;
        if (count < 0)
            return -EAGAIN;
    } while (!arch_step_end(word(semaphore), (uint64_t)count, (uint64_t)count + 1));
    return 0;
}

int kiln_semaphore_post_below(struct kiln_semaphore *semaphore, int64_t limit)
{
    int error = add_below(semaphore, limit);
    uintptr_t state;

    if (error != -EAGAIN)
        return error;
    state = arch_irq_save();
    core_lock(&semaphore->queue.lock);
    error = add_below(semaphore, limit);
    if (error == -EAGAIN) {
        post_to_others(semaphore, state);
        return 0;
    }
    core_unlock(&semaphore->queue.lock);
    arch_irq_restore(state);
    return error;
}

void kiln_semaphore_destroy(struct kiln_semaphore *semaphore)
{
    uintptr_t state = arch_irq_save();

    core_lock(&semaphore->queue.lock);
    __atomic_store_n(&semaphore->count, -1, __ATOMIC_RELAXED);
    core_wait_destroy(&semaphore->queue, state);
    core_poll_destroyed(&semaphore->pollers, &semaphore->queue.lock);
}

int64_t kiln_semaphore_count(const struct kiln_semaphore *semaphore)
{
    int64_t count = __atomic_load_n(&semaphore->count, __ATOMIC_RELAXED);

    return count < 0 ? 0 : count;
}

void kiln_semaphore_init(struct kiln_semaphore *semaphore, int64_t count)
{
    *semaphore = (struct kiln_semaphore)KILN_SEMAPHORE_INIT(count);
}
