/* KILN_FOREVER never comes: interrupts come and go, and the third one ends the program. */
#include "raise_interrupt.h"
#include "tap.h"

static volatile bool is_awake;
static unsigned ticks;

static KILN_INTERRUPT_HANDLER void tick(void *argument)
{
    static const char good[] = "ok 1 - sleeps for ever\n1..1\n";
    static const char bad[] = "not ok 1 - sleeps for ever\n1..1\n";

    (void)argument;
    second_timer_set(KILN_MILLISECONDS(2));
    if (++ticks < 3)
        return;
    kiln_console_write(is_awake ? bad : good, is_awake ? sizeof(bad) - 1 : sizeof(good) - 1);
    kiln_exit(is_awake);
}

int main(void)
{
    if (kiln_irq_attach(second_timer_irq(), tick, NULL))
        return 1;
    second_timer_set(KILN_MILLISECONDS(2));
    kiln_sleep_until(KILN_FOREVER);
    is_awake = true;
    for (;;) {
    }
}
