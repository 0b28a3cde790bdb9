/* Giving threads policies: what kiln/policy.h says in terms of groups. */
#include <kiln/policy.h>

#include <core/group.h>
#include <errno.h>
#include <kiln/cpu.h>
#include <kiln/heap.h>
#include <kiln/time.h>

#define DEFAULT_TICKETS 100
#define PERIOD_MOST     KILN_SECONDS(60)

static const struct policy *const policies[] = {
    [KILN_POLICY_ROUND_ROBIN] = &policy_round_robin, [KILN_POLICY_NORMAL] = &policy_normal,
    [KILN_POLICY_LOTTERY] = &policy_lottery,         [KILN_POLICY_SHORTEST] = &policy_shortest,
    [KILN_POLICY_DEADLINE] = &policy_deadline,
};

/* Of a policy whose threads have any priority: that of the thread. */
static const int16_t priorities[] = {
    [KILN_POLICY_ROUND_ROBIN] = -1,
    [KILN_POLICY_NORMAL] = KILN_PRIORITY_NORMAL,
    [KILN_POLICY_LOTTERY] = KILN_PRIORITY_LOTTERY,
    [KILN_POLICY_SHORTEST] = KILN_PRIORITY_SHORTEST,
    [KILN_POLICY_DEADLINE] = KILN_PRIORITY_DEADLINE,
};

/* What a thread's CPU does with it. */
struct change {
    struct kiln_thread *thread;
    struct core_member *member; /* then what is to be freed */
    int nice;
    int error;
};

static uint64_t units(int64_t ns)
{
    return core_clock_from_ns((uint64_t)ns);
}

static bool set_deadline(struct policy_thread *thread, const struct kiln_policy *values)
{
    int64_t deadline = values->deadline ? values->deadline : values->period;

    if (values->runtime <= 0 || values->period > PERIOD_MOST || deadline < values->runtime ||
        deadline > values->period)
        return false;
    thread->deadline.runtime = units(values->runtime);
    thread->deadline.period = units(values->period);
    thread->deadline.relative = units(deadline);
    return true;
}

static bool set_values(struct policy_thread *thread, const struct kiln_policy *values)
{
    switch (values->kind) {
    case KILN_POLICY_ROUND_ROBIN:
        if (values->slice < 0)
            return false;
        thread->round_robin.slice = units(values->slice ? values->slice : KILN_MILLISECONDS(10));
        return true;
    case KILN_POLICY_NORMAL:
        thread->normal.nice = (int8_t)values->nice;
        return thread->normal.nice == values->nice;
    case KILN_POLICY_LOTTERY:
        thread->lottery.tickets = values->tickets ? values->tickets : DEFAULT_TICKETS;
        return true;
    case KILN_POLICY_SHORTEST:
        thread->shortest.length = units(values->length);
        return values->length > 0;
    default:
        return set_deadline(thread, values);
    }
}

/* NULL in *made for the plain policy. */
static int make_member(struct core_member **made, const struct kiln_policy *values)
{
    *made = NULL;
    if (values->kind == KILN_POLICY_FIFO)
        return 0;
    if ((unsigned)values->kind >= sizeof(policies) / sizeof(const void *))
        return -EINVAL;
    struct core_member *member = kiln_heap_allocate(sizeof(*member));

    if (!member)
        return -ENOMEM;
    *member = (struct core_member){0};
    if (!set_values(&member->policy, values) || !policies[values->kind]->begin(&member->policy)) {
        kiln_heap_free(member);
        return -EINVAL;
    }
    *made = member;
    return 0;
}

/* What a thread had is given back before it joins again, so that it does not count twice; if it may
 * not join it has that again, for which there is room. */
static void exchange(struct change *change)
{
    struct core_member *member = change->member;
    struct core_member *old = change->thread->member;

    if (old)
        core_group_leave(old->group, old);
    if (member && !core_group_join(member->group, member)) {
        change->error = -EBUSY;
        if (old)
            core_group_join(old->group, old);
    } else if (member || old) {
        change->member = core_group_change(change->thread, member);
    }
}

/* On the thread's CPU, interrupts masked. -EAGAIN: it is another one by now. */
static void change_here(void *argument)
{
    struct change *change = argument;
    struct kiln_thread *thread = change->thread;

    if (KILN_CONFIG_SMP && thread->cpu != kiln_cpu_id())
        change->error = -EAGAIN;
    else if (thread->state >= THREAD_FINISHED)
        change->error = -ESRCH;
    else
        exchange(change);
}

static int call_there(struct change *change, void (*function)(void *argument))
{
    uintptr_t state;

    change->error = 0;
    kiln_cpu_call(change->thread->cpu, function, change);
    state = arch_irq_save();
    core_reschedule(state);
    return change->error;
}

static int find_group(struct kiln_thread *thread, struct core_member *member,
                      enum kiln_policy_kind kind)
{
    struct core_member *has = thread->member;
    int own = has ? has->own_priority : thread->base_priority;
    int priority = priorities[kind] < 0 ? own : priorities[kind];

    if (!core_group_prepare(policies[kind], (uint8_t)priority))
        return -ENOMEM;
    member->thread = thread;
    member->group = core_group_of(policies[kind], thread->cpu, (uint8_t)priority);
    return 0;
}

int kiln_thread_set_policy(struct kiln_thread *thread, const struct kiln_policy *policy)
{
    struct change change = {.thread = thread};
    int error;

    KILN_ASSERT(!arch_in_interrupt() && !arch_irqs_off());
    error = make_member(&change.member, policy);
    if (error)
        return error;
    do {
        if (change.member)
            error = find_group(thread, change.member, policy->kind);
        if (!error)
            error = call_there(&change, change_here);
    } while (error == -EAGAIN);
    kiln_heap_free(change.member);
    return error;
}

static void *nothing(void *argument)
{
    return argument;
}

/* One that cannot have the policy ends before it has begun. */
int kiln_thread_create_with_policy(struct kiln_thread **created,
                                   const struct kiln_thread_attributes *attributes,
                                   const struct kiln_policy *policy,
                                   void *(*function)(void *argument), void *argument)
{
    struct kiln_thread_attributes suspended = {.priority =
                                                   kiln_thread_priority(kiln_thread_self())};
    struct kiln_thread *thread;
    int error;

    if (attributes)
        suspended = *attributes;
    suspended.is_suspended = true;
    error = kiln_thread_create(&thread, &suspended, function, argument);
    if (error)
        return error;
    error = kiln_thread_set_policy(thread, policy);
    if (error) {
        thread->function = nothing;
        kiln_thread_resume(thread);
        if (!suspended.is_detached)
            kiln_thread_join(thread, NULL);
        return error;
    }
    if (created)
        *created = thread;
    if (!attributes || !attributes->is_suspended)
        kiln_thread_resume(thread);
    return 0;
}

static void change_nice(void *argument)
{
    struct change *change = argument;
    struct core_member *member = change->thread->member;
    bool waited;

    if (KILN_CONFIG_SMP && change->thread->cpu != kiln_cpu_id()) {
        change->error = -EAGAIN;
    } else if (!member || member->group->policy != &policy_normal) {
        change->error = -EINVAL;
    } else {
        waited = core_group_take_out(member);
        member->policy.normal.nice = (int8_t)change->nice;
        if (waited)
            core_group_put_back(member);
    }
}

int kiln_thread_set_nice(struct kiln_thread *thread, int nice)
{
    struct change change = {.thread = thread, .nice = nice};

    KILN_ASSERT(!arch_in_interrupt() && !arch_irqs_off());
    if (nice < POLICY_NICE_LEAST || nice > POLICY_NICE_MOST)
        return -EINVAL;
    while (call_there(&change, change_nice) == -EAGAIN)
        ;
    return change.error;
}

int kiln_thread_wait_period(void)
{
    struct kiln_thread *self = arch_thread_self();
    struct core_member *member = self->member;
    uintptr_t state;
    bool is_late;

    KILN_ASSERT(!arch_in_interrupt() && !arch_irqs_off());
    if (!(self->special & SPECIAL_POLICY) || member->group->policy != &policy_deadline)
        return -EINVAL;
    state = arch_irq_save();
    is_late = policy_deadline_is_late(&member->policy, core_clock());
    core_group_give_way(self, POLICY_JOB_IS_DONE);
    core_reschedule(state);
    return is_late ? -ETIMEDOUT : 0;
}
