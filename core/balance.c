/* Spreading threads over the CPUs. */
#include <core/balance.h>

#include <arch/spin.h>
#include <core/lock.h>
#include <core/place.h>
#include <core/priority.h>
#include <core/remote.h>
#include <core/schedule.h>
#include <errno.h>
#include <irq_controller.h>
#include <kiln/cpu.h>

#define LOOKED_AT 32 /* threads at most, for one that may go where it is wanted */

volatile uint32_t core_idle_cpus;

static uint32_t bit_of(unsigned cpu)
{
    return UINT32_C(1) << cpu;
}

/* From now on the thread is that CPU's: in no run queue, and its registers are saved. */
static void send(struct kiln_thread *thread, unsigned cpu)
{
    thread->state = THREAD_WAITING;
    core_set_ring(core_percpu(cpu), thread);
    core_count_threads(core_percpu(thread->cpu), UINT32_MAX);
    core_count_threads(core_percpu(cpu), 1);
    __atomic_store_n(&thread->cpu, cpu, __ATOMIC_RELEASE);
    core_remote_request(thread, REQUEST_WAKE);
}

bool core_send_to_idle(struct kiln_thread *thread)
{
    struct percpu *self = arch_percpu();
    uint32_t allowed = thread->cpus & ~bit_of(self->cpu);
    uint32_t idle = core_idle_cpus & allowed;

    if (thread == arch_thread_self() ||
        (arch_thread_self() == self->idle_thread && !run_queue_first(self) &&
         (thread->cpus & bit_of(self->cpu))))
        return false;
    while (idle) {
        unsigned cpu = (unsigned)__builtin_ctz(idle);

        idle = __atomic_fetch_and(&core_idle_cpus, ~bit_of(cpu), __ATOMIC_RELAXED) & allowed;
        if (idle & bit_of(cpu)) {
            send(thread, cpu);
            return true;
        }
    }
    return false;
}

/* Several threads are ready there, as far as can be seen from here. */
static bool looks_busy(const struct percpu *percpu)
{
    uint64_t high = __atomic_load_n(&percpu->ready[1], __ATOMIC_RELAXED);
    uint64_t low = __atomic_load_n(&percpu->ready[0], __ATOMIC_RELAXED);

    return percpu->is_crowded || __builtin_popcountll(high) + __builtin_popcountll(low) > 1;
}

/* Asks the first busy CPU behind this one, so that not all ask the same. */
static void ask(const struct percpu *self)
{
    unsigned count = kiln_cpu_count();

    for (unsigned step = 1; step < count; step++) {
        unsigned cpu = (self->cpu + step) % count;
        struct percpu *other = core_percpu(cpu);

        if (!looks_busy(other) || (core_idle_cpus & bit_of(cpu)))
            continue;
        if (__atomic_fetch_or(&other->wanted_by, bit_of(self->cpu), __ATOMIC_RELEASE) == 0)
            irq_send_ipi(cpu);
        return;
    }
}

void core_idle_begin(void)
{
    struct percpu *self = arch_percpu();

    __atomic_fetch_or(&core_idle_cpus, bit_of(self->cpu), __ATOMIC_RELAXED);
    ask(self);
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
        if (thread != stays && (thread->cpus & bit_of(cpu)) && !thread->special && !thread->member)
            return thread;
        thread = thread->next;
    } while (thread != first && --*left > 0);
    return NULL;
}

/* Of the highest priority. */
static struct kiln_thread *find(struct percpu *self, unsigned cpu)
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

void core_give(void)
{
    struct percpu *self = arch_percpu();
    uint32_t wanted;

    if (__atomic_load_n(&self->wanted_by, __ATOMIC_RELAXED) == 0)
        return;
    wanted = __atomic_exchange_n(&self->wanted_by, 0, __ATOMIC_ACQUIRE);
    for (; wanted; wanted &= wanted - 1) {
        unsigned cpu = (unsigned)__builtin_ctz(wanted);
        struct kiln_thread *thread = find(self, cpu);

        if (thread) {
            run_queue_remove(thread);
            send(thread, cpu);
            core_request_switch(self); /* it may have been the one to switch to */
        } else {
            self->is_crowded = false;
        }
    }
}

/* Its place is worked out anew by who changes its priority, under the lock of what it waits for. */
static void move_waiting(struct kiln_thread *thread, unsigned cpu)
{
    struct kiln_wait_queue *queue = __atomic_load_n(&thread->queue, __ATOMIC_RELAXED);

    if (queue)
        core_lock(&queue->lock);
    core_set_ring(core_percpu(cpu), thread);
    core_count_threads(core_percpu(thread->cpu), UINT32_MAX);
    core_count_threads(core_percpu(cpu), 1);
    __atomic_store_n(&thread->cpu, cpu, __ATOMIC_RELEASE);
    if (queue)
        core_unlock(&queue->lock);
}

/* The running thread goes once its registers are saved: the idle thread sees to it. */
void core_move_here(struct kiln_thread *thread)
{
    struct percpu *self = arch_percpu();

    if ((thread->cpus & bit_of(self->cpu)) || thread->member)
        return;
    if (!thread_is_ready(thread)) {
        if (thread == arch_thread_self())
            core_remote_request(thread, REQUEST_MOVE); /* once its registers are saved, too */
        else if (thread->state < THREAD_GONE)
            move_waiting(thread, core_place(thread));
        return;
    }
    run_queue_remove(thread);
    core_request_switch(self);
    if (thread != arch_thread_self()) {
        send(thread, core_place(thread));
        return;
    }
    thread->state = THREAD_WAITING;
    thread->rank = RANK_MOST;
    self->moving = thread;
}

void core_send_moving(void)
{
    struct percpu *self = arch_percpu();
    struct kiln_thread *thread = self->moving;

    if (!thread)
        return;
    self->moving = NULL;
    core_set_rank(thread);
    send(thread, core_place(thread));
}

int kiln_thread_set_cpus(struct kiln_thread *thread, uint32_t cpus)
{
    if (!(cpus & core_running_cpus()))
        return -EINVAL;
    if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) >= THREAD_GONE)
        return -ESRCH;
    if (thread->member && !(cpus & bit_of(thread->cpu)))
        return -EBUSY;
    __atomic_store_n(&thread->cpus, cpus, __ATOMIC_RELAXED);
    if (KILN_CONFIG_SMP)
        core_ask(thread, REQUEST_MOVE);
    return 0;
}
