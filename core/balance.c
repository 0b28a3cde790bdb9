/* Spreading threads over the CPUs. */
#include <core/balance.h>

#include <arch/spin.h>
#include <core/lock.h>
#include <core/group.h>
#include <core/place.h>
#include <core/priority.h>
#include <core/remote.h>
#include <core/schedule.h>
#include <errno.h>
#include <irq_controller.h>
#include <kiln/cpu.h>

#define LOOKED_AT 32 /* threads at most, for one that may go where it is wanted */
#define TICK_NS   10000000

volatile uint32_t core_idle_cpus;
static uint32_t tick_is_set; /* atomic */

static uint32_t bit_of(unsigned cpu)
{
    return UINT32_C(1) << cpu;
}

/* Where it may run, which others may change. */
static uint32_t cpus_of(const struct kiln_thread *thread)
{
    return CORE_SHARED_LOAD(thread->cpus);
}

/* The thread's deadlines, if it has any, are to be kept there from now on, and it is ready nowhere:
 * send() follows. False: there is no room for them. */
static bool take_from_here(struct kiln_thread *thread, unsigned cpu)
{
    if (thread->member)
        return core_group_calls->move(thread, cpu);
    if (thread_is_ready(thread))
        run_queue_remove(thread);
    return true;
}

/* Of all CPUs that the thread may run on; this one: no other has room for its deadlines. */
static unsigned choose_place(struct kiln_thread *thread)
{
    unsigned self = arch_cpu_id();
    uint32_t allowed = cpus_of(thread) & core_running_cpus() & ~bit_of(self);

    while (allowed) {
        unsigned cpu = core_place_among(allowed);

        if (take_from_here(thread, cpu))
            return cpu;
        allowed &= ~bit_of(cpu);
    }
    return self;
}

/* From now on the thread is that CPU's: in no run queue, and its registers are saved. */
static void send(struct kiln_thread *thread, unsigned cpu)
{
    thread_set_state(thread, THREAD_WAITING);
    core_set_ring(core_percpu(cpu), thread);
    core_count_threads(core_percpu(thread->cpu), UINT32_MAX);
    core_count_threads(core_percpu(cpu), 1);
    __atomic_store_n(&thread->cpu, cpu, __ATOMIC_RELEASE);
    core_remote_request(thread, REQUEST_WAKE);
}

bool core_send_to_idle(struct kiln_thread *thread)
{
    struct percpu *self = arch_percpu();
    uint32_t allowed = cpus_of(thread) & core_running_cpus() & ~bit_of(self->cpu);
    uint32_t idle = core_idle_cpus & allowed;

    if (thread == arch_thread_self() ||
        (arch_thread_self() == self->idle_thread && !run_queue_first(self) &&
         (cpus_of(thread) & bit_of(self->cpu))))
        return false;
    while (idle) {
        unsigned cpu = (unsigned)__builtin_ctz(idle);

        idle = __atomic_fetch_and(&core_idle_cpus, ~bit_of(cpu), __ATOMIC_RELAXED) & allowed;
        if (!(idle & bit_of(cpu)))
            continue;
        if (take_from_here(thread, cpu)) {
            send(thread, cpu);
            return true;
        }
        __atomic_fetch_or(&core_idle_cpus, bit_of(cpu), __ATOMIC_RELAXED);
        allowed &= ~bit_of(cpu);
        idle &= allowed;
    }
    return false;
}

/* Several threads are ready there, as far as can be seen from here. */
static bool looks_busy(const struct percpu *percpu)
{
    uint64_t high = __atomic_load_n(&percpu->ready[1], __ATOMIC_RELAXED);
    uint64_t low = __atomic_load_n(&percpu->ready[0], __ATOMIC_RELAXED);

    return percpu->is_crowded || (high && low) || (high & (high - 1)) || (low & (low - 1));
}

/* Asks the first busy CPU behind this one, so that not all ask the same; up to the one for which it
 * asks. */
static void ask_for(unsigned idle_cpu)
{
    unsigned count = kiln_cpu_count();

    for (unsigned step = 1; step < count; step++) {
        unsigned cpu = (arch_cpu_id() + step) % count;
        struct percpu *other = core_percpu(cpu);

        if (cpu == idle_cpu)
            return;
        if (!looks_busy(other) || (core_idle_cpus & bit_of(cpu)))
            continue;
        if (__atomic_fetch_or(&other->wanted_by, bit_of(idle_cpu), __ATOMIC_RELEASE) == 0)
            irq_send_ipi(cpu);
        return;
    }
}

void core_idle_begin(void)
{
    struct percpu *self = arch_percpu();

    __atomic_fetch_or(&core_idle_cpus, bit_of(self->cpu), __ATOMIC_RELAXED);
    ask_for(self->cpu);
}

void core_idle_end(void)
{
    __atomic_fetch_and(&core_idle_cpus, ~bit_of(arch_percpu()->cpu), __ATOMIC_RELAXED);
}

/* The thread that stays here: the running one, or who is to run now instead of the idle thread.
 * Else two idle CPUs could go on giving it to each other. */
static const struct kiln_thread *who_stays(struct percpu *self)
{
    const struct kiln_thread *running = arch_thread_self();

    return running == self->idle_thread ? run_queue_first(self) : running;
}

/* The first of a ring, or behind it, that may go there. */
static struct kiln_thread *find_in_ring(struct kiln_thread *first, unsigned cpu, unsigned *left)
{
    const struct kiln_thread *stays = who_stays(arch_percpu());
    struct kiln_thread *thread = first;

    do {
        if (thread != stays && (cpus_of(thread) & bit_of(cpu)) && !thread->special)
            return thread;
        thread = thread->next;
    } while (thread != first && --*left > 0);
    return NULL;
}

/* Of the highest priority, and in its group's order, if any. */
static struct kiln_thread *find_plain(struct percpu *self, unsigned cpu)
{
    unsigned left = LOOKED_AT;

    for (unsigned word = 2; word-- > 0;)
        for (uint64_t bits = self->ready[word]; bits && left > 0;) {
            unsigned bit = 63 - (unsigned)__builtin_clzll(bits);
            struct kiln_thread *first = core_run_queue(self)->first[64 * word + bit];
            struct kiln_thread *found = find_in_ring(first, cpu, &left);

            if (found)
                return found;
            bits &= ~(UINT64_C(1) << bit);
        }
    return NULL;
}

static struct kiln_thread *find(struct percpu *self, unsigned cpu)
{
    struct kiln_thread *plain = find_plain(self, cpu), *other;

    if (!core_group_calls)
        return plain;
    other = core_group_calls->find(cpu, who_stays(self));
    return other && (!plain || other->priority > plain->priority) ? other : plain;
}

/* -1: nothing is ready there. */
static int highest(const struct percpu *percpu)
{
    uint64_t high = __atomic_load_n(&percpu->ready[1], __ATOMIC_RELAXED);
    uint64_t low = __atomic_load_n(&percpu->ready[0], __ATOMIC_RELAXED);

    if (high)
        return 127 - __builtin_clzll(high);
    return low ? 63 - __builtin_clzll(low) : -1;
}

/* Ready threads of that priority. */
static unsigned count_equals(struct percpu *self, unsigned priority)
{
    const struct kiln_thread *first, *thread;
    unsigned count = 0;

    if (self->ready[priority / 64] >> priority % 64 & 1) {
        first = thread = core_run_queue(self)->first[priority];
        do
            count++;
        while ((thread = thread->next) != first && count < LOOKED_AT);
    }
    return count + (core_group_calls ? (unsigned)core_group_calls->count((uint8_t)priority) : 0);
}

static bool takes_turns(const struct kiln_thread *thread)
{
    return (thread->special & SPECIAL_POLICY) && thread->member->group->policy->takes_turns;
}

/* Whether a thread that waits here would run at once there, or with fewer equals. Those that take
 * turns go also where as many are then as there were here, but not before they have had one. */
static bool is_better_off(struct percpu *self, const struct kiln_thread *thread,
                          const struct percpu *other)
{
    int priority = thread->priority, theirs = highest(other);
    unsigned here, there;

    if (priority != theirs)
        return priority > theirs;
    if (takes_turns(thread) && thread->member->is_new_here)
        return false;
    here = count_equals(self, thread->priority) + (highest(self) > priority);
    there = looks_busy(other) ? __atomic_load_n(&other->equals, __ATOMIC_RELAXED) : 1;
    return here >= there + (takes_turns(thread) ? 1 : 2);
}

/* One goes to where it is better off. As long as one waits that may go anywhere the tick goes on.
 */
static void spread(struct percpu *self)
{
    unsigned count = kiln_cpu_count();
    bool one_waits = false;

    if (highest(self) >= 0)
        __atomic_store_n(&self->equals, count_equals(self, (unsigned)highest(self)),
                         __ATOMIC_RELAXED);
    for (unsigned step = 1; step < count; step++) {
        unsigned cpu = (self->cpu + step) % count;
        struct kiln_thread *thread = find(self, cpu);

        if (!thread)
            continue;
        one_waits = true;
        if (is_better_off(self, thread, core_percpu(cpu)) && take_from_here(thread, cpu)) {
            send(thread, cpu);
            core_request_switch(self);
            break;
        }
    }
    if (one_waits)
        core_balance_soon();
    else
        self->is_crowded = false;
}

/* Who has several threads sees to them itself, and to the next tick. */
static void tick(struct core_timer *timer)
{
    __atomic_store_n(&tick_is_set, 0, __ATOMIC_RELEASE);
    __atomic_fetch_or(&core_idle_cpus, CORE_NO_TICK, __ATOMIC_RELAXED);
    (void)timer;
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++) {
        struct percpu *other = core_percpu(cpu);

        if (looks_busy(other) &&
            __atomic_fetch_or(&other->wanted_by, CORE_NO_TICK, __ATOMIC_RELEASE) == 0)
            irq_send_ipi(cpu);
    }
}

void core_balance_soon(void)
{
    static struct core_timer timer = {.expired = tick};

    if (!looks_busy(arch_percpu()))
        return;
    __atomic_fetch_and(&core_idle_cpus, ~CORE_NO_TICK, __ATOMIC_RELAXED);
    if (__atomic_exchange_n(&tick_is_set, 1, __ATOMIC_ACQUIRE) == 0)
        core_timer_start(&timer, core_clock() + core_clock_from_ns(TICK_NS));
}

void core_give(void)
{
    struct percpu *self = arch_percpu();
    uint32_t wanted;

    if (__atomic_load_n(&self->wanted_by, __ATOMIC_RELAXED) == 0)
        return;
    wanted = __atomic_exchange_n(&self->wanted_by, 0, __ATOMIC_ACQUIRE);
    if (wanted & CORE_NO_TICK)
        spread(self);
    for (wanted &= ~CORE_NO_TICK; wanted; wanted &= wanted - 1) {
        unsigned cpu = (unsigned)__builtin_ctz(wanted);
        struct kiln_thread *thread = find(self, cpu);

        if (thread && take_from_here(thread, cpu)) {
            send(thread, cpu);
            core_request_switch(self); /* it may have been the one to switch to */
        } else {
            self->is_crowded = false;
            ask_for(cpu);
        }
    }
}

/* Its place is worked out anew by who changes its priority, under the lock of what it waits for.
 * One that has been woken goes on there at once, and its queue with it. */
static void move_waiting(struct kiln_thread *thread)
{
    struct kiln_wait_queue *queue = __atomic_load_n(&thread->queue, __ATOMIC_RELAXED);
    unsigned cpu = choose_place(thread);

    if (queue) {
        core_lock(&queue->lock);
        if (thread->queue != queue) {
            core_unlock(&queue->lock);
            queue = NULL;
        }
    }
    core_set_ring(core_percpu(cpu), thread);
    core_count_threads(core_percpu(thread->cpu), UINT32_MAX);
    core_count_threads(core_percpu(cpu), 1);
    __atomic_store_n(&thread->cpu, cpu, __ATOMIC_RELEASE);
    if (queue)
        core_unlock(&queue->lock);
}

/* The running thread goes once its registers are saved: the idle thread sees to it. */
static void move_running(struct percpu *self, struct kiln_thread *thread)
{
    if (thread->special & SPECIAL_POLICY)
        core_group_calls->unready(thread);
    else
        run_queue_remove(thread);
    thread_set_state(thread, THREAD_WAITING);
    thread->rank = RANK_MOST;
    self->moving = thread;
    core_request_switch(self);
}

static void move_ready(struct percpu *self, struct kiln_thread *thread)
{
    unsigned cpu = choose_place(thread);

    if (cpu == self->cpu)
        return;
    send(thread, cpu);
    core_request_switch(self);
}

void core_move_here(struct kiln_thread *thread)
{
    struct percpu *self = arch_percpu();

    if (cpus_of(thread) & bit_of(self->cpu)) {
        core_note_ready();
        return;
    }
    if (thread_is_ready(thread)) {
        if (thread == arch_thread_self())
            move_running(self, thread);
        else
            move_ready(self, thread);
    } else if (thread == arch_thread_self()) {
        core_remote_request(thread, REQUEST_MOVE); /* once its registers are saved, too */
    } else if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) < THREAD_GONE) {
        move_waiting(thread);
    }
}

/* It may run here again by now. */
void core_send_moving(void)
{
    struct percpu *self = arch_percpu();
    struct kiln_thread *thread = self->moving;
    unsigned cpu;

    if (!thread)
        return;
    self->moving = NULL;
    core_set_rank(thread);
    cpu = cpus_of(thread) & bit_of(self->cpu) ? self->cpu : choose_place(thread);
    if (cpu == self->cpu)
        core_make_ready(thread);
    else
        send(thread, cpu);
}

static bool has_room(const struct kiln_thread *thread, uint32_t cpus)
{
    uint32_t load = __atomic_load_n(&thread->load, __ATOMIC_RELAXED);

    return load == 0 || core_group_calls->admits(load, cpus);
}

int kiln_thread_set_cpus(struct kiln_thread *thread, uint32_t cpus)
{
    if (!(cpus & core_running_cpus()))
        return -EINVAL;
    if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) >= THREAD_GONE)
        return -ESRCH;
    if (!(cpus & bit_of(__atomic_load_n(&thread->cpu, __ATOMIC_RELAXED))) &&
        !has_room(thread, cpus))
        return -EBUSY;
    __atomic_store_n(&thread->cpus, cpus, __ATOMIC_RELAXED);
    if (KILN_CONFIG_SMP)
        core_ask(thread, REQUEST_MOVE);
    return 0;
}
