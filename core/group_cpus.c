/* Threads with a policy on several CPUs: which of them may go where, and how they do. */
#include <core/group.h>

bool core_group_move(struct kiln_thread *thread, unsigned cpu)
{
    struct core_member *member = thread->member;
    struct core_group *old = member->group;
    struct core_group *group = core_group_of(old->policy, cpu, old->priority);

    if (!group || !core_group_join(group, member))
        return false;
    member->has_moved = thread_is_ready(thread) && (thread->special & SPECIAL_POLICY);
    core_group_remove(thread);
    core_group_leave(old, member);
    member->group = group;
    return true;
}

/* One that waits for its next period would have nothing to do there. */
static bool may_go(const struct core_member *member, unsigned cpu)
{
    const struct policy *policy = member->group->policy;

    return (member->thread->cpus >> cpu & 1) && member->thread->special == SPECIAL_POLICY &&
           !(policy->rests && policy->rests(&member->policy));
}

/* Where the dispatcher is to run now it needs somebody to take. */
static struct kiln_thread *find_in(const struct core_group *group, unsigned cpu,
                                   const struct kiln_thread *stays)
{
    const struct core_member *taken = group->taken;
    bool is_next = stays == group->dispatcher;

    if (taken && taken->thread != stays && !is_next && may_go(taken, cpu))
        return taken->thread;
    if (is_next && !taken && group->waiting.next == group->waiting.previous)
        return NULL;
    list_for_each (node, &group->waiting) {
        const struct core_member *member = list_entry(node, struct core_member, node);

        if (member->thread != stays && may_go(member, cpu))
            return member->thread;
    }
    return NULL;
}

struct kiln_thread *core_group_find(unsigned cpu, const struct kiln_thread *stays)
{
    struct kiln_thread *best = NULL;

    for (const struct core_group *group = __atomic_load_n(&core_group_list, __ATOMIC_ACQUIRE);
         group; group = group->next) {
        struct kiln_thread *found = group->cpu == arch_cpu_id() ? find_in(group, cpu, stays) : NULL;

        if (found && (!best || found->priority > best->priority))
            best = found;
    }
    return best;
}

int core_group_count(uint8_t priority)
{
    int count = 0;

    for (const struct core_group *group = __atomic_load_n(&core_group_list, __ATOMIC_ACQUIRE);
         group; group = group->next) {
        if (group->cpu != arch_cpu_id() || group->priority != priority)
            continue;
        count -= thread_is_ready(group->dispatcher);
        list_for_each (node, &group->waiting)
            count++;
    }
    return count;
}

bool core_group_admits(uint32_t load, uint32_t cpus)
{
    for (const struct core_group *group = __atomic_load_n(&core_group_list, __ATOMIC_ACQUIRE);
         group; group = group->next)
        if (group->policy == &policy_deadline && (cpus >> group->cpu & 1) &&
            policy_deadline_has_room(&group->queue, load))
            return true;
    return false;
}
