/* Waiting for a timer of the runtime's on the host's fake CPU, whose time moves only when it
 * sleeps. */
#ifndef TIMER_SLEEP_H
#define TIMER_SLEEP_H

#include <arch/cpu.h>
#include <arch/irq.h>
#include <core/timer.h>

static inline void timer_sleep_ends(struct core_timer *timer)
{
    (void)timer;
}

static inline void timer_sleep_until(int64_t deadline)
{
    struct core_timer timer = {.expired = timer_sleep_ends};
    uintptr_t state = arch_irq_save();

    if (kiln_time_now() < deadline)
        core_timer_start(&timer, core_clock_deadline(deadline));
    while (timer.link) {
        arch_cpu_idle();
        arch_irq_restore(state);
        arch_irq_save();
    }
    arch_irq_restore(state);
}

#endif
