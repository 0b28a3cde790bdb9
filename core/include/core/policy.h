/*
 * Scheduling policies: which of several ready threads of one priority runs next, and for how long.
 * Each CPU has a queue of its own for each policy. Of a policy's threads one is in the run queue,
 * the one that the policy has chosen; the others wait in the policy's queue. First-in first-out,
 * cooperative and round robin need none: the run queue itself is that.
 *
 * All calls: interrupts masked, on the CPU whose queue it is. Times are core_clock()'s units.
 */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include <lib/list.h>

struct policy_queue;

/* What a policy keeps of a thread. */
struct policy_thread {
    struct list_node node; /* in the policy's queue */
    uint64_t ran;          /* total, for whom it helps */
    int8_t nice;           /* normal: -20 to 19 */
    /* the policy helper adds what each policy needs, in a union */
};

enum policy_why {
    POLICY_NEW,      /* created, or moved to this policy or CPU */
    POLICY_WOKEN,    /* was blocked or slept */
    POLICY_SLICE,    /* its slice is over */
    POLICY_YIELDED,  /* gave the CPU to the others */
    POLICY_PASSED_BY /* was chosen, and makes way for one that is better */
};

struct policy {
    const char *name;
    void (*init)(struct policy_queue *queue, uint64_t now);
    /* A thread that is ready waits from now on. */
    void (*add)(struct policy_queue *queue, struct policy_thread *thread, enum policy_why why,
                uint64_t now);
    /* The next to run, taken out; NULL: nobody waits. */
    struct policy_thread *(*take)(struct policy_queue *queue, uint64_t now);
    /* One that waits leaves. */
    void (*remove)(struct policy_queue *queue, struct policy_thread *thread);
    /* For how long the one that was taken may run while others of the policy wait. */
    uint64_t (*slice)(struct policy_queue *queue, struct policy_thread *thread, uint64_t now);
    /* The one that was taken has run so long since it was taken, or since the last charge. */
    void (*charge)(struct policy_queue *queue, struct policy_thread *thread, uint64_t ran,
                   uint64_t now);
    /* Whether one that has just become ready is to run in place of the one that was taken. */
    bool (*precedes)(struct policy_queue *queue, const struct policy_thread *ready,
                     const struct policy_thread *running, uint64_t now);
};

#endif
