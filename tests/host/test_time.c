/*
 * The clock's conversions against 128-bit division, for every rate that a counter is known to have
 * and for random ones; and sleeping on a CPU whose time moves only when it sleeps. The factors are
 * worked out once in a program's life, so each rate has a process of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>
#include <board.h>
#include <core/time.h>
#include <irq/dispatch.h>
#include <isa/host.h>
#include <kiln/log.h>
#include <kiln/panic.h>
#include <kiln/time.h>
#include "test.h"
#include "timer_sleep.h"

#define ALARM_IRQ    27
#define TRIES        20000
#define RANDOM_RATES 20
#define NANOSECONDS  1000000000u
#define CENTURY      (INT64_C(3155760000) * NANOSECONDS)

__extension__ typedef unsigned __int128 wide_t;

/* What the clock stands on. */
const struct board_facts board_facts = {.alarm_irq = ALARM_IRQ};
struct irq_handler irq_handlers[IRQ_MOST];
static unsigned attached, unmasked;
static jmp_buf panic_exit;

int kiln_irq_attach(unsigned irq, kiln_irq_handler_t handler, void *argument)
{
    attached += irq == ALARM_IRQ;
    irq_handlers[irq] = (struct irq_handler){handler, argument};
    return 0;
}

void irq_unmask(uint32_t irq)
{
    unmasked += irq == ALARM_IRQ;
}

void kiln_log_write(enum kiln_log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
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

static uintptr_t take_alarm(uint32_t hint)
{
    (void)hint;
    irq_handlers[ALARM_IRQ].function(NULL);
    return 0;
}

static const uint64_t start = 123456789;

static int64_t now_at(uint64_t units)
{
    host_cpu.counter = start + units;
    return kiln_time_now();
}

/* Up to there the drift is smaller than the step between two results. */
static bool is_exact_at(uint64_t units, uint64_t hz)
{
    uint64_t divisor = hz;

    for (uint64_t rest = NANOSECONDS; rest;) {
        uint64_t next = divisor % rest;

        divisor = rest;
        rest = next;
    }
    return (wide_t)units * (hz / divisor) < (wide_t)1 << 54;
}

static void check_now(uint64_t hz)
{
    uint64_t units = test_below((uint64_t)((wide_t)CENTURY * hz / NANOSECONDS)) >> test_below(50);
    int64_t exact = (int64_t)((wide_t)units * NANOSECONDS / hz);
    int64_t drift = 1 + (int64_t)(units >> 54);
    int64_t got = now_at(units);

    TEST_HOLDS(got >= exact && got <= exact + drift, "hz %llu units %llu: %lld, exact %lld",
               (unsigned long long)hz, (unsigned long long)units, (long long)got, (long long)exact);
    if (is_exact_at(units, hz))
        TEST_HOLDS(got == exact, "hz %llu units %llu: %lld, exact %lld", (unsigned long long)hz,
                   (unsigned long long)units, (long long)got, (long long)exact);
}

/* The first value of the counter at which the clock has reached the deadline. */
static void check_deadline(uint64_t hz)
{
    int64_t deadline = (int64_t)(test_below(CENTURY) >> test_below(60)) + 1;
    uint64_t units = core_time_to_counter(deadline) - start;

    TEST_HOLDS(now_at(units) >= deadline, "hz %llu deadline %lld is at %llu too early",
               (unsigned long long)hz, (long long)deadline, (unsigned long long)units);
    int64_t before = now_at(units - 1);
    TEST_HOLDS(before < deadline || before - deadline <= (int64_t)(units >> 54),
               "hz %llu deadline %lld is at %llu too late", (unsigned long long)hz,
               (long long)deadline, (unsigned long long)units);
}

static void check_monotonic(uint64_t hz)
{
    uint64_t units = test_below(UINT64_C(1) << 54);
    int64_t last = now_at(units);

    for (unsigned n = 1; n < 20; n++) {
        int64_t now = now_at(units + n);

        TEST_HOLDS(now >= last, "hz %llu units %llu", (unsigned long long)hz,
                   (unsigned long long)units);
        last = now;
    }
}

static void check_sleep(uint64_t hz)
{
    int64_t deadline = now_at(test_below(hz * 1000)) + (int64_t)test_below(NANOSECONDS);
    uint64_t expected = core_time_to_counter(deadline);
    uint64_t before = host_cpu.counter;

    timer_sleep_until(deadline);
    TEST_HOLDS(host_cpu.counter == (expected > before ? expected : before),
               "hz %llu deadline %lld: woke at %llu, not %llu", (unsigned long long)hz,
               (long long)deadline, (unsigned long long)host_cpu.counter,
               (unsigned long long)expected);
    TEST_HOLDS(!host_cpu.alarm_on && !host_cpu.irqs_off, "hz %llu", (unsigned long long)hz);
}

static void check_delay(uint64_t hz)
{
    int64_t from = now_at(test_below(hz));
    int64_t duration = (int64_t)test_below(2000);
    int64_t unit = NANOSECONDS / (int64_t)hz + 1;

    kiln_delay_for(duration);
    int64_t late = kiln_time_now() - from - duration;
    TEST_HOLDS(late >= 0 && late <= 3 * unit, "hz %llu: delay of %lld is late by %lld",
               (unsigned long long)hz, (long long)duration, (long long)late);
}

static bool panics(void (*function)(void))
{
    if (setjmp(panic_exit))
        return true;
    function();
    return false;
}

static void check_limits(void)
{
    TEST_HOLDS(core_time_to_counter(KILN_FOREVER) == UINT64_MAX, "for ever");
    TEST_HOLDS(core_time_to_counter(KILN_NOWAIT) == 0, "no wait");
    TEST_HOLDS(core_time_to_counter(0) == 0, "0");
    TEST_HOLDS(core_time_to_counter(KILN_FOREVER - 1) > start, "almost for ever");
    now_at(1000);
    TEST_HOLDS(kiln_time_after(KILN_FOREVER) == KILN_FOREVER, "for ever");
    TEST_HOLDS(kiln_time_after(KILN_FOREVER - 1) == KILN_FOREVER, "almost for ever");
    TEST_HOLDS(kiln_time_after(KILN_NOWAIT) == KILN_NOWAIT, "no wait");
    TEST_HOLDS(attached == 1 && unmasked == 1, "the alarm is taken once");
}

static int check_rate(uint64_t hz)
{
    host_cpu.counter_hz = hz;
    host_cpu.counter = start;
    host_cpu.interrupt = take_alarm;
    core_time_init();
    TEST_HOLDS(kiln_time_now() == 0, "hz %llu", (unsigned long long)hz);
    for (unsigned n = 0; n < TRIES; n++) {
        check_now(hz);
        check_deadline(hz);
    }
    for (unsigned n = 0; n < TRIES / 20; n++) {
        check_monotonic(hz);
        check_sleep(hz);
        check_delay(hz);
    }
    check_limits();
    return test_violations != 0;
}

static void check_no_rate(void)
{
    core_time_init();
    kiln_time_now();
}

static bool child_holds(uint64_t hz)
{
    int status;

    fflush(stdout);
    if (fork() == 0) {
        host_cpu.counter_hz = hz;
        int failed = hz ? check_rate(hz) : !panics(check_no_rate);

        fflush(stdout);
        _exit(failed);
    }
    return wait(&status) > 0 && status == 0;
}

int main(int argc, char **argv)
{
    static const uint64_t rates[] = {1000000,  19200000, 24000000,  50000000,
                                     54000000, 62500000, 100000000, 1000000000};
    char what[60];

    test_begin(argc, argv, 5);
    for (unsigned n = 0; n < sizeof(rates) / sizeof(*rates) + RANDOM_RATES; n++) {
        uint64_t hz =
            n < sizeof(rates) / sizeof(*rates) ? rates[n] : 1000000 + test_below(999000000);

        snprintf(what, sizeof(what), "a counter of %llu Hz", (unsigned long long)hz);
        tap_check(child_holds(hz), what);
        test_random();
    }
    tap_check(child_holds(0), "a counter of no known rate panics");
    return tap_done();
}
