/*
 * Groups: the ready threads of a policy on a CPU. One of them, the one that the policy has taken,
 * is in the run queue, the others are in the policy's queue. With it there is the group's
 * dispatcher, a thread of the same priority, which has the policy take the next one. While a thread
 * of the group runs the dispatcher stands behind it, and so is the next to run when that one waits
 * or yields. When somebody else is given the CPU it stands first, so that it notes when the group
 * has the CPU again. Scheduling needs to know no more of groups than these calls, for threads whose
 * special has SPECIAL_POLICY; they are reached through core_group_calls, so that only programs that
 * give a thread a policy contain them.
 */
#ifndef CORE_GROUP_H
#define CORE_GROUP_H

#include <core/lock.h>
#include <core/policy.h>
#include <core/schedule.h>

struct core_group {
    const struct policy *policy;
    struct policy_queue queue;
    struct core_member *taken;
    struct kiln_thread *dispatcher;
    struct kiln_wait_queue parked; /* the dispatcher, while no thread may run */
    struct core_timer alarm;
    uint64_t since;      /* up to when the one that was taken has been charged */
    enum policy_why why; /* the one that was taken leaves, when the dispatcher runs */
    bool is_running; /* the one that was taken has the CPU, or had until the dispatcher has it */
    uint8_t priority;
    uint32_t cpu;
    struct kiln_spinlock lock; /* of policy->join and leave */
    struct core_group *next;   /* of all, which never change: atomic */
};

/* What a thread with a policy has beyond others. */
struct core_member {
    struct policy_thread policy; /* first */
    struct core_group *group;
    struct kiln_thread *thread;
    uint8_t own_priority; /* base_priority, once it has no policy any more */
    bool waits;           /* in the policy's queue */
};

/* All calls: on the thread's CPU, interrupts masked. */
struct core_group_calls {
    /* A thread that was not ready is. True: the CPU is to see who runs. */
    bool (*ready)(struct kiln_thread *thread);

    /* A thread that is ready no longer is; it is in no queue then. */
    void (*unready)(struct kiln_thread *thread);

    /* The running thread makes way for another one. */
    void (*lose)(struct kiln_thread *self);

    /* The same, since it gives up its turn: the dispatcher is the next. */
    void (*yield)(struct kiln_thread *self);

    /* A thread that has a group is to have that priority: it leaves the group's order if that is
     * not the group's; it has it now, and comes into the group's order if it is. */
    void (*leave_order)(struct kiln_thread *thread, uint8_t priority);
    void (*join_order)(struct kiln_thread *thread);

    /* The running thread ends. Interrupts on. */
    void (*end)(struct kiln_thread *self);
};

/* NULL until the first thread is given a policy. */
extern const struct core_group_calls *core_group_calls;

/* The group for a thread with a policy on a CPU, made if need be; NULL: no memory. Thread context.
 */
struct core_group *core_group_find(const struct policy *policy, unsigned cpu, uint8_t priority);

/* The thread, on its CPU, has that group and these values from now on; NULL: it is a plain one.
 * Gives back what it had before, which the caller frees. Interrupts masked. */
struct core_member *core_group_change(struct kiln_thread *thread, struct core_member *member);

/* As yield, for the reason. */
void core_group_give_way(struct kiln_thread *self, enum policy_why why);

/* Takes a thread that waits out of the policy's queue while what is set of it changes, and puts it
 * back. */
bool core_group_take_out(struct core_member *member);
void core_group_put_back(struct core_member *member);

#endif
