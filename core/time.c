/*
 * The clock. Inside, time is the counter's units; the API's nanoseconds are converted by
 * multiplication with factors that are worked out once. Where the ISA refines the counter's rate
 * while the program runs (ARCH_CLOCK_IS_REFINED), it converts, and what counts is what the clock
 * says at the end of a wait.
 */
#include <core/time.h>
#include <kiln/time.h>

#include <arch/counter.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/spin.h>
#include <arch/upcall.h>
#include <core/timer.h>
#include <kiln/log.h>
#include <kiln/panic.h>
#include <kiln/trace.h>

#define NANOSECONDS 1000000000u

/*
 * ns = units * ns_per_unit >> 54 and units = ns * units_per_ns >> 60: good for counters from 1 MHz
 * to 1 GHz (Arm's generic timer). The first factor is rounded up and the second down, which lets
 * the results drift by a nanosecond in 2^54 units (ten years at 54 MHz) and a unit in 2^60 ns.
 */
#define NS_SHIFT    54
#define UNITS_SHIFT 60

/*
 * start is written by core_time_init() before anything else runs. The factors are worked out when
 * first used and 0 till then; each is atomic, and whoever comes at the same time finds the same.
 */
static struct {
    uint64_t start; /* the counter when the clock read 0 */
    uint64_t ns_per_unit;
    uint64_t units_per_ns;
} clock;

__extension__ typedef unsigned __int128 wide_t;

/* (numerator << (32 + shift)) / denominator, both below 2^32, in 64 bits; shift up to 31. The rest
 * of the division goes to *rest. */
static uint64_t scaled_quotient(uint64_t numerator, uint64_t denominator, unsigned shift,
                                uint64_t *rest)
{
    uint64_t quotient = (numerator << 32) / denominator;
    uint64_t low = ((numerator << 32) % denominator) << shift;

    *rest = low % denominator;
    return (quotient << shift) + low / denominator;
}

static __attribute__((noinline)) uint64_t find_factor(uint64_t *factor, bool is_ns_per_unit)
{
    uint64_t hz = arch_counter_hz();

    if (hz == 0)
        kiln_panic("the firmware has not said how fast the counter runs");
    uint64_t rest, found;

    if (is_ns_per_unit) {
        found = scaled_quotient(NANOSECONDS, hz, NS_SHIFT - 32, &rest);
        found += rest != 0;
    } else {
        found = scaled_quotient(hz, NANOSECONDS, UNITS_SHIFT - 32, &rest);
    }
    __atomic_store_n(factor, found, __ATOMIC_RELAXED);
    return found;
}

static uint64_t units_to_ns(uint64_t units)
{
    uint64_t factor = __atomic_load_n(&clock.ns_per_unit, __ATOMIC_RELAXED);

    if (__builtin_expect(factor == 0, 0))
        factor = find_factor(&clock.ns_per_unit, true);
    return (uint64_t)((wide_t)units * factor >> NS_SHIFT);
}

/* Rounds up, so that a wait is never too short. */
static uint64_t ns_to_units(uint64_t ns)
{
    uint64_t factor = __atomic_load_n(&clock.units_per_ns, __ATOMIC_RELAXED);

    if (__builtin_expect(factor == 0, 0))
        factor = find_factor(&clock.units_per_ns, false);
    wide_t units = (wide_t)ns * factor + ((UINT64_C(1) << UNITS_SHIFT) - 1);

    return (uint64_t)(units >> UNITS_SHIFT);
}

uint64_t core_time_of_counts(uint64_t units)
{
    if (!ARCH_CLOCK_IS_REFINED)
        return units_to_ns(units);
    uint64_t hz = arch_counter_hz();

    return units / hz * NANOSECONDS + units % hz * NANOSECONDS / hz;
}

void core_time_init(void)
{
    if (!ARCH_CLOCK_IS_REFINED)
        clock.start = arch_counter();
}

int64_t kiln_time_now(void)
{
    if (ARCH_CLOCK_IS_REFINED)
        return (int64_t)arch_clock_ns();
    return (int64_t)units_to_ns(arch_counter_ordered() - clock.start);
}

/* A rate that is refined is none that a program could divide by: it counts the clock instead. */
uint64_t kiln_time_counter(void)
{
    return ARCH_CLOCK_IS_REFINED ? arch_clock_ns() : arch_counter_ordered();
}

uint64_t kiln_time_counter_hz(void)
{
    return ARCH_CLOCK_IS_REFINED ? NANOSECONDS : arch_counter_hz();
}

int64_t kiln_time_after(int64_t duration)
{
    int64_t deadline;

    if (duration == KILN_NOWAIT)
        return KILN_NOWAIT;
    if (__builtin_add_overflow(kiln_time_now(), duration, &deadline))
        return KILN_FOREVER;
    return deadline;
}

uint64_t core_time_to_counter(int64_t deadline)
{
    uint64_t units;

    if (deadline <= 0)
        return 0;
    if (ARCH_CLOCK_IS_REFINED)
        return arch_clock_counter((uint64_t)deadline);
    if (deadline == KILN_FOREVER)
        return UINT64_MAX;
    units = ns_to_units((uint64_t)deadline);
    while (units_to_ns(units) < (uint64_t)deadline)
        units++;
    return units + clock.start;
}

static void spin_until_counter(uint64_t counter)
{
    while (arch_counter() < counter)
        arch_spin_relax();
}

static void spin_until_time(int64_t deadline)
{
    while (kiln_time_now() < deadline)
        arch_spin_relax();
}

void kiln_delay_for(int64_t duration)
{
    if (duration <= 0)
        return;
    if (ARCH_CLOCK_IS_REFINED)
        spin_until_time(kiln_time_after(duration));
    else
        spin_until_counter(arch_counter_ordered() + ns_to_units((uint64_t)duration) + 1);
}

void core_clock_failed(const char *why)
{
    kiln_panic("%s", why);
}

void core_clock_warning(const char *what)
{
    kiln_log_warning("%s", what);
}
