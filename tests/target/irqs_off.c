/* IRQS_OFF_TRACE finds the longest times with interrupts off: an alarm's handler that takes its
 * time, and 700 instructions under a spinlock; not what the program masks by itself. */
#include <kiln.h>
#include "tap.h"

static volatile bool was_called;
static struct kiln_spinlock spinlock = KILN_SPINLOCK_INIT;

static void take_time(void *unused)
{
    (void)unused;
    kiln_delay_for(KILN_MICROSECONDS(20));
    was_called = true;
}

__attribute__((noinline)) static void hold_spinlock(void)
{
    uintptr_t state = kiln_spin_lock(&spinlock);

    __asm__ volatile(".rept 700\n nop\n .endr");
    kiln_spin_unlock(&spinlock, state);
    kiln_delay_for(1);
}

int main(void)
{
    struct kiln_timer timer;
    uintptr_t state = kiln_irq_save();

    kiln_delay_for(KILN_MICROSECONDS(50));
    kiln_irq_restore(state);
    hold_spinlock();
    kiln_timer_init(&timer, take_time, NULL);
    kiln_timer_start_for(&timer, KILN_MICROSECONDS(10));
    while (!was_called)
        kiln_delay_for(KILN_MICROSECONDS(1));
    TAP_CHECK(was_called);
    return tap_done();
}
