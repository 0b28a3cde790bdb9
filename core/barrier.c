/* Barriers. */
#include <kiln/barrier.h>

#include <errno.h>
#include <core/wait.h>
#include <kiln/time.h>

/* All have come. The lock is held, and is released. */
static int pass(struct kiln_barrier *barrier, uintptr_t state)
{
    struct kiln_thread *list = core_wait_take_all(&barrier->queue);

    barrier->arrived = 0;
    barrier->rounds++;
    core_unlock(&barrier->queue.lock);
    core_wake_list(0, list, state);
    return 0;
}

/* The wait has ended by its deadline, unless the others had come before the thread has noticed. */
static int give_up(struct kiln_barrier *barrier, uint64_t round)
{
    uintptr_t state = arch_irq_save();

    core_lock(&barrier->queue.lock);
    bool has_passed = barrier->rounds != round;

    if (!has_passed)
        barrier->arrived--;
    core_unlock(&barrier->queue.lock);
    arch_irq_restore(state);
    return has_passed ? 0 : -ETIMEDOUT;
}

/* The lock is held, and is released. */
static int wait_for_others(struct kiln_barrier *barrier, int64_t deadline, uintptr_t state)
{
    uint64_t round = barrier->rounds;
    int error;

    if (deadline == KILN_NOWAIT) {
        core_unlock(&barrier->queue.lock);
        arch_irq_restore(state);
        return -EAGAIN;
    }
    barrier->arrived++;
    error = core_wait_firm_until(&barrier->queue, deadline, state);
    return error == -ETIMEDOUT ? give_up(barrier, round) : error;
}

int kiln_barrier_wait_until(struct kiln_barrier *barrier, bool *is_last, int64_t deadline)
{
    uintptr_t state = arch_irq_save();
    bool last;

    core_assert_may_wait(state);
    core_lock(&barrier->queue.lock);
    if (core_wait_is_gone(barrier->queue.first)) {
        core_unlock(&barrier->queue.lock);
        arch_irq_restore(state);
        return core_wait_refuse(&barrier->queue);
    }
    last = barrier->arrived + 1 >= barrier->count;
    if (is_last)
        *is_last = last;
    return last ? pass(barrier, state) : wait_for_others(barrier, deadline, state);
}

int kiln_barrier_wait(struct kiln_barrier *barrier, bool *is_last)
{
    return kiln_barrier_wait_until(barrier, is_last, KILN_FOREVER);
}

void kiln_barrier_init(struct kiln_barrier *barrier, uint32_t count)
{
    KILN_ASSERT(count > 0);
    *barrier = (struct kiln_barrier)KILN_BARRIER_INIT(count);
}

void kiln_barrier_destroy(struct kiln_barrier *barrier)
{
    uintptr_t state = arch_irq_save();

    core_lock(&barrier->queue.lock);
    core_wait_destroy(&barrier->queue, state);
}
