/* Four CPUs: calls between them, a spinlock under load, and what each thread has of its own. */
#include "run_on_cpu.h"
#include "tap.h"
#include "this_cpu.h"

#include <errno.h>

/*
 * How often each thing is done, from the command line. Real concurrency is slow in QEMU when the
 * host has fewer free CPUs than there are threads that spin.
 */
static unsigned rounds;

/* What a called function found. */
static struct {
    unsigned cpu;
    bool masked;
    unsigned argument;
    uintptr_t stack;
} seen;

static KILN_INTERRUPT_HANDLER void look(void *argument)
{
    seen.cpu = kiln_cpu_id();
    seen.masked = interrupts_are_masked();
    seen.argument = *(unsigned *)argument;
    seen.stack = (uintptr_t)__builtin_frame_address(0);
    *(unsigned *)argument += 1;
}

static void test_call(unsigned cpu)
{
    unsigned argument = 100 * cpu;

    printf("# CPU %u\n", cpu);
    TAP_EQUAL(kiln_cpu_call(cpu, look, &argument), 0);
    TAP_EQUAL(seen.cpu, cpu);
    TAP_CHECK(seen.masked);
    TAP_EQUAL(seen.argument, 100 * cpu);
    TAP_EQUAL(argument, 100 * cpu + 1);
}

static void test_many_calls(void)
{
    unsigned argument = 0;
    unsigned wrong = 0;

    for (unsigned n = 0; n < rounds * CPUS; n++) {
        kiln_cpu_call(n % CPUS, look, &argument);
        wrong += seen.cpu != n % CPUS || argument != n + 1;
    }
    TAP_EQUAL(wrong, 0);
}

static uint32_t calls_made[CPUS][CPUS]; /* atomic: by whom, on whom */

static KILN_INTERRUPT_HANDLER void count_call(void *from)
{
    __atomic_add_fetch(&calls_made[*(unsigned *)from][kiln_cpu_id()], 1, __ATOMIC_RELAXED);
}

static void call_everybody(unsigned cpu)
{
    for (unsigned n = 0; n < rounds; n++)
        for (unsigned other = 0; other < CPUS; other++)
            kiln_cpu_call(other, count_call, &cpu);
}

/* All call one another all the time: whoever waits has to serve the others. */
static void test_mutual_calls(void)
{
    bool all = true;

    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        run_on_cpu(cpu, call_everybody);
    call_everybody(0);
    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        wait_for_cpu(cpu);
    for (unsigned from = 0; from < CPUS; from++)
        for (unsigned to = 0; to < CPUS; to++)
            all &= calls_made[from][to] == rounds;
    TAP_CHECK(all);
}

static struct kiln_spinlock lock = KILN_SPINLOCK_INIT;
static volatile uint64_t locked_count; /* under lock */
static volatile uint64_t locked_copy;  /* under lock, always the same as locked_count */
static uint32_t differences;           /* under lock */

static void hammer(unsigned cpu)
{
    (void)cpu;
    for (unsigned n = 0; n < 10 * rounds; n++) {
        uintptr_t state = kiln_spin_lock(&lock);

        differences += locked_copy != locked_count;
        locked_count = locked_count + 1;
        for (unsigned turns = 0; turns < 20; turns++)
            __asm__ volatile("");
        locked_copy = locked_copy + 1;
        kiln_spin_unlock(&lock, state);
    }
}

static void test_spinlock(void)
{
    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        run_on_cpu(cpu, hammer);
    hammer(0);
    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        wait_for_cpu(cpu);
    TAP_EQUAL(locked_count, CPUS * 10 * rounds);
    TAP_EQUAL(differences, 0);
}

static _Thread_local unsigned initialised = 77;
static _Thread_local unsigned zero;

/* What each CPU's thread saw of its own copies. */
static struct {
    unsigned initialised, zero, after;
    int error;
    uintptr_t address;
} own[CPUS];

static void use_thread_local(unsigned cpu)
{
    own[cpu].initialised = initialised;
    own[cpu].zero = zero;
    initialised = cpu;
    errno = (int)(1000 + cpu);
    kiln_delay_for(KILN_MILLISECONDS(2));
    own[cpu].after = initialised;
    own[cpu].error = errno;
    own[cpu].address = (uintptr_t)&initialised;
}

static void test_thread_local(void)
{
    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        run_on_cpu(cpu, use_thread_local);
    use_thread_local(0);
    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        wait_for_cpu(cpu);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        TAP_EQUAL(own[cpu].initialised, 77);
        TAP_EQUAL(own[cpu].zero, 0);
        TAP_EQUAL(own[cpu].after, cpu);
        TAP_EQUAL(own[cpu].error, 1000 + cpu);
        TAP_CHECK(cpu == 0 || own[cpu].address != own[cpu - 1].address);
    }
}

static int64_t slept[CPUS];

static void sleep_differently(unsigned cpu)
{
    int64_t from = kiln_time_now();

    kiln_sleep_for(KILN_MILLISECONDS(1 + 2 * (CPUS - cpu)));
    slept[cpu] = kiln_time_now() - from;
}

/* Each CPU has an alarm of its own. */
static void test_sleep(void)
{
    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        run_on_cpu(cpu, sleep_differently);
    sleep_differently(0);
    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        wait_for_cpu(cpu);
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        TAP_CHECK(slept[cpu] >= KILN_MILLISECONDS(1 + 2 * (CPUS - cpu)));
}

int main(int argc, char **argv)
{
    unsigned argument = 0;

    if (argc != 2 || sscanf(argv[1], "%u", &rounds) != 1)
        return 2;
    TAP_EQUAL(kiln_cpu_count(), CPUS);
    TAP_EQUAL(kiln_cpu_id(), 0);
    TAP_EQUAL(kiln_cpu_call(CPUS, look, &argument), -EINVAL);
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        test_call(cpu);
    test_many_calls();
    test_mutual_calls();
    test_spinlock();
    test_thread_local();
    test_sleep();
    return tap_done();
}
