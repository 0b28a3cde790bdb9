/*
 * The PC's clock on a simulated machine: a counter of a rate that nobody tells, a reference clock
 * of which each reading takes its time, now and then a long one, and other CPUs and interrupts that
 * read the clock at every moment at which they could. What is known of the rate lives as long as
 * the program does, so that each machine has a process of its own.
 */
#include <setjmp.h>
#include <sys/wait.h>
#include <unistd.h>
#include <arch/counter.h>
#include <arch/upcall.h>
#include <board.h>
#include <core/time.h>
#include <irq/dispatch.h>
#include <isa/host.h>
#include <kiln/log.h>
#include <kiln/panic.h>
#include <kiln/time.h>
#include <x86_64/cpuid.h>
#include <x86_64/tsc.h>
#include "test.h"
#include "timer_sleep.h"

#define NANOSECONDS 1000000000u
#define ENTRY       123456789u
#define ALARM_IRQ   27
#define REFINEMENTS 500 /* programs of which the first one is tested */

__extension__ typedef unsigned __int128 wide_t;

const struct board_facts board_facts = {.alarm_irq = ALARM_IRQ};
struct irq_handler irq_handlers[IRQ_MOST];
uint64_t isa_entry_counter = ENTRY;
static jmp_buf panic_exit;
static unsigned warnings;

/* The machine. */
static struct machine {
    const char *what;
    uint64_t hz; /* the counter's */
    uint32_t reference_hz, mask;
    uint32_t latency_ns; /* of a reading of the reference */
    bool is_told;        /* by either of the next two */
    uint32_t told_khz;   /* by a hypervisor's leaf */
    uint32_t crystal_hz; /* by leaf 0x15, with the ratio 3 / 2 */
    uint32_t nominal_mhz;
    bool is_invariant, is_tcg;
    bool stands_still;
    uint64_t pause_ns; /* between readings of the clock, at most */
    uint64_t seconds;
    uint64_t error; /* in the end: at most one nanosecond in so many */
} machine;

static unsigned readings;
static bool has_spikes;
static bool likely_interference; /* and likely spikes */

struct cpuid fake_cpuid(uint32_t leaf, uint32_t subleaf)
{
    (void)subleaf;
    switch (leaf) {
    case 0:
        return (struct cpuid){.eax = machine.nominal_mhz ? 0x16 : machine.crystal_hz ? 0x15 : 0xD};
    case 1:
        return (struct cpuid){.ecx = (uint32_t)(machine.told_khz || machine.is_tcg) << 31};
    case 0x15:
        return (struct cpuid){2, machine.crystal_hz ? 3 : 0, machine.crystal_hz, 0};
    case 0x16:
        return (struct cpuid){.eax = machine.nominal_mhz};
    case 0x40000000:
        return (struct cpuid){machine.told_khz ? 0x40000010 : 0x40000001,
                              machine.is_tcg ? 0x54474354 : 0x4B4D564B, 0, 0};
    case 0x40000010:
        return (struct cpuid){.eax = machine.told_khz};
    case 0x80000000:
        return (struct cpuid){.eax = 0x80000008};
    case 0x80000007:
        return (struct cpuid){.edx = (uint32_t)machine.is_invariant << 8};
    }
    return (struct cpuid){0x77777777, 0x77777777, 0x77777777, 0x77777777};
}

void kiln_log_write(enum kiln_log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
    warnings++;
}

_Noreturn void kiln_panic(const char *format, ...)
{
    (void)format;
    longjmp(panic_exit, 1);
}

_Noreturn void kiln_assert_failed(const char *expression, const char *file, int line,
                                  const char *function)
{
    kiln_panic("%s:%d: %s: %s", file, line, function, expression);
}

int kiln_irq_attach(unsigned irq, kiln_irq_handler_t handler, void *argument)
{
    irq_handlers[irq] = (struct irq_handler){handler, argument};
    return 0;
}

void irq_unmask(uint32_t irq)
{
    (void)irq;
}

static uintptr_t take_alarm(uint32_t hint)
{
    (void)hint;
    irq_handlers[ALARM_IRQ].function(NULL);
    return 0;
}

void tsc_alarm_set(uint64_t counter)
{
    (void)counter;
}

void tsc_alarm_off(void)
{
}

static uint64_t units(uint64_t ns)
{
    return (uint64_t)((wide_t)ns * machine.hz / NANOSECONDS);
}

/* True time since the entry. */
static uint64_t true_ns(void)
{
    return (uint64_t)((wide_t)(host_cpu.counter - ENTRY) * NANOSECONDS / machine.hz);
}

static void pass(uint64_t ns)
{
    host_cpu.counter += units(ns) + 1;
}

/* A reading happens somewhere in its time; a spike is a host that lets the machine wait. */
uint32_t board_reference_clock(struct board_reference *reference)
{
    uint64_t before = test_below(machine.latency_ns + 1);

    *reference = (struct board_reference){machine.reference_hz, machine.mask};
    readings++;
    if (has_spikes && test_below(4) < (likely_interference ? 3 : 1))
        pass(test_below(5000000));
    pass(before);
    uint64_t ticks = (uint64_t)((wide_t)host_cpu.counter * machine.reference_hz / machine.hz);
    pass(machine.latency_ns - before);
    return machine.stands_still ? 5 : (uint32_t)ticks & machine.mask;
}

static uint64_t newest; /* what any CPU has read so far */
static unsigned depth;

static uint64_t read_clock(void)
{
    uint64_t least = newest;
    uint64_t ns = arch_clock_ns();

    TEST_HOLDS(ns >= least, "%s: %llu after %llu", machine.what, (unsigned long long)ns,
               (unsigned long long)least);
    if (ns > newest)
        newest = ns;
    return ns;
}

/* Whatever else may happen between two instructions: delays, and others who read the clock. */
static void interfere(void)
{
    if (depth >= 3 || test_below(likely_interference ? 2 : 8))
        return;
    depth++;
    for (unsigned n = 0; n < 3; n++) {
        if (has_spikes && test_below(3) == 0)
            pass(test_below(3000000));
        if (test_below(2))
            host_cpu.counter += test_below(200);
        read_clock();
    }
    depth--;
}

void tsc_fence(void)
{
    interfere();
}

static bool is_near(uint64_t a, uint64_t b, uint64_t share)
{
    return (a > b ? a - b : b - a) <= b / share + 10;
}

static void check_first_use(void)
{
    uint64_t from = true_ns();

    uint64_t clock = read_clock();
    uint64_t took = true_ns() - from;

    TEST_HOLDS(is_near(clock, from, 10), "%s: starts at %llu", machine.what,
               (unsigned long long)clock);

    TEST_HOLDS(took <= 20000 + 6 * machine.latency_ns, "%s: first use took %llu ns", machine.what,
               (unsigned long long)took);
    TEST_HOLDS(!host_cpu.irqs_off, "%s", machine.what);
}

/* By how much the clock is ahead of the truth, which may be below 0: nobody interferes. */
static int64_t lead_of_clock(void)
{
    int64_t real = (int64_t)true_ns();

    depth += 3;
    int64_t lead = (int64_t)read_clock() - real;
    depth -= 3;
    return lead;
}

/* The clock runs right during a time, but for one in `share`. */
static void check_pace(uint64_t ns, uint64_t share)
{
    uint64_t from = true_ns();
    int64_t lead = lead_of_clock();

    pass(ns);
    uint64_t took = true_ns() - from; /* the first look takes its time too */
    lead = lead_of_clock() - lead;
    TEST_HOLDS(is_near(4 * took + (uint64_t)lead, 4 * took, 4 * share), "%s: %lld ns wrong in %llu",
               machine.what, (long long)lead, (unsigned long long)took);
}

/* The rate of the clock in the end, and what is made of it. */
static void check_rate(uint64_t most)
{
    check_pace(20 * (uint64_t)NANOSECONDS, most);
    TEST_HOLDS(arch_clock_counter(newest + 1000) - host_cpu.counter < units(2000), "%s",
               machine.what);
    TEST_HOLDS(is_near(tsc_hz(), machine.hz, most), "%s: %llu Hz", machine.what,
               (unsigned long long)tsc_hz());
}

/* When to look again is never too late, at most 2 s ahead, and leads there in a few steps. */
static void check_waits(void)
{
    for (unsigned n = 0; n < 50; n++) {
        uint64_t deadline =
            read_clock() + test_below(5000000000) % (UINT64_C(10) << test_below(30));
        unsigned steps = 0;

        for (uint64_t now; (now = read_clock()) < deadline; steps++) {
            uint64_t counter = arch_clock_counter(deadline);

            TEST_HOLDS(counter <= host_cpu.counter + units(2200000000u), "%s", machine.what);
            host_cpu.counter = counter > host_cpu.counter ? counter : host_cpu.counter + 1;
            now = newest;
            host_cpu.before_counter = NULL;
            TEST_HOLDS(arch_clock_ns() <= deadline + 20 || now >= deadline || has_spikes,
                       "%s: too late by %lld", machine.what,
                       (long long)(arch_clock_ns() - deadline));
            host_cpu.before_counter = interfere;
        }
        TEST_HOLDS(steps < 60, "%s: %u steps", machine.what, steps);
    }
}

static void check_sleeps(void)
{
    for (unsigned n = 0; n < 20; n++) {
        int64_t from = kiln_time_now();
        int64_t duration = (int64_t)test_below(UINT64_C(10) << test_below(28));

        timer_sleep_until(kiln_time_after(duration));
        int64_t after = kiln_time_now();
        TEST_HOLDS(after >= from + duration, "%s: slept %lld instead of %lld", machine.what,
                   (long long)(after - from), (long long)duration);
        kiln_delay_for(100);
        TEST_HOLDS(kiln_time_now() >= after + 100, "%s", machine.what);
        TEST_HOLDS(!host_cpu.alarm_on && !host_cpu.irqs_off, "%s", machine.what);
    }
    TEST_HOLDS(kiln_time_counter_hz() == NANOSECONDS, "%s", machine.what);
    TEST_HOLDS(core_time_to_counter(KILN_NOWAIT) == 0, "%s", machine.what);
}

/* A wait that was reckoned with what is known in the beginning does not end too late when the rate
 * has become better known. */
static void check_first_wait(void)
{
    uint64_t deadline = read_clock() + 1900000000;
    uint64_t counter = arch_clock_counter(deadline);

    while (host_cpu.counter < counter) {
        host_cpu.counter += (counter - host_cpu.counter) / 8 + 1;
        read_clock();
    }
    TEST_HOLDS(read_clock() <= deadline + 1000000, "%s: %llu ns too late", machine.what,
               (unsigned long long)(newest - deadline));
}

/* The clock runs about right at any time. */
static void check_course(void)
{
    uint64_t end = true_ns() + machine.seconds * NANOSECONDS;

    while (true_ns() < end) {
        uint64_t pause = test_below(machine.pause_ns >> test_below(12));

        check_pace(pause, pause < 10000000 ? 1 : 9);
        read_clock();
    }
}

static void check_machine(void)
{
    host_cpu.counter = ENTRY + units(50000000);
    check_first_use();
    TEST_HOLDS(warnings == (unsigned)!(machine.is_invariant || machine.is_tcg), "%s", machine.what);
    check_first_wait();
    has_spikes = true;
    host_cpu.before_counter = interfere;
    unsigned before = readings;
    check_course();
    has_spikes = false;
    check_rate(machine.error);
    check_waits();
    check_sleeps();
    if (machine.is_told)
        TEST_HOLDS(readings == 0, "%s", machine.what);
    else
        TEST_HOLDS(readings - before < 3000, "%s: %u readings", machine.what, readings - before);
}

/* The first refinement, with all the others around it that there may be. */
static void check_refinement(void)
{
    host_cpu.counter = ENTRY + 1000;
    read_clock();
    likely_interference = has_spikes = true;
    host_cpu.before_counter = interfere;
    pass(9000000);
    for (unsigned n = 0; n < 60; n++) {
        host_cpu.counter += test_below(units(100000) << test_below(4));
        read_clock();
        check_pace(100000, machine.error == 20000000 ? 30 : 4);
    }
}

/* A program that looks at the clock again when its reference has wrapped many times. */
static void check_late_refinement(void)
{
    host_cpu.counter = ENTRY + 1000;
    read_clock();
    pass(3000000000);
    read_clock();
    for (unsigned n = 0; n < 5; n++)
        check_pace(6000000, 6);
    check_pace(50000000, 1000);
}

/* A panic or an NMI in the middle of the first measurement reads the clock, and gets an answer. */
static void check_interrupted_start(void)
{
    host_cpu.counter = ENTRY + 1000;
    likely_interference = true;
    host_cpu.before_counter = interfere;
    read_clock();
    for (unsigned n = 0; n < 60; n++)
        read_clock();
}

static bool panics(void)
{
    host_cpu.counter = ENTRY + 1000;
    if (setjmp(panic_exit))
        return true;
    arch_clock_ns();
    return false;
}

static bool child_holds(const struct machine *which, void (*check)(void))
{
    int status;

    fflush(stdout);
    test_random();
    if (fork() == 0) {
        machine = *which;
        host_cpu.interrupt = take_alarm;
        if (check)
            check();
        int failed = check ? test_violations != 0 : !panics();
        fflush(stdout);
        _exit(failed);
    }
    return wait(&status) > 0 && status == 0;
}

#define HPET  100000000, 0xFFFFFFFF
#define TIMER 3579545, 0xFFFFFF
#define PIT   1193182, 0xFFFF

static const struct machine machines[] = {
    {"HPET", 3000000000, HPET, 500, .pause_ns = 100000000, .seconds = 300, .error = 20000000},
    {"HPET, slow host", 2000000000, 14318179, 0xFFFFFFFF, 12000, .is_invariant = true,
     .pause_ns = 100000000, .seconds = 300, .error = 5000000},
    {"ACPI timer", 1000000000, TIMER, 1000, .is_tcg = true, .pause_ns = 100000000, .seconds = 300,
     .error = 10000000},
    {"ACPI timer, 32 bits", 6000000000, 3579545, 0xFFFFFFFF, 1000, .pause_ns = 100000000,
     .seconds = 300, .error = 10000000},
    {"ACPI timer, seldom read", 2500000000, TIMER, 1000, .pause_ns = 30000000000, .seconds = 5000,
     .error = 10000},
    {"8254", 2500000000, PIT, 3000, .pause_ns = 20000000, .seconds = 300, .error = 1000000},
    {"8254, seldom read", 2500000000, PIT, 3000, .pause_ns = 30000000000, .seconds = 5000,
     .error = 1000},
    {"nominal rate", 2990000000, HPET, 500, .nominal_mhz = 3000, .pause_ns = 100000000,
     .seconds = 300, .error = 20000000},
    {"nominal rate, far off", 2960000000, TIMER, 500, .nominal_mhz = 3000, .pause_ns = 100000000,
     .seconds = 300, .error = 10000000},
    {"told by a hypervisor", 2100007000, HPET, 500, .is_told = true, .told_khz = 2100007,
     .nominal_mhz = 2100, .pause_ns = 10000000000, .seconds = 5000, .error = 100000000},
    {"told nonsense", 3000000000, HPET, 500, .told_khz = 77, .crystal_hz = 77,
     .pause_ns = 100000000, .seconds = 300, .error = 20000000},
    {"told by a crystal", 57600000, HPET, 500, .is_told = true, .crystal_hz = 38400000,
     .is_invariant = true, .pause_ns = 10000000000, .seconds = 5000, .error = 100000000},
};

int main(int argc, char **argv)
{
    struct machine broken = machines[0];
    unsigned refined = 0, started = 0;

    test_begin(argc, argv, 7);
    for (unsigned n = 0; n < sizeof(machines) / sizeof(*machines); n++)
        for (unsigned times = 0; times < 5; times++)
            tap_check(child_holds(&machines[n], check_machine), machines[n].what);
    for (unsigned n = 0; n < REFINEMENTS; n++)
        refined += child_holds(&machines[n % 10], check_refinement);
    TAP_EQUAL(refined, REFINEMENTS);
    for (unsigned n = 0; n < 100; n++)
        started += child_holds(&machines[n % 10], check_interrupted_start);
    TAP_EQUAL(started, 100);
    for (unsigned n = 0; n < 10; n++)
        tap_check(child_holds(&machines[5], check_late_refinement), "a late second look");
    broken.stands_still = true;
    tap_check(child_holds(&broken, NULL), "a reference that stands still panics");
    broken = machines[0];
    broken.reference_hz = 0;
    tap_check(child_holds(&broken, NULL), "no reference panics");
    return tap_done();
}
