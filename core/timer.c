/*
 * Timers: a queue for each CPU, and its alarm. The alarm is set when a timer starts that comes
 * before it; it stays when that is stopped, as the next one to start comes later mostly.
 */
#include <core/timer.h>
#include <kiln/timer.h>

#include <errno.h>
#include <arch/counter.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/spin.h>
#include <board.h>
#include <core/time.h>
#include <core/timer_queue.h>
#include <irq/dispatch.h>
#include <kiln/irq.h>
#include <kiln/panic.h>

#define QUEUES         (KILN_CONFIG_SMP ? IRQ_CPUS : 1)
#define INTERRUPT_WORK (2 * TIMER_TAKE_WORK) /* then other interrupts have a chance */

/* A CPU's timers. All 0 before the first. What is not told is protected by the lock. */
struct cpu_timers {
    arch_spinlock_t lock;      /* taken with interrupts masked; none is taken while it is held */
    struct core_timer *called; /* by this CPU's alarm */
    struct timer_queue queue;
    uint64_t sooner; /* complement of the time that the alarm is set for, or 0 */
} __attribute__((aligned(256)));

static struct cpu_timers cpu_timers[QUEUES];
static struct timer_slots slots[QUEUES] KILN_NOINIT;
static bool is_attached; /* atomic: the alarm's interrupt has its handler */

/* The compiler is to keep the address, not to work it out again for each field. */
static inline struct cpu_timers *timers_of_cpu(unsigned cpu)
{
    struct cpu_timers *timers = &cpu_timers[KILN_CONFIG_SMP ? cpu : 0];

    __asm__("" : "+r"(timers));
    return timers;
}

static inline struct cpu_timers *timers_here(void)
{
    return timers_of_cpu(arch_cpu_id());
}

static inline void lock(struct cpu_timers *timers)
{
    if (KILN_CONFIG_SMP)
        arch_spin_lock(&timers->lock);
}

static inline void unlock(struct cpu_timers *timers)
{
    if (KILN_CONFIG_SMP)
        arch_spin_unlock(&timers->lock);
}

static inline uint64_t alarm_time(const struct cpu_timers *timers)
{
    return ~timers->sooner;
}

static void set_alarm(struct cpu_timers *timers, uint64_t time)
{
    timers->sooner = ~time;
    if (time < (uint64_t)KILN_FOREVER)
        arch_alarm_set(core_time_to_counter((int64_t)time));
    else
        arch_alarm_off();
}

/* One timer at a time: the alarm comes again at once for the next that is due, and interrupts that
 * are pending come between. Meanwhile it counts as set for a time that has passed, so that nobody
 * sets it. */
static void handle_alarm(void *unused)
{
    struct cpu_timers *timers = timers_here();
    struct core_timer *timer;
    unsigned work = INTERRUPT_WORK;
    uint64_t now = core_clock();

    (void)unused;
    lock(timers);
    timers->sooner = UINT64_MAX;
    timer = timer_queue_take(&timers->queue, now, &work);
    if (timer) {
        timers->called = timer;
        unlock(timers);
        timer->expired(timer);
        lock(timers);
        timers->called = NULL;
    }
    set_alarm(timers, timer_queue_next(&timers->queue));
    unlock(timers);
}

/* An alarm that firmware has left finds no timer, and is turned off. */
void core_timer_prepare(void)
{
    uint32_t irq = board_facts.alarm_irq;

    if (__atomic_load_n(&is_attached, __ATOMIC_ACQUIRE))
        return;
    if (kiln_irq_attach(irq, handle_alarm, NULL) && irq_handlers[irq].function != handle_alarm)
        kiln_panic("the alarm's interrupt %u is taken", (unsigned)irq);
    __atomic_store_n(&is_attached, true, __ATOMIC_RELEASE);
}

/* Each CPU's first timer. Interrupts masked. */
static __attribute__((noinline)) void take_alarm(struct cpu_timers *timers)
{
    core_timer_prepare();
    irq_unmask(board_facts.alarm_irq);
    timer_queue_use(&timers->queue, &slots[timers - cpu_timers]);
}

/* The rest of a start: with the lock, which it gives back, as it does the state of interrupts. */
static __attribute__((noinline)) void start_slowly(struct cpu_timers *timers,
                                                   struct core_timer *timer, uint64_t deadline,
                                                   uintptr_t state)
{
    if (!timers->queue.slots) {
        unlock(timers);
        take_alarm(timers);
        lock(timers);
    }
    timer_queue_start(&timers->queue, timer, deadline);
    if (deadline < alarm_time(timers))
        set_alarm(timers, deadline);
    unlock(timers);
    arch_irq_restore(state);
}

/* True: done. False, with the lock: it is not the only timer, or comes before the alarm. */
static inline bool start_quickly(struct cpu_timers *timers, struct core_timer *timer,
                                 uint64_t deadline)
{
    uint64_t sum;

    lock(timers);
    if (__builtin_expect(!timer_queue_is_empty(&timers->queue), 0) ||
        __builtin_expect(!__builtin_add_overflow(deadline, timers->sooner, &sum), 0))
        return false;
    timer_queue_start_alone(&timers->queue, timer, deadline);
    unlock(timers);
    return true;
}

void core_timer_start(struct core_timer *timer, uint64_t deadline)
{
    struct cpu_timers *timers = timers_here();

    if (KILN_CONFIG_SMP)
        timer->cpu = arch_cpu_id();
    if (!start_quickly(timers, timer, deadline))
        start_slowly(timers, timer, deadline, arch_irq_save());
}

/* True: it was in front, and is not called. False, with the lock: anything else. One branch. */
static inline bool stop_quickly(struct cpu_timers *timers, struct core_timer *timer)
{
    lock(timers);
    if ((timers->queue.first != timer) | (KILN_CONFIG_SMP && timers->called == timer))
        return false;
    timer_queue_stop_first(&timers->queue, timer);
    unlock(timers);
    return true;
}

/* With the lock, which it gives back. *is_called: another CPU calls it, and may start it again up
 * to the end of that. */
static inline bool stop_rest(struct cpu_timers *timers, struct core_timer *timer, bool *is_called)
{
    bool was_started = timer->link;

    if (was_started)
        timer_queue_stop(&timers->queue, timer);
    *is_called = KILN_CONFIG_SMP && timers->called == timer && timers != timers_here();
    unlock(timers);
    return was_started;
}

bool core_timer_stop(struct core_timer *timer)
{
    struct cpu_timers *timers = timers_of_cpu(timer->cpu);
    bool is_called;

    return stop_quickly(timers, timer) || stop_rest(timers, timer, &is_called);
}

static __attribute__((noinline)) bool wait_for_stop(struct core_timer *timer, bool was_started)
{
    bool is_called;

    do {
        arch_spin_relax();
        uintptr_t state = arch_irq_save();
        struct cpu_timers *timers = timers_of_cpu(timer->cpu);

        lock(timers);
        was_started |= stop_rest(timers, timer, &is_called);
        arch_irq_restore(state);
    } while (is_called);
    return was_started;
}

/* With the lock; gives it back, and the state of interrupts. */
static inline bool stop_slowly(struct cpu_timers *timers, struct core_timer *timer, uintptr_t state)
{
    bool is_called;
    bool was_started = stop_rest(timers, timer, &is_called);

    arch_irq_restore(state);
    return is_called ? wait_for_stop(timer, was_started) : was_started;
}

bool core_timer_stop_and_wait(struct core_timer *timer)
{
    uintptr_t state = arch_irq_save();
    struct cpu_timers *timers = timers_of_cpu(timer->cpu);

    if (!stop_quickly(timers, timer))
        return stop_slowly(timers, timer, state);
    arch_irq_restore(state);
    return true;
}

uint64_t core_timer_next(void)
{
    struct cpu_timers *timers = timers_here();

    lock(timers);
    uint64_t next = timer_queue_next(&timers->queue);

    if (alarm_time(timers) < next)
        set_alarm(timers, next);
    unlock(timers);
    return next;
}

/* The program's timers, which have room for one of core's. */

_Static_assert(sizeof(((struct kiln_timer *)0)->core) == sizeof(struct core_timer),
               "kiln/timer.h knows how large a timer of core's is");
_Static_assert(offsetof(struct kiln_timer, core) == 0, "a timer is where core's is");

static inline struct core_timer *core_of(struct kiln_timer *timer)
{
    return (struct core_timer *)timer->core;
}

static void call_once(struct core_timer *core)
{
    struct kiln_timer *timer = (struct kiln_timer *)core;

    timer->function(timer->argument);
}

/* Where the clock has passed whole periods, they are left out. */
static __attribute__((noinline)) int64_t catch_up(struct kiln_timer *timer, int64_t next,
                                                  int64_t now)
{
    uint64_t missed = (uint64_t)(now - next) / (uint64_t)timer->period + 1;

    __atomic_store_n(&timer->overruns, timer->overruns + missed, __ATOMIC_RELAXED);
    return (int64_t)((uint64_t)next + missed * (uint64_t)timer->period);
}

/* Started again first: the function may stop it, and what stops it elsewhere finds it. */
static void call_again(struct core_timer *core)
{
    struct kiln_timer *timer = (struct kiln_timer *)core;
    int64_t now = kiln_time_now(), next;

    if (__builtin_add_overflow(timer->due, timer->period, &next))
        next = KILN_FOREVER;
    if (next <= now)
        next = catch_up(timer, next, now);
    timer->due = next;
    core_timer_start(core, core_clock_deadline(next));
    timer->function(timer->argument);
}

/* Nobody could be calling it, and it is where it would be started. */
static inline bool is_idle_on(const struct core_timer *core, unsigned cpu)
{
    return !core->link && (!KILN_CONFIG_SMP || core->cpu == cpu);
}

static __attribute__((noinline)) void restart(struct core_timer *core, uint64_t deadline,
                                              void (*expired)(struct core_timer *core))
{
    core_timer_stop_and_wait(core);
    uintptr_t state = arch_irq_save();

    core->expired = expired;
    core_timer_start(core, deadline);
    arch_irq_restore(state);
}

void kiln_timer_init(struct kiln_timer *timer, void (*function)(void *argument), void *argument)
{
    *timer = (struct kiln_timer){.function = function, .argument = argument};
}

void kiln_timer_start_until(struct kiln_timer *timer, int64_t deadline)
{
    struct core_timer *core = core_of(timer);
    uint64_t time = core_clock_deadline(deadline);
    uintptr_t state = arch_irq_save();
    unsigned cpu = arch_cpu_id();

    if (__builtin_expect(!is_idle_on(core, cpu), 0)) {
        arch_irq_restore(state);
        restart(core, time, call_once);
        return;
    }
    struct cpu_timers *timers = timers_of_cpu(cpu);

    core->expired = call_once;
    if (start_quickly(timers, core, time))
        arch_irq_restore(state);
    else
        start_slowly(timers, core, time, state);
}

void kiln_timer_start_for(struct kiln_timer *timer, int64_t duration)
{
    kiln_timer_start_until(timer, kiln_time_after(duration));
}

int kiln_timer_start_periodic(struct kiln_timer *timer, int64_t first, int64_t period)
{
    if (period <= 0)
        return -EINVAL;
    kiln_timer_stop(timer);
    timer->due = first;
    timer->period = period;
    __atomic_store_n(&timer->overruns, 0, __ATOMIC_RELAXED);
    restart(core_of(timer), core_clock_deadline(first), call_again);
    return 0;
}

static __attribute__((noinline)) int stop_timer_slowly(struct cpu_timers *timers,
                                                       struct core_timer *core, uintptr_t state)
{
    return stop_slowly(timers, core, state) ? 0 : -EALREADY;
}

int kiln_timer_stop(struct kiln_timer *timer)
{
    struct core_timer *core = core_of(timer);
    uintptr_t state = arch_irq_save();
    struct cpu_timers *timers = timers_of_cpu(core->cpu);

    if (!stop_quickly(timers, core))
        return stop_timer_slowly(timers, core, state);
    arch_irq_restore(state);
    return 0;
}

bool kiln_timer_is_active(const struct kiln_timer *timer)
{
    const struct core_timer *core = (const struct core_timer *)timer->core;

    return __atomic_load_n(&core->link, __ATOMIC_RELAXED);
}

uint64_t kiln_timer_overruns(const struct kiln_timer *timer)
{
    return __atomic_load_n(&timer->overruns, __ATOMIC_RELAXED);
}

bool core_timers_are_none(void)
{
    for (unsigned cpu = 0; cpu < QUEUES; cpu++)
        if (!timer_queue_is_empty(&cpu_timers[cpu].queue))
            return false;
    return true;
}

bool core_timer_has_alarm(void)
{
    return __atomic_load_n(&is_attached, __ATOMIC_RELAXED);
}
