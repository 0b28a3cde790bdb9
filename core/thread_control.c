/* Threads by their ids, what is known of them, their data, and ending their waits. */
#include <arch/counter.h>
#include <core/cancel.h>
#include <core/registry.h>
#include <core/remote.h>
#include <core/schedule.h>
#include <core/stack_used.h>
#include <core/thread_end.h>
#include <core/time.h>
#include <core/wait.h>
#include <errno.h>
#include <kiln/cpu.h>

#define INFOS_AT_ONCE 1u
#define LOOKS_AT_ONCE 16u

void core_registry_forget_data(unsigned key)
{
    struct kiln_thread *thread;
    struct core_walk walk;

    core_walk_begin(&walk, LOOKS_AT_ONCE);
    while ((thread = core_walk_next(&walk)))
        thread->data[key] = NULL;
    core_walk_end(&walk);
}

uint64_t kiln_thread_id(const struct kiln_thread *thread)
{
    return thread->id;
}

struct kiln_thread *kiln_thread_find(uint64_t id)
{
    struct kiln_thread *thread;
    struct core_walk walk;

    core_walk_begin(&walk, LOOKS_AT_ONCE);
    do
        thread = core_walk_next(&walk);
    while (thread && (thread->id != id || thread->state == THREAD_SPARE));
    core_walk_end(&walk);
    return thread;
}

/* Of another CPU it is who would run there; for a moment somebody else may. */
static bool is_running(const struct kiln_thread *thread)
{
    unsigned cpu = thread->cpu;

    if (!KILN_CONFIG_SMP || cpu == kiln_cpu_id())
        return thread == arch_thread_self();
    struct kiln_thread *first = run_queue_first(core_percpu(cpu));

    return thread == (first ? first : core_percpu(cpu)->idle_thread);
}

/* It waits for its notification, in the queue in which it sleeps, too. */
static bool is_to_be_notified(const struct kiln_thread *thread)
{
    return __atomic_load_n(&thread->notification, __ATOMIC_RELAXED) & CORE_WAITS_TO_BE_NOTIFIED;
}

static enum kiln_thread_state state_of(const struct kiln_thread *thread,
                                       const struct kiln_wait_queue *queue)
{
    if (thread->state >= THREAD_FINISHED)
        return KILN_THREAD_FINISHED;
    if (thread->is_new && thread->state != THREAD_READY)
        return KILN_THREAD_NEW;
    if (thread->special & SPECIAL_SUSPEND)
        return KILN_THREAD_SUSPENDED;
    if (queue)
        return queue == &thread->finished && !is_to_be_notified(thread) ? KILN_THREAD_SLEEPING
                                                                        : KILN_THREAD_BLOCKED;
    return is_running(thread) ? KILN_THREAD_RUNNING : KILN_THREAD_READY;
}

/* Another CPU may have switched to it since the counter was read. */
static int64_t run_time_of(const struct kiln_thread *thread, bool is_running)
{
    uint64_t running = is_running && KILN_CONFIG_RUN_TIME ? arch_counter() - thread->ran_since : 0;

    return (int64_t)core_time_of_counts(thread->ran + ((int64_t)running > 0 ? running : 0));
}

/* The queue that it waits in, and what that is. Another CPU's thread may have left it, and given
 * its memory back, before that is read: then it is seen to have left. */
static const struct kiln_wait_queue *queue_of(const struct kiln_thread *thread, const char **kind)
{
    const struct kiln_wait_queue *queue = __atomic_load_n(&thread->queue, __ATOMIC_ACQUIRE);

    if (!queue)
        return NULL;
    *kind = queue == &thread->finished ? "notification"
                                       : __atomic_load_n(&queue->kind, __ATOMIC_ACQUIRE);
    return __atomic_load_n(&thread->queue, __ATOMIC_RELAXED) == queue ? queue : NULL;
}

/* All but how much of its stack was used. */
static void get_info(const struct kiln_thread *thread, struct kiln_thread_info *info)
{
    const char *kind = NULL;
    const struct kiln_wait_queue *queue = queue_of(thread, &kind);
    enum kiln_thread_state state = state_of(thread, queue);

    *info = (struct kiln_thread_info){
        .id = thread->id,
        .name = thread->name,
        .state = state,
        .waits_for = state == KILN_THREAD_BLOCKED ? kind : NULL,
        .priority = thread->priority,
        .cpu = thread->cpu,
        .stack_bytes = thread->stack_top - thread->stack_bottom,
        .run_time = run_time_of(thread, state == KILN_THREAD_RUNNING),
        .switches = thread->switches,
    };
}

void kiln_thread_get_info(const struct kiln_thread *thread, struct kiln_thread_info *info)
{
    uintptr_t place = thread->stack_bottom;

    get_info(thread, info);
    if (!thread->is_painted)
        return;
    while (core_stack_look(thread, &place))
        continue;
    info->stack_used_bytes = thread->stack_top - place;
}

/* Of the walk's thread; its stack may be another's, or gone, once it is spare. */
static size_t stack_used(struct core_walk *walk)
{
    const struct kiln_thread *thread = walk->thread;
    uintptr_t place = thread->stack_bottom;
    uint64_t id = thread->id;

    if (!thread->is_painted)
        return 0;
    do {
        core_walk_pause(walk);
        if (walk->thread != thread || thread->state == THREAD_SPARE || thread->id != id)
            return 0;
    } while (core_stack_look(thread, &place));
    return thread->stack_top - place;
}

unsigned kiln_thread_list_info(struct kiln_thread_info *infos, unsigned count)
{
    const struct kiln_thread *thread;
    struct core_walk walk;
    unsigned found = 0;

    core_walk_begin(&walk, INFOS_AT_ONCE);
    while ((thread = core_walk_next(&walk))) {
        if (thread->state == THREAD_SPARE)
            continue;
        if (found < count) {
            get_info(thread, &infos[found]);
            infos[found].stack_used_bytes = stack_used(&walk);
        }
        found++;
    }
    core_walk_end(&walk);
    return found;
}

const char *kiln_thread_state_name(enum kiln_thread_state state)
{
    static const char *const names[] = {
        [KILN_THREAD_NEW] = "new",           [KILN_THREAD_READY] = "ready",
        [KILN_THREAD_RUNNING] = "running",   [KILN_THREAD_BLOCKED] = "blocked",
        [KILN_THREAD_SLEEPING] = "sleeping", [KILN_THREAD_SUSPENDED] = "suspended",
        [KILN_THREAD_FINISHED] = "finished",
    };

    return (unsigned)state < sizeof(names) / sizeof(*names) ? names[state] : "unknown";
}

void core_end_wait(struct kiln_thread *thread)
{
    if (core_wait_interrupt(thread))
        core_make_ready_anywhere(-EINTR, thread);
}

/* Whether another CPU's thread still waits, and in what, is up to that CPU: the queue may be gone
 * by the time that one looks into it here. */
int kiln_thread_interrupt(struct kiln_thread *thread)
{
    uintptr_t state = arch_irq_save();
    bool does_wait = __atomic_load_n(&thread->queue, __ATOMIC_RELAXED) &&
                     !__atomic_load_n(&thread->firm, __ATOMIC_RELAXED);

    if (does_wait && KILN_CONFIG_SMP &&
        __atomic_load_n(&thread->cpu, __ATOMIC_ACQUIRE) != kiln_cpu_id()) {
        core_remote_request(thread, REQUEST_END_WAIT);
        arch_irq_restore(state);
        return 0;
    }
    if (!does_wait || !core_wait_interrupt(thread)) {
        arch_irq_restore(state);
        return -EAGAIN;
    }
    core_wake(-EINTR, thread, state);
    return 0;
}

static void end_cancelled(void)
{
    arch_irq_enable();
    kiln_thread_exit(KILN_CANCELLED);
}

/* Who waits goes on in the function that ends it, on the stack as it is. One that waits on this
 * very CPU, idle, sees for itself that it is to end. */
void core_cancel_wait(struct kiln_thread *thread)
{
    thread->special |= SPECIAL_CANCEL;
    if (!core_may_cancel(thread) || !core_wait_interrupt(thread))
        return;
    if (thread != arch_thread_self())
        arch_context_init(&thread->context, thread->context.sp & ~(uintptr_t)15, end_cancelled);
    core_make_ready_anywhere(-ECANCELED, thread);
}

int kiln_thread_cancel(struct kiln_thread *thread)
{
    if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) >= THREAD_FINISHED)
        return -ESRCH;
    __atomic_store_n(&thread->wants_cancel, true, __ATOMIC_SEQ_CST);
    core_ask(thread, REQUEST_CANCEL);
    return 0;
}

bool kiln_thread_set_cancellable(bool is_cancellable)
{
    struct kiln_thread *self = arch_thread_self();
    bool before = !self->cancel_is_off;

    __atomic_store_n(&self->cancel_is_off, !is_cancellable, __ATOMIC_SEQ_CST);
    return before;
}

void kiln_thread_test_cancel(void)
{
    struct kiln_thread *self = arch_thread_self();

    if (__atomic_load_n(&self->wants_cancel, __ATOMIC_RELAXED) && core_may_cancel(self))
        kiln_thread_exit(KILN_CANCELLED);
}
