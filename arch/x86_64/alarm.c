/* The alarm: the local APIC's timer, by a deadline where the CPU has that, else counting down. */
#include <x86_64/tsc.h>

#include <arch/counter.h>
#include <arch/spin.h>
#include <arch/upcall.h>
#include <x86_64/lapic.h>
#include <x86_64/msr.h>

#define IA32_TSC_DEADLINE 0x6E0u
#define MOST_COUNT        0xFFFFFFFFu
#define SPAN_PER_SECOND   50000 /* the timer's rate is measured in 20 us */
#define MOST_TRIES        16
#define GOOD_SHARE        64 /* of the span: how long the looks at it may take */

__extension__ typedef unsigned __int128 wide_t;

/* The timer's counts per unit of the counter, times 2^32; 0: not measured. Atomic; each CPU would
 * find the same. */
static uint64_t timer_rate;

/* One measurement: the rate, and how long the looks took. */
static uint64_t measure(uint64_t span, uint64_t *looks)
{
    uint64_t start = arch_counter_ordered();
    lapic_write(LAPIC_TIMER_INITIAL, MOST_COUNT);
    uint64_t started = arch_counter_ordered();
    uint64_t look, looked;
    uint32_t count;

    do {
        arch_spin_relax();
        look = arch_counter_ordered();
        count = lapic_read(LAPIC_TIMER_CURRENT);
        looked = arch_counter_ordered();
    } while (look - started < span);
    *looks = started - start + (looked - look);
    return ((uint64_t)(MOST_COUNT - count) << 32) / ((look + looked) / 2 - (start + started) / 2);
}

/* The best of some, because a hypervisor may interrupt a look. */
static uint64_t find_rate(void)
{
    uint64_t span = arch_counter_hz() / SPAN_PER_SECOND;
    uint64_t least = UINT64_MAX, looks, best = 0;

    for (unsigned n = 0; n < MOST_TRIES && least > span / GOOD_SHARE; n++) {
        uint64_t rate = measure(span, &looks);

        if (looks < least) {
            least = looks;
            best = rate;
        }
    }
    if (best == 0)
        core_clock_failed("the local APIC's timer does not count");
    __atomic_store_n(&timer_rate, best, __ATOMIC_RELAXED);
    return best;
}

/* Rather too early, which core notices, than too late: by more than the rate may be wrong. */
static uint32_t counts_until(uint64_t counter)
{
    uint64_t rate = __atomic_load_n(&timer_rate, __ATOMIC_RELAXED);

    if (rate == 0)
        rate = find_rate();
    uint64_t now = arch_counter();

    if (counter <= now)
        return 1;
    wide_t counts = (wide_t)(counter - now) * rate >> 32;

    counts -= counts / 32;
    if (counts == 0)
        return 1;
    return counts < MOST_COUNT ? (uint32_t)counts : MOST_COUNT;
}

/* A deadline of 0 would be none. */
void tsc_alarm_set(uint64_t counter)
{
    if (lapic_timer == LAPIC_TIMER_DEADLINE)
        msr_write(IA32_TSC_DEADLINE, counter ? counter : 1);
    else
        lapic_write(LAPIC_TIMER_INITIAL, counts_until(counter));
}

/* Also before the timer is set up, when there is nothing to silence. */
void tsc_alarm_off(void)
{
    if (lapic_timer == LAPIC_TIMER_DEADLINE)
        msr_write(IA32_TSC_DEADLINE, 0);
    else if (lapic_timer == LAPIC_TIMER_ONE_SHOT)
        lapic_write(LAPIC_TIMER_INITIAL, 0);
}
