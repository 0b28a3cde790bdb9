/* IRQS_OFF_TRACE finds the longest time with interrupts off: an alarm's handler that takes its
 * time; not what the program masks by itself. */
#include <kiln.h>
#include "tap.h"

static volatile bool was_called;

static void take_time(void *unused)
{
    (void)unused;
    kiln_delay_for(KILN_MICROSECONDS(20));
    was_called = true;
}

int main(void)
{
    struct kiln_timer timer;
    uintptr_t state = kiln_irq_save();

    kiln_delay_for(KILN_MICROSECONDS(50));
    kiln_irq_restore(state);
    kiln_timer_init(&timer, take_time, NULL);
    kiln_timer_start_for(&timer, KILN_MICROSECONDS(10));
    while (!was_called)
        kiln_delay_for(KILN_MICROSECONDS(1));
    TAP_CHECK(was_called);
    return tap_done();
}
