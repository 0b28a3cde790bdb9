/* One CPU panics while others print and compute: from then on the panic alone is on the console. */
#include "run_on_cpu.h"

static volatile unsigned turns;
static volatile unsigned lines;

static void compute(unsigned cpu)
{
    (void)cpu;
    for (;;)
        turns = turns + 1;
}

static void give_up(unsigned cpu)
{
    while (lines < 3)
        kiln_sleep_for(KILN_MILLISECONDS(1));
    kiln_panic("CPU %u gives up", cpu);
}

int main(void)
{
    static const char text[] = "main prints\n";

    run_on_cpu(1, compute);
    run_on_cpu(2, give_up);
    for (;;) {
        kiln_console_write(text, sizeof(text) - 1);
        lines = lines + 1;
    }
}
