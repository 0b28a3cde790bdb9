/* Making the groups of a policy: one for each CPU, since its threads go from one to another. */
#include <core/group.h>

#include <kiln/cpu.h>
#include <kiln/heap.h>
#include <kiln/mutex.h>

#define DISPATCHER_STACK_BYTES 4096

struct core_group *core_group_list; /* atomic; added to under the mutex */
static struct kiln_mutex groups_mutex = KILN_MUTEX_INIT;

static bool start_dispatcher(struct core_group *group)
{
    const struct kiln_thread_attributes attributes = {
        .name = group->policy->name,
        .stack_bytes = DISPATCHER_STACK_BYTES,
        .priority = group->priority,
        .cpus = 1u << group->cpu,
        .is_detached = true,
        .is_suspended = true,
    };

    if (kiln_thread_create(&group->dispatcher, &attributes, core_group_dispatch, group))
        return false;
    kiln_thread_resume(group->dispatcher);
    return true;
}

static bool make(const struct policy *policy, unsigned cpu, uint8_t priority)
{
    struct core_group *group = kiln_heap_allocate(sizeof(*group));

    if (!group)
        return false;
    *group = (struct core_group){
        .policy = policy,
        .parked = KILN_WAIT_QUEUE_INIT("policy"),
        .alarm.expired = core_group_alarm,
        .why = POLICY_PASSED_BY,
        .priority = priority,
        .cpu = cpu,
        .next = core_group_list,
    };
    list_init(&group->waiting);
    policy->init(&group->queue, core_clock());
    core_group_calls = &core_groups;
    if (!start_dispatcher(group)) {
        kiln_heap_free(group);
        return false;
    }
    __atomic_store_n(&core_group_list, group, __ATOMIC_RELEASE);
    return true;
}

struct core_group *core_group_of(const struct policy *policy, unsigned cpu, uint8_t priority)
{
    struct core_group *group = __atomic_load_n(&core_group_list, __ATOMIC_ACQUIRE);

    while (group && (group->policy != policy || group->cpu != cpu || group->priority != priority))
        group = group->next;
    return group;
}

bool core_group_prepare(const struct policy *policy, uint8_t priority)
{
    unsigned cpu = kiln_cpu_count();

    kiln_mutex_lock(&groups_mutex);
    while (cpu > 0 && (core_group_of(policy, cpu - 1, priority) || make(policy, cpu - 1, priority)))
        cpu--;
    kiln_mutex_unlock(&groups_mutex);
    return cpu == 0;
}
