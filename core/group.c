/* Groups of threads that have a policy, and the dispatchers that give them the CPU. */
#include <core/group.h>

#include <core/priority.h>
#include <core/wait.h>
#include <kiln/heap.h>

static bool runs(const struct core_group *group)
{
    return group->is_running && group->taken && group->taken->thread == arch_thread_self();
}

static void charge(struct core_group *group, uint64_t now)
{
    group->policy->charge(&group->queue, &group->taken->policy, now - group->since, now);
    group->since = now;
}

static void stop(struct core_group *group)
{
    group->is_running = false;
    core_timer_stop(&group->alarm);
}

/* The alarm comes when the policy wants to be asked again. */
static void set_alarm(struct core_group *group, uint64_t now)
{
    struct policy_thread *taken = group->taken ? &group->taken->policy : NULL;
    uint64_t at = group->policy->alarm(&group->queue, taken, now);

    core_timer_stop(&group->alarm);
    if (at != POLICY_NEVER)
        core_timer_start(&group->alarm, at);
}

static void add(struct core_group *group, struct core_member *member, enum policy_why why,
                uint64_t now)
{
    group->policy->add(&group->queue, &member->policy, why, now);
    list_add_last(&group->waiting, &member->node);
    member->waits = true;
    core_note_crowd();
}

/* One that is ready no more. The dispatcher stands where it stood, and takes another one. */
static void forget_taken(struct core_group *group, uint64_t now)
{
    if (group->is_running)
        charge(group, now);
    stop(group);
    group->taken = NULL;
}

/* False: it was in the run queue already. */
static bool wake_dispatcher(struct core_group *group)
{
    if (!core_wait_end(group->dispatcher))
        return false;
    core_make_ready(group->dispatcher);
    return true;
}

/* It is the next to run, and then chooses; at once if it has just been created, and is not yet in
 * the run queue. */
static void call_dispatcher(struct core_group *group)
{
    if (thread_is_ready(group->dispatcher))
        run_queue_to_front(group->dispatcher);
}

/* The queue has changed, or time has passed. True: the CPU is to see who runs. While
 * nobody of the group runs the dispatcher has its place in the run queue, and will look. */
static bool look_again(struct core_group *group, uint64_t now)
{
    struct core_member *taken = group->taken;

    if (wake_dispatcher(group))
        return RANK_OF(group->priority) > arch_thread_self()->rank;
    if (taken && !group->policy->due(&group->queue, &taken->policy, now)) {
        if (runs(group))
            set_alarm(group, now);
        return false;
    }
    if (!runs(group))
        return false;
    call_dispatcher(group);
    return true;
}

static bool group_ready(struct kiln_thread *thread)
{
    struct core_member *member = thread->member;
    struct core_group *group = member->group;
    uint64_t now = core_clock();

    if (group->is_running)
        charge(group, now);
    thread_set_state(thread, THREAD_READY);
    add(group, member, member->has_moved ? POLICY_MOVED : POLICY_WOKEN, now);
    member->is_new_here = member->has_moved;
    member->has_moved = false;
    return look_again(group, now);
}

static void group_unready(struct kiln_thread *thread)
{
    struct core_member *member = thread->member;
    struct core_group *group = member->group;

    if (core_group_take_out(member))
        return;
    forget_taken(group, core_clock());
    run_queue_remove(thread);
}

static void group_block(struct kiln_thread *self)
{
    forget_taken(self->member->group, core_clock());
}

static void group_lose(struct kiln_thread *self)
{
    struct core_group *group = self->member->group;

    if (!runs(group))
        return;
    charge(group, core_clock());
    stop(group);
    call_dispatcher(group);
}

void core_group_give_way(struct kiln_thread *self, enum policy_why why)
{
    group_lose(self);
    self->member->group->why = why;
}

static void group_yield(struct kiln_thread *self)
{
    core_group_give_way(self, POLICY_YIELDED);
}

/* The dispatcher asks the policy, which may take long, once the interrupt is over. */
void core_group_alarm(struct core_timer *alarm)
{
    struct core_group *group = list_entry(alarm, struct core_group, alarm);

    if (runs(group))
        call_dispatcher(group);
    else if (group->taken || !wake_dispatcher(group))
        return;
    core_request_switch(arch_percpu());
}

/* The one that runs comes into the group's order: it is the one taken. */
static void take_running(struct core_member *member)
{
    struct core_group *group = member->group;
    uint64_t now = core_clock();

    if (group->taken) {
        run_queue_remove(group->taken->thread);
        add(group, group->taken, POLICY_PASSED_BY, now);
    }
    add(group, member, POLICY_WOKEN, now);
    core_group_take_out(member);
    wake_dispatcher(group);
    run_queue_add(member->thread);
    group->taken = member;
    group->is_running = true;
    group->since = now;
    call_dispatcher(group);
    core_request_switch(arch_percpu());
}

static void enter_order(struct kiln_thread *thread)
{
    if (thread == arch_thread_self())
        take_running(thread->member);
    else if (group_ready(thread))
        core_request_switch(arch_percpu());
}

static void leave_order(struct kiln_thread *thread, uint8_t priority)
{
    if (!(thread->special & SPECIAL_POLICY) || thread->member->group->priority == priority)
        return;
    if (thread_is_ready(thread)) {
        group_unready(thread);
        run_queue_add(thread);
    }
    thread->special &= (uint8_t)~SPECIAL_POLICY;
}

static void join_order(struct kiln_thread *thread)
{
    if ((thread->special & SPECIAL_POLICY) || thread->member->group->priority != thread->priority)
        return;
    thread->special |= SPECIAL_POLICY;
    if (thread_is_ready(thread)) {
        run_queue_remove(thread);
        enter_order(thread);
    }
}

/* The dispatcher has the CPU: sees whether the one that was taken goes on. True: plain threads of
 * the same priority come first. */
static bool end_turn(struct core_group *group, uint64_t now)
{
    struct core_member *taken = group->taken;
    bool turn_is_over = group->why == POLICY_YIELDED;

    if (group->is_running)
        charge(group, now);
    stop(group);
    if (taken && (group->why != POLICY_PASSED_BY ||
                  (taken->thread->rank == taken->thread->own_rank &&
                   group->policy->due(&group->queue, &taken->policy, now)))) {
        turn_is_over |= group->policy->ends_turns;
        run_queue_remove(taken->thread);
        add(group, taken, group->why, now);
        group->taken = NULL;
    }
    group->why = POLICY_PASSED_BY;
    return turn_is_over;
}

static void take(struct core_group *group)
{
    struct core_member *taken =
        (struct core_member *)group->policy->take(&group->queue, core_clock());

    if (taken) {
        list_remove(&taken->node);
        taken->waits = false;
        taken->is_new_here = false;
        run_queue_add(taken->thread);
    }
    group->taken = taken;
}

/* Nothing but the group's own threads, and the alarm, wake it. */
static void park(struct core_group *group, uintptr_t masked)
{
    struct percpu *percpu = arch_percpu();
    struct kiln_thread *self = group->dispatcher;
    struct kiln_thread *next = core_leave_run_queue(percpu, self);

    set_alarm(group, core_clock());
    core_lock(&group->parked.lock);
    core_wait_add(&group->parked, self);
    core_unlock(&group->parked.lock);
    core_block(percpu, self, next, masked);
}

/* Plain threads of the same priority have their turns. */
static bool let_equals_run(struct core_group *group, uintptr_t masked)
{
    struct kiln_thread *self = group->dispatcher;

    run_queue_remove(self);
    run_queue_remove(group->taken->thread);
    run_queue_add(self);
    run_queue_add(group->taken->thread);
    struct kiln_thread *next = run_queue_first(arch_percpu());

    if (next == self)
        return false;
    core_switch(self, next, masked);
    return true;
}

static void run_taken(struct core_group *group, uintptr_t masked)
{
    run_queue_to_front(group->taken->thread);
    group->is_running = true;
    group->since = core_clock();
    set_alarm(group, group->since);
    core_switch(group->dispatcher, group->taken->thread, masked);
}

/* Between what led here and the next step, each of which takes its time: the dispatcher is ready
 * all the while, and what has changed it sees then. */
static uintptr_t let_interrupts_through(void)
{
    arch_irq_enable();
    arch_irq_disable();
    return arch_irq_save();
}

_Noreturn void *core_group_dispatch(void *argument)
{
    struct core_group *group = argument;

    arch_irq_disable();
    group->dispatcher->firm = FIRM_WAIT;
    for (;;) {
        uintptr_t masked = let_interrupts_through();
        bool turn_is_over = end_turn(group, core_clock());

        if (!group->taken) {
            let_interrupts_through();
            take(group);
        }
        if (!group->taken)
            park(group, masked);
        else if (!turn_is_over || !let_equals_run(group, masked))
            run_taken(group, masked);
    }
}

bool core_group_join(struct core_group *group, struct core_member *member)
{
    bool joins = true;

    core_lock(&group->lock);
    if (group->policy->join)
        joins = group->policy->join(&group->queue, &member->policy);
    core_unlock(&group->lock);
    return joins;
}

void core_group_leave(struct core_group *group, struct core_member *member)
{
    core_lock(&group->lock);
    if (group->policy->leave)
        group->policy->leave(&group->queue, &member->policy);
    core_unlock(&group->lock);
}

void core_group_remove(struct kiln_thread *thread)
{
    if (!thread_is_ready(thread))
        return;
    if (thread->special & SPECIAL_POLICY)
        group_unready(thread);
    else
        run_queue_remove(thread);
}

/* What its deadlines take of a CPU. */
static void note_load(struct kiln_thread *thread, const struct core_member *member)
{
    bool has_deadlines = member && member->group->policy == &policy_deadline;

    __atomic_store_n(&thread->load, has_deadlines ? member->policy.deadline.load : 0,
                     __ATOMIC_RELAXED);
}

struct core_member *core_group_change(struct kiln_thread *thread, struct core_member *member)
{
    struct core_member *old = thread->member;
    bool is_ready = thread_is_ready(thread);

    if (old)
        core_group_remove(thread);
    else if (is_ready)
        run_queue_remove(thread);
    thread->special &= (uint8_t)~SPECIAL_POLICY;
    thread->member = NULL;
    if (is_ready)
        thread_set_state(thread, THREAD_SUSPENDED);
    if (member)
        member->own_priority = old ? old->own_priority : thread->base_priority;
    core_lock(&core_inheritance_lock);
    if (member)
        thread->base_priority = member->group->priority;
    else if (old)
        thread->base_priority = old->own_priority;
    core_inherit(thread);
    core_unlock(&core_inheritance_lock);
    if (is_ready)
        thread_set_state(thread, THREAD_READY);
    core_set_rank(thread);
    note_load(thread, member);
    if (is_ready) {
        run_queue_add(thread);
        if (thread == arch_thread_self())
            run_queue_to_front(thread);
        core_request_switch(arch_percpu());
    }
    thread->member = member;
    if (member)
        join_order(thread);
    return old;
}

static void group_end(struct kiln_thread *self)
{
    uintptr_t state = arch_irq_save();
    struct core_member *member = core_group_change(self, NULL);

    if (member)
        core_group_leave(member->group, member);
    arch_irq_restore(state);
    kiln_heap_free(member);
}

bool core_group_take_out(struct core_member *member)
{
    if (!member->waits)
        return false;
    member->group->policy->remove(&member->group->queue, &member->policy);
    list_remove(&member->node);
    member->waits = false;
    return true;
}

void core_group_put_back(struct core_member *member)
{
    struct core_group *group = member->group;
    uint64_t now = core_clock();

    if (group->is_running)
        charge(group, now);
    add(group, member, POLICY_MOVED, now);
    if (look_again(group, now))
        core_request_switch(arch_percpu());
}

const struct core_group_calls core_groups = {
    .ready = group_ready,
    .unready = group_unready,
    .block = group_block,
    .lose = group_lose,
    .yield = group_yield,
    .leave_order = leave_order,
    .join_order = join_order,
    .end = group_end,
    .move = core_group_move,
    .find = core_group_find,
    .count = core_group_count,
    .admits = core_group_admits,
};
