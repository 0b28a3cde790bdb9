/* Idle states: what surrounds a governor. A program without one has none of this. */
#include <kiln/idle.h>

#include <errno.h>
#include <arch/irq.h>
#include <arch/spin.h>
#include <board.h>
#include <core/idle.h>
#include <core/timer.h>
#include <irq_controller.h>
#include <kiln/cpu.h>
#include <kiln/spinlock.h>
#include <string.h>

#define CPUS        (KILN_CONFIG_SMP ? IRQ_CPUS : 1)
#define STATES_MOST 4
#define SPIN_LIMIT  KILN_MICROSECONDS(100)

/* Written by the CPU itself, interrupts masked; the counters are atomic. */
static struct idle_cpu {
    const struct kiln_idle_governor *governor; /* whose memory it is */
    struct kiln_idle_cpu known;
    uint64_t entries[STATES_MOST];
    int64_t time[STATES_MOST];
} cpus[CPUS];

static const struct kiln_idle_governor *governor; /* atomic */

/* The demands, and the least of them, which is atomic. */
static struct kiln_spinlock demands_lock = KILN_SPINLOCK_INIT;
static struct kiln_idle_latency *demands;
static int64_t least_demand = KILN_FOREVER;

static unsigned count_allowed(void)
{
    int64_t limit = kiln_idle_latency_limit();
    unsigned count = 1;

    while (count < board_idle_state_count && board_idle_states[count].exit_latency <= limit)
        count++;
    return count;
}

static int64_t until_timer(void)
{
    uint64_t next = core_timer_next(), now = core_clock();

    if (next >= (uint64_t)KILN_FOREVER)
        return KILN_FOREVER;
    return next > now ? (int64_t)core_clock_to_ns(next - now) : 0;
}

/* Not for ever: what seemed short may become long, and then a governor is to choose again. */
static void spin(const struct percpu *percpu)
{
    const volatile uint64_t *ready = percpu->ready;
    int64_t end = kiln_time_after(SPIN_LIMIT);

    arch_irq_enable();
    while (!ready[0] && !ready[1] && kiln_time_now() < end)
        arch_spin_relax();
    arch_irq_disable();
}

static void enter(const struct percpu *percpu, const struct kiln_idle_state *state)
{
    if (state->entry == KILN_IDLE_SPIN)
        spin(percpu);
    else
        arch_cpu_idle();
}

static void count(struct idle_cpu *cpu, unsigned state, int64_t duration)
{
    __atomic_store_n(&cpu->entries[state], cpu->entries[state] + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&cpu->time[state], cpu->time[state] + duration, __ATOMIC_RELAXED);
}

/* Between what led here and the choice, both of which take their time. False: somebody is ready. */
static bool let_interrupts_through(const struct percpu *percpu)
{
    const volatile uint64_t *ready = percpu->ready;

    arch_irq_enable();
    arch_irq_disable();
    return !ready[0] && !ready[1];
}

static void idle(struct percpu *percpu)
{
    const struct kiln_idle_governor *chosen = __atomic_load_n(&governor, __ATOMIC_ACQUIRE);
    struct idle_cpu *cpu = &cpus[KILN_CONFIG_SMP ? percpu->cpu : 0];
    int64_t start;

    if (!let_interrupts_through(percpu))
        return;
    if (cpu->governor != chosen) {
        cpu->governor = chosen;
        memset(&cpu->known, 0, sizeof(cpu->known));
    }
    cpu->known.states = board_idle_states;
    cpu->known.count = count_allowed();
    cpu->known.until_timer = until_timer();
    cpu->known.state = chosen->choose(&cpu->known);
    start = kiln_time_now();
    enter(percpu, &board_idle_states[cpu->known.state]);
    start = kiln_time_now() - start;
    count(cpu, cpu->known.state, start);
    chosen->reflect(&cpu->known, start);
    arch_irq_enable();
    arch_irq_disable();
}

/* Who was called by the old hook may still read the governor: that of the last call stays. */
void kiln_idle_set_governor(const struct kiln_idle_governor *wanted)
{
    if (wanted)
        __atomic_store_n(&governor, wanted, __ATOMIC_RELEASE);
    __atomic_store_n(&core_idle_governed, wanted ? idle : NULL, __ATOMIC_RELEASE);
}

static void unlink_demand(struct kiln_idle_latency *demand)
{
    *demand->link = demand->next;
    if (demand->next)
        demand->next->link = demand->link;
    demand->link = NULL;
}

static void link_demand(struct kiln_idle_latency *demand)
{
    demand->next = demands;
    demand->link = &demands;
    if (demands)
        demands->link = &demand->next;
    demands = demand;
}

void kiln_idle_set_latency_limit(struct kiln_idle_latency *demand, int64_t limit)
{
    uintptr_t state = kiln_spin_lock(&demands_lock);
    int64_t least = KILN_FOREVER;

    demand->limit = limit;
    if (demand->link)
        unlink_demand(demand);
    if (limit != KILN_FOREVER)
        link_demand(demand);
    for (struct kiln_idle_latency *each = demands; each; each = each->next)
        least = each->limit < least ? each->limit : least;
    __atomic_store_n(&least_demand, least, __ATOMIC_RELAXED);
    kiln_spin_unlock(&demands_lock, state);
}

int64_t kiln_idle_latency_limit(void)
{
    return __atomic_load_n(&least_demand, __ATOMIC_RELAXED);
}

int kiln_idle_get_stats(unsigned cpu, unsigned state, struct kiln_idle_stats *stats)
{
    if (cpu >= kiln_cpu_count() || cpu >= CPUS || state >= board_idle_state_count)
        return -EINVAL;
    stats->state = &board_idle_states[state];
    stats->entries = __atomic_load_n(&cpus[cpu].entries[state], __ATOMIC_RELAXED);
    stats->time = __atomic_load_n(&cpus[cpu].time[state], __ATOMIC_RELAXED);
    return 0;
}
