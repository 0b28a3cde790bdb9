/* Latches. */
#include <kiln/latch.h>

#include <errno.h>
#include <arch/step.h>
#include <core/wait.h>
#include <kiln/time.h>

uint64_t kiln_latch_left(const struct kiln_latch *latch)
{
    return __atomic_load_n(&latch->left, __ATOMIC_ACQUIRE);
}

int kiln_latch_wait_until(struct kiln_latch *latch, int64_t deadline)
{
    uintptr_t state;

    if (kiln_latch_left(latch) == 0)
        return 0;
    if (deadline == KILN_NOWAIT)
        return -EAGAIN;
    state = arch_irq_save();
    core_lock(&latch->queue.lock);
    if (kiln_latch_left(latch) > 0)
        return core_wait_until(&latch->queue, deadline, state);
    core_unlock(&latch->queue.lock);
    arch_irq_restore(state);
    return 0;
}

int kiln_latch_wait(struct kiln_latch *latch)
{
    return kiln_latch_wait_until(latch, KILN_FOREVER);
}

/* Who would wait from now on sees that it is 0. */
static void open(struct kiln_latch *latch)
{
    uintptr_t state = arch_irq_save();

    core_lock(&latch->queue.lock);
    if (!core_wait_is_gone(latch->queue.first)) {
        core_wait_end_all(&latch->queue, 0, state);
        return;
    }
    core_unlock(&latch->queue.lock);
    arch_irq_restore(state);
    core_wait_refuse(&latch->queue);
}

int kiln_latch_count_down(struct kiln_latch *latch, uint64_t by)
{
    uint64_t left;

    do {
        left = arch_step_begin(&latch->left);
    } while (!arch_step_end(&latch->left, left, left > by ? left - by : 0));
    if (KILN_CONFIG_CHECKS && left < by)
        kiln_panic("latch %p is counted down by %llu, where %llu are left", (void *)latch,
                   (unsigned long long)by, (unsigned long long)left);
    if (left > 0 && left <= by)
        open(latch);
    return left < by ? -EINVAL : 0;
}

void kiln_latch_init(struct kiln_latch *latch, uint64_t count)
{
    *latch = (struct kiln_latch)KILN_LATCH_INIT(count);
}

/* It is not open to whoever comes later. */
void kiln_latch_destroy(struct kiln_latch *latch)
{
    uintptr_t state = arch_irq_save();

    core_lock(&latch->queue.lock);
    __atomic_store_n(&latch->left, 1, __ATOMIC_RELAXED);
    core_wait_destroy(&latch->queue, state);
}
