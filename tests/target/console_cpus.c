/*
 * Four CPUs write lines at the same time: each line stays whole (console_cpus.json looks), and a
 * handler that writes in the midst of its own CPU's write waits for nobody.
 */
#include "run_on_cpu.h"
#include "tap.h"

#include <string.h>

#define LINES   100
#define LETTERS 40

static void write_lines(unsigned cpu)
{
    char line[LETTERS + 1];

    memset(line, "WXYZ"[cpu], LETTERS);
    line[LETTERS] = '\n';
    for (unsigned i = 0; i < LINES; i++)
        kiln_console_write(line, sizeof(line));
}

static void write_one(void *unused)
{
    (void)unused;
    kiln_console_write("!\n", 2);
}

int main(void)
{
    fflush(stdout);
    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        run_on_cpu(cpu, write_lines);
    write_lines(0);
    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        wait_for_cpu(cpu);
    TAP_EQUAL(kiln_cpu_count(), CPUS);

    run_on_cpu(1, write_lines);
    for (unsigned i = 0; i < LINES; i++)
        TAP_EQUAL(kiln_cpu_call(1, write_one, NULL), 0);
    wait_for_cpu(1);
    return tap_done();
}
