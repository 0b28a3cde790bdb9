/* Sleeping: a thread waits in the queue of those who join it, where nobody wakes it. */
#include <kiln/time.h>

#include <arch/irq.h>
#include <arch/spin.h>
#include <core/timer.h>
#include <core/wait.h>
#include <errno.h>
#include <kiln/panic.h>

/* Where a thread cannot sleep. */
static int spin_until(int64_t deadline)
{
    while (kiln_time_now() < deadline)
        arch_spin_relax();
    return 0;
}

int kiln_sleep_until(int64_t deadline)
{
    struct kiln_thread *self = arch_thread_self();
    uintptr_t state;
    int error;

    KILN_ASSERT(!arch_in_interrupt());
    KILN_ASSERT(!arch_irqs_off());
    if (arch_in_interrupt() || arch_irqs_off())
        return spin_until(deadline);
    if (kiln_time_now() >= deadline) {
        kiln_thread_test_cancel();
        return 0;
    }
    KILN_TRACE(KILN_TRACE_SLEEP, self, deadline);
    core_timer_prepare();
    state = arch_irq_save();
    core_lock(&self->finished.lock);
    error = core_wait_until(&self->finished, deadline, state);
    return error == -ETIMEDOUT ? 0 : error;
}

int kiln_sleep_for(int64_t duration)
{
    return kiln_sleep_until(kiln_time_after(duration));
}
