/*
 * The clock by the time stamp counter, whose rate is only sometimes told. Otherwise it is measured
 * against a clock of the board's, in 20 us when first asked for, and again over longer and longer
 * times while the program runs.
 *
 * What is known of it is a list of rates, each written once, the last of them in force. Readers
 * take no lock: they read the counter between two looks at which rate that is. A new rate is
 * proposed for a moment that lies ahead, in which it agrees with the old one, so that it makes no
 * difference up to then which of the two a CPU uses; and it is adopted only if that moment still
 * lies ahead when everybody can see the proposal. Whoever reads the clock at that moment or later,
 * and finds it only proposed, rejects it. So no reader is ever ahead of what a later one finds.
 */
#include <x86_64/tsc.h>

#include <arch/barrier.h>
#include <arch/counter.h>
#include <arch/irq.h>
#include <arch/spin.h>
#include <arch/upcall.h>
#include <stdbool.h>
#include <x86_64/cpuid.h>

#define NANOSECONDS         UINT64_C(1000000000)
#define ONE                 (UINT64_C(1) << 32) /* fractions have 32 bits behind the point */

#define RATES               6
#define NEVER               UINT64_MAX
#define SHORT_PER_SECOND    50000 /* the first measurement: 20 us */
#define FIRST_REFINEMENT_NS 10000000u
#define NEXT_FACTOR         10 /* the next one takes so much longer */
#define AHEAD_NS            1000000u
#define NOMINAL_ERROR       ((uint32_t)(ONE / 64)) /* a rate by name */
#define MOST_WAIT_NS        (2 * NANOSECONDS)
#define STILL_LIMIT         1000000u

#define LEAF_CRYSTAL        0x15u
#define LEAF_NOMINAL        0x16u
#define LEAF_TIMING         0x40000010u /* EAX: the counter's kHz */
#define LEAF_POWER          0x80000007u
#define POWER_INVARIANT     0x100u
#define LEAST_HZ            UINT64_C(50000000)
#define MOST_HZ             UINT64_C(16000000000)

__extension__ typedef unsigned __int128 wide_t;

struct rate {
    uint64_t base; /* the counter from which slope holds; old_slope does before */
    uint64_t base_ns;
    uint64_t old_slope; /* nanoseconds per unit, times ONE */
    uint64_t slope;
};

/* A look at the board's clock. */
struct sample {
    uint64_t counter;
    uint64_t window; /* units that it took */
    uint32_t ticks;
};

/* The rate in force is rates[state - 1]; with PROPOSED added, rates[state] is proposed. 0: none
 * yet. state is atomic; rates[n] is written by the owner of is_busy before it is proposed. */
#define PROPOSED 0x100u
static struct rate rates[RATES];
static uint32_t state;

/* Atomic: the counter from which on the rate should be measured again. */
static uint64_t refine_at;

/* Atomic: of the rate in force, times ONE; 0 for one that is told. */
static uint32_t error;

/* Atomic: somebody measures, and owns the two below. */
static bool is_busy;
static struct board_reference reference;
static struct sample first;

static uint64_t multiply(uint64_t value, uint64_t fraction)
{
    return (uint64_t)((wide_t)value * fraction >> 32);
}

/* In front of the base never less than by the old rate: what is taken away is rounded down, as what
 * that has added is. */
static uint64_t to_ns(const struct rate *rate, uint64_t counter)
{
    if (counter >= rate->base)
        return rate->base_ns + multiply(counter - rate->base, rate->slope);
    return rate->base_ns - multiply(rate->base - counter, rate->old_slope);
}

static const struct rate *rate_in_force(void)
{
    return &rates[(__atomic_load_n(&state, __ATOMIC_ACQUIRE) & ~PROPOSED) - 1];
}

/* The best of three: an interrupt by firmware or a hypervisor makes the window long. */
static struct sample take_sample(void)
{
    struct sample best = {.window = UINT64_MAX};
    uint64_t from = arch_counter_ordered();

    for (unsigned n = 0; n < 3; n++) {
        uint32_t ticks = board_reference_clock(&reference);
        uint64_t to = arch_counter_ordered();

        if (to - from < best.window)
            best = (struct sample){from + (to - from) / 2, to - from, ticks};
        from = to;
    }
    return best;
}

/* The slope by `ticks` of the board's clock in `units`. */
static uint64_t slope_of(uint64_t ticks, uint64_t units)
{
    uint64_t ns = multiply(ticks, NANOSECONDS * ONE / reference.hz);

    while (ns >> 32) {
        ns >>= 1;
        units >>= 1;
    }
    return (ns << 32) / units;
}

/* How wrong a slope by two samples may be, times ONE. */
static uint32_t error_of(const struct sample *from, const struct sample *to, uint64_t ticks)
{
    uint64_t window = from->window + to->window;
    uint64_t units = to->counter - from->counter;

    if (window >= units)
        return UINT32_MAX;
    while (units >> 32) {
        units >>= 1;
        window >>= 1;
    }
    uint64_t sum = (window << 31) / units + (ONE << 1) / ticks + 1;

    return sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}

static uint64_t plausible(uint64_t hz)
{
    return hz >= LEAST_HZ && hz <= MOST_HZ ? hz : 0;
}

/* The rate by a hypervisor's word or the CPU's; 0: neither tells. */
static uint64_t told_hz(void)
{
    uint64_t hz = plausible(UINT64_C(1000) * cpuid_read(LEAF_TIMING, 0).eax);
    struct cpuid crystal = cpuid_read(LEAF_CRYSTAL, 0);

    if (hz || !crystal.eax)
        return hz;
    return plausible((uint64_t)crystal.ecx * crystal.ebx / crystal.eax);
}

/* The processor's base frequency, which the counter has but for a percent or so; 0: unknown. */
static uint64_t nominal_hz(void)
{
    return plausible(UINT64_C(1000000) * (cpuid_read(LEAF_NOMINAL, 0).eax & 0xFFFF));
}

static void warn_of_drift(void)
{
    if (!(cpuid_read(LEAF_POWER, 0).edx & POWER_INVARIANT) && !cpuid_is_tcg())
        core_clock_warning("the time stamp counter is not invariant: time may drift when the CPU "
                           "changes its frequency");
}

static uint64_t units_of(uint64_t ns, uint64_t slope)
{
    return (ns << 32) / slope;
}

/* What the first rate is made from. */
struct beginning {
    struct sample sample;
    uint64_t slope;
    uint32_t error;
};

static void measure_shortly(struct beginning *begun)
{
    struct sample last;
    uint32_t ticks;
    unsigned looks = 0;

    do {
        last = take_sample();
        ticks = (last.ticks - begun->sample.ticks) & reference.mask;
        if (++looks > STILL_LIMIT)
            core_clock_failed("the clock that tells how fast the counter runs stands still");
    } while (ticks < reference.hz / SHORT_PER_SECOND);
    begun->slope = slope_of(ticks, last.counter - begun->sample.counter);
    begun->error = error_of(&begun->sample, &last, ticks);
}

static void find_rate(struct beginning *begun)
{
    uint64_t hz = told_hz();

    if (hz) {
        begun->slope = NANOSECONDS * ONE / hz;
        return;
    }
    begun->sample = take_sample();
    if (reference.hz == 0)
        core_clock_failed("nothing tells how fast the counter runs");
    hz = nominal_hz();
    if (hz) {
        begun->slope = NANOSECONDS * ONE / hz;
        begun->error = NOMINAL_ERROR;
    } else {
        measure_shortly(begun);
    }
}

/* An NMI may have been faster meanwhile. */
static void begin(void)
{
    struct beginning begun = {.error = 0};

    find_rate(&begun);
    if (__atomic_load_n(&state, __ATOMIC_ACQUIRE))
        return;
    first = begun.sample;
    error = begun.error;
    refine_at = error ? first.counter + units_of(FIRST_REFINEMENT_NS, begun.slope) : NEVER;
    rates[0] = (struct rate){.base = isa_entry_counter, .slope = begun.slope};
    __atomic_store_n(&state, 1, __ATOMIC_RELEASE);
    warn_of_drift();
}

/* Whoever comes second waits for the first; but not for ever, which might be what an NMI has
 * interrupted. */
static __attribute__((noinline)) void begin_once(void)
{
    uintptr_t irqs = arch_irq_save();

    for (unsigned turns = 0; turns < STILL_LIMIT; turns++) {
        if (!__atomic_exchange_n(&is_busy, true, __ATOMIC_ACQUIRE))
            break;
        arch_spin_relax();
    }
    if (__atomic_load_n(&state, __ATOMIC_ACQUIRE) == 0)
        begin();
    __atomic_store_n(&is_busy, false, __ATOMIC_RELEASE);
    arch_irq_restore(irqs);
}

/* False: the moment came before all was ready. The fences, which the CPU could do without, are
 * where anything may come in between; a test sees to it. */
static bool adopt(uint64_t slope)
{
    uint32_t now = __atomic_load_n(&state, __ATOMIC_RELAXED);
    const struct rate *old = &rates[now - 1];
    struct rate *rate = &rates[now];
    uint32_t proposed = now | PROPOSED;

    rate->base = arch_counter() + units_of(AHEAD_NS, old->slope);
    rate->base_ns = to_ns(old, rate->base);
    rate->old_slope = old->slope;
    rate->slope = slope;
    tsc_fence();
    __atomic_store_n(&state, proposed, __ATOMIC_SEQ_CST);
    bool is_ahead = arch_counter_ordered() < rate->base;

    tsc_fence();
    return __atomic_compare_exchange_n(&state, &proposed, is_ahead ? now + 1 : now, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_RELAXED) &&
           is_ahead;
}

/* What the board's clock has counted since the first sample, which tells only as much as does not
 * wrap: the rest by the rate so far. 0: that is not good enough for it. */
static uint64_t ticks_since_first(const struct sample *now, uint64_t slope)
{
    uint64_t ns = multiply(now->counter - first.counter, slope);
    uint64_t expected = multiply(ns, reference.hz * ONE / NANOSECONDS);
    uint32_t more = (now->ticks - first.ticks - (uint32_t)expected) & reference.mask;

    if (multiply(expected, error) > reference.mask / 4)
        return 0;
    if (more > reference.mask / 2)
        return expected + more - reference.mask - 1;
    return expected + more;
}

/* Returns when to measure next. A sample that is hardly better than what is known is passed over.
 */
static uint64_t measure_again(void)
{
    struct sample now = take_sample();
    uint64_t slope = rate_in_force()->slope;
    uint64_t units = now.counter - first.counter;
    uint64_t ticks = ticks_since_first(&now, slope);

    if (ticks == 0) {
        first = now;
        return now.counter + units_of(FIRST_REFINEMENT_NS, slope);
    }
    uint32_t new_error = error_of(&first, &now, ticks);

    if (new_error > error / 2 || !adopt(slope_of(ticks, units)))
        return now.counter + units / 4;
    __atomic_store_n(&error, new_error, __ATOMIC_RELAXED);
    return __atomic_load_n(&state, __ATOMIC_RELAXED) < RATES ? first.counter + units * NEXT_FACTOR
                                                             : NEVER;
}

static __attribute__((noinline)) void refine(void)
{
    uintptr_t irqs = arch_irq_save();

    if (!__atomic_exchange_n(&is_busy, true, __ATOMIC_ACQUIRE)) {
        __atomic_store_n(&refine_at, measure_again(), __ATOMIC_RELAXED);
        __atomic_store_n(&is_busy, false, __ATOMIC_RELEASE);
    }
    arch_irq_restore(irqs);
}

/* What the clock reads at that value of the counter, which was read while the state was that.
 * False: to be tried again. */
static bool read_clock(uint32_t seen, uint64_t counter, uint64_t *ns)
{
    const struct rate *rate = &rates[(seen & ~PROPOSED) - 1];

    if (__atomic_load_n(&state, __ATOMIC_ACQUIRE) != seen)
        return false;
    if (seen & PROPOSED && counter >= rate[1].base) {
        __atomic_compare_exchange_n(&state, &seen, seen & ~PROPOSED, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_RELAXED);
        return false;
    }
    *ns = to_ns(rate, counter);
    return true;
}

uint64_t arch_clock_ns(void)
{
    uint64_t counter, ns;
    uint32_t seen;

    do {
        seen = __atomic_load_n(&state, __ATOMIC_ACQUIRE);
        counter = arch_counter_ordered();
        if (__builtin_expect(seen == 0, 0)) {
            begin_once();
            seen = 1;
        }
        tsc_fence();
    } while (!read_clock(seen, counter, &ns));
    if (__builtin_expect(counter >= __atomic_load_n(&refine_at, __ATOMIC_RELAXED), 0))
        refine();
    return ns;
}

uint64_t arch_clock_counter(uint64_t ns)
{
    uint64_t counter = arch_counter();
    uint64_t now = arch_clock_ns();

    if (ns <= now)
        return counter;
    uint64_t wait = ns - now < MOST_WAIT_NS ? ns - now : MOST_WAIT_NS;

    wait -= multiply(wait, __atomic_load_n(&error, __ATOMIC_RELAXED));
    return counter + units_of(wait, rate_in_force()->slope);
}

uint64_t tsc_hz(void)
{
    if (__atomic_load_n(&state, __ATOMIC_ACQUIRE) == 0)
        begin_once();
    return NANOSECONDS * ONE / rate_in_force()->slope;
}
