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
    struct core_member *taken; /* is ready, and in the run queue */
    struct list_node waiting;  /* those in the policy's queue, in the order in which they came */
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
    struct list_node node; /* of group->waiting */
    uint8_t own_priority;  /* base_priority, once it has no policy any more */
    bool waits;            /* in the policy's queue */
    bool has_moved;        /* was ready on another CPU, and goes on here as it was */
    bool is_new_here;      /* and has not run since */
};

/* All calls: on the thread's CPU, interrupts masked. */
struct core_group_calls {
    /* A thread that was not ready is. True: the CPU is to see who runs. */
    bool (*ready)(struct kiln_thread *thread);

    /* A thread that is ready no longer is; it is in no queue then. */
    void (*unready)(struct kiln_thread *thread);

    /* The running thread is ready no longer; it has left the run queue. */
    void (*block)(struct kiln_thread *self);

    /* The running thread makes way for another one. */
    void (*lose)(struct kiln_thread *self);

    /* The same, since it gives up its turn: the dispatcher is the next. */
    void (*yield)(struct kiln_thread *self);

    /* A thread that has a group is to have that priority: it leaves the group's order if that is
     * not the group's; it has it now, and comes into the group's order if it is. */
    void (*leave_order)(struct kiln_thread *thread, uint8_t priority);
    void (*join_order)(struct kiln_thread *thread);

    /* The running thread ends; interrupts are on. */
    void (*end)(struct kiln_thread *self);

    /* A thread that does not run comes into the group of another CPU, whose it then is to be, and
     * is ready nowhere. False: there is no room for its deadlines, and nothing has changed. */
    bool (*move)(struct kiln_thread *thread, unsigned cpu);

    /* One that is ready here but not to run now (nor is `stays`), that may go to that CPU: of the
     * highest priority. NULL: none. */
    struct kiln_thread *(*find)(unsigned cpu, const struct kiln_thread *stays);

    /* How many threads of groups of that priority are ready here, less what stands for them in the
     * run queue. */
    int (*count)(uint8_t priority);

    /* Whether one of those CPUs has room for deadlines of such a load. Any context. */
    bool (*admits)(uint32_t load, uint32_t cpus);
};

/* NULL until the first thread is given a policy. */
extern const struct core_group_calls *core_group_calls;

extern const struct core_group_calls core_groups;

/* The groups of all CPUs: through core_group.next. */
extern struct core_group *core_group_list;

/* For core_groups: as core_group_calls says. */
bool core_group_move(struct kiln_thread *thread, unsigned cpu);
struct kiln_thread *core_group_find(unsigned cpu, const struct kiln_thread *stays);
int core_group_count(uint8_t priority);
bool core_group_admits(uint32_t load, uint32_t cpus);

/* Takes a thread with a policy out of its group's order, or of the run queue, wherever it is. */
void core_group_remove(struct kiln_thread *thread);

/* Makes those of a policy at a priority, one for each CPU. False: no memory. Thread context. */
bool core_group_prepare(const struct policy *policy, uint8_t priority);

/* One of them, for that CPU. NULL: it has not been made. Any context. */
struct core_group *core_group_of(const struct policy *policy, unsigned cpu, uint8_t priority);

/* What a group's dispatcher runs, and what its alarm calls. */
_Noreturn void *core_group_dispatch(void *argument);
void core_group_alarm(struct core_timer *alarm);

/* The thread's deadlines count in that group; false: there is no room for them. They no longer
 * do. */
bool core_group_join(struct core_group *group, struct core_member *member);
void core_group_leave(struct core_group *group, struct core_member *member);

/* The thread, on its CPU, has that group and these values from now on; NULL: it is a plain one.
 * Gives back what it had before, which the caller frees, and whose deadlines the caller has counted
 * no more. Interrupts masked. */
struct core_member *core_group_change(struct kiln_thread *thread, struct core_member *member);

/* As yield, for the reason. */
void core_group_give_way(struct kiln_thread *self, enum policy_why why);

/* Takes a thread that waits out of the policy's queue while what is set of it changes, and puts it
 * back. */
bool core_group_take_out(struct core_member *member);
void core_group_put_back(struct core_member *member);

#endif
