/*
 * Scheduling policies: which of several ready threads of one policy runs next, and for how long.
 * Each CPU has a queue of its own for each policy. One of a policy's ready threads is taken: it is
 * in the run queue, or runs. The others wait in the policy's queue. First-in first-out,
 * cooperative and round robin need no policy: the run queue itself is that.
 *
 * All calls: interrupts masked, with the queue's lock held. Times are core_clock()'s units.
 * Before add, due and alarm the one that runs is charged with what it has run.
 */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include <lib/heap.h>
#include <lib/list.h>

#define POLICY_NEVER        UINT64_MAX
#define POLICY_NICE_LEAST   (-20)
#define POLICY_NICE_MOST    19
#define POLICY_TICKETS_MOST 1000000u

/* A place in a tree over which tickets are summed up. */
struct policy_ticket_node {
    struct policy_ticket_node *up, *side[2];
    uint64_t sum; /* of the tickets here and below */
    uint32_t tickets;
};

/* What a policy keeps of a thread: what is said to be set, by the scheduler before begin, and else
 * the policy's own. */
struct policy_thread {
    union { /* in the queue */
        struct list_node node;
        struct heap_node heap;
        struct policy_ticket_node ticket;
    };
    union {
        struct {
            int8_t nice; /* set; may change while the thread is not in the queue */
            uint8_t level;
            uint32_t boost; /* in which period between boosts it got to its level */
            uint64_t used;  /* of its allotment there */
            int64_t slice;  /* left; below 0 when it ran for longer */
        } normal;
        struct {
            uint64_t slice; /* set */
            uint64_t left;
        } round_robin;
        struct {
            uint32_t tickets; /* set; may change while the thread is not in the queue */
            uint64_t slice;   /* left */
        } lottery;
        struct {
            uint64_t length; /* set */
            uint64_t ran;
        } shortest;
        struct {
            uint64_t runtime, period; /* set */
            uint64_t relative;        /* set: its deadline, from the start of a period */
            uint64_t budget;          /* left of runtime in this period */
            uint64_t next;            /* when its next period starts */
            uint64_t job_due; /* the deadline of its job, which may go on in later periods */
            bool is_done;     /* its next period is for a new job */
            uint32_t load;    /* runtime / relative, in POLICY_LOAD_ONE */
        } deadline;
    };
};

#define POLICY_LEVELS   4
#define POLICY_LOAD_ONE (1u << 24)

/* What a queue holds does not include the thread that is taken. */
struct policy_queue {
    union {
        struct {
            struct list_node levels[POLICY_LEVELS];
            uint64_t weights[POLICY_LEVELS]; /* sums over who waits */
            uint32_t waiting[POLICY_LEVELS];
            uint32_t ready; /* a bit for each level where somebody waits */
            uint32_t boost; /* counts the periods between boosts */
            uint64_t boost_at;
        } normal;
        struct {
            struct policy_ticket_node *root;
            uint32_t waiting;
        } lottery;
        struct list_node round_robin;
        struct heap shortest;
        struct {
            struct heap ready;     /* by deadline */
            struct heap throttled; /* by when their next period starts */
            uint32_t load;         /* of all that have joined */
        } deadline;
    };
};

enum policy_why {
    POLICY_WOKEN,       /* is new, was blocked or slept */
    POLICY_YIELDED,     /* was taken, and gives the CPU to the others */
    POLICY_PASSED_BY,   /* was taken, and is due to make way */
    POLICY_JOB_IS_DONE, /* was taken, and waits for its next period, where a policy has any */
    POLICY_MOVED        /* was ready on another CPU, or has a new nice value */
};

struct policy {
    const char *name;
    bool takes_turns; /* each of those who want to run does sooner or later */
    bool ends_turns; /* plain threads of its priority have their turns after each of its threads' */

    /* An empty queue. */
    void (*init)(struct policy_queue *queue, uint64_t now);

    /* A thread, in no queue, takes up the policy; false: what is set of it makes no sense. */
    bool (*begin)(struct policy_thread *thread);

    /* A thread belongs to this CPU from now on, whether it is ready or not; false: there is no room
     * for it. It leaves when it ends, or takes up another CPU or policy. NULL: there always is. */
    bool (*join)(struct policy_queue *queue, struct policy_thread *thread);
    void (*leave)(struct policy_queue *queue, struct policy_thread *thread);

    /* Whether one that waits does not want to run yet. NULL: it always does. */
    bool (*rests)(const struct policy_thread *thread);

    /* A thread that is ready waits from now on. */
    void (*add)(struct policy_queue *queue, struct policy_thread *thread, enum policy_why why,
                uint64_t now);

    /* One that waits leaves. */
    void (*remove)(struct policy_queue *queue, struct policy_thread *thread);

    /* The next to run, taken out; NULL: none may run now. */
    struct policy_thread *(*take)(struct policy_queue *queue, uint64_t now);

    /* The one that is taken has run so long since it was taken, or since the last charge. */
    void (*charge)(struct policy_queue *queue, struct policy_thread *thread, uint64_t ran,
                   uint64_t now);

    /* Whether the one that is taken is to make way: it is added, and take says who runs. */
    bool (*due)(struct policy_queue *queue, struct policy_thread *taken, uint64_t now);

    /* When to ask `due` again if nothing happens before, or, if none is taken, `take`. */
    uint64_t (*alarm)(struct policy_queue *queue, const struct policy_thread *taken, uint64_t now);
};

extern const struct policy policy_round_robin, policy_normal, policy_lottery, policy_shortest,
    policy_deadline;

/* Whether the deadline of the job that it is at has passed. */
bool policy_deadline_is_late(const struct policy_thread *thread, uint64_t now);

/* Whether a thread of such a load could join, as far as can be seen from any CPU. */
bool policy_deadline_has_room(const struct policy_queue *queue, uint32_t load);

#endif
