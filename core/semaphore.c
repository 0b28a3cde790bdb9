/* Counting semaphores. The word is the count; -1 sends everybody to the queue's lock. */
#include <kiln/semaphore.h>

#include <errno.h>
#include <arch/step.h>
#include <core/wait.h>
#include <kiln/time.h>

static uint64_t *word(const struct kiln_semaphore *semaphore)
{
    return (uint64_t *)(uintptr_t)&semaphore->count;
}

static __attribute__((noinline)) int wait_slowly(struct kiln_semaphore *semaphore, int64_t deadline)
{
    uintptr_t state = arch_irq_save();
    int64_t count;

    core_lock(&semaphore->queue.lock);
    do {
        count = (int64_t)arch_step_begin(word(semaphore));
    } while (!arch_step_end(word(semaphore), (uint64_t)count,
                            count > 0 ? (uint64_t)count - 1 : UINT64_MAX));
    if (count <= 0)
        return (int)core_wait_until(&semaphore->queue, deadline, state);
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
            return wait_slowly(semaphore, KILN_FOREVER);
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
    return deadline == KILN_NOWAIT ? -EAGAIN : wait_slowly(semaphore, deadline);
}

/* The count is below 0, and stays so until this CPU changes it: the lock is held. Those whose wait
 * has ended otherwise leave it so. */
static __attribute__((noinline)) void post_slowly(struct kiln_semaphore *semaphore)
{
    uintptr_t state = arch_irq_save();
    struct kiln_thread *thread = NULL;
    int64_t count;

    core_lock(&semaphore->queue.lock);
    do {
        count = (int64_t)arch_step_begin(word(semaphore));
    } while (count >= 0 &&
             !arch_step_end(word(semaphore), (uint64_t)count, (uint64_t)count + 1));
    if (count < 0) {
        thread = core_wait_take(&semaphore->queue);
        if (!semaphore->queue.first)
            __atomic_store_n(&semaphore->count, thread ? 0 : 1, __ATOMIC_RELEASE);
    }
    core_unlock(&semaphore->queue.lock);
    if (thread)
        core_wake(thread, 0, state);
    else
        arch_irq_restore(state);
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

int64_t kiln_semaphore_count(const struct kiln_semaphore *semaphore)
{
    int64_t count = __atomic_load_n(&semaphore->count, __ATOMIC_RELAXED);

    return count < 0 ? 0 : count;
}

void kiln_semaphore_init(struct kiln_semaphore *semaphore, int64_t count)
{
    *semaphore = (struct kiln_semaphore)KILN_SEMAPHORE_INIT(count);
}
