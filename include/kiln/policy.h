/*
 * Scheduling policies beyond the plain one, by which a thread runs until it waits, ends, yields or
 * is preempted by one of a higher priority. The threads of a policy share a level of priority of
 * their own; which of them runs there, and for how long, is up to the policy.
 */
#ifndef KILN_POLICY_H
#define KILN_POLICY_H

#include <kiln/thread.h>

KILN_BEGIN

/** Where the policies' threads run. Plain ones may use these priorities too: the policy's threads
 * together then are one among equals, which have their turns when one of them yields. */
#define KILN_PRIORITY_DEADLINE 100
#define KILN_PRIORITY_NORMAL   48
#define KILN_PRIORITY_SHORTEST 44
#define KILN_PRIORITY_LOTTERY  40

enum kiln_policy_kind {
    /** Plain: each runs until it waits, ends or yields, and then is the last of its priority; only
     * who has a higher priority preempts it, after which it goes on. */
    KILN_POLICY_FIFO,

    /** Cooperative: never preempted by equals, or those below, until it waits or yields. That is
     * what the plain one does. Who is to keep out those above, too, has a threshold
     * (kiln_thread_set_threshold) or locks the scheduler. */
    KILN_POLICY_COOPERATIVE = KILN_POLICY_FIFO,

    /** At any priority: those that have it take turns, for `slice` each. A slice that is
     * interrupted by a higher priority goes on. Plain threads of the same priority have their turns
     * after each slice, until they wait or yield. */
    KILN_POLICY_ROUND_ROBIN,

    /** A feedback queue: who waits a lot runs at once; of those that always want to run each has a
     * share that is 1.25 times that of the next `nice` value. Nobody starves. */
    KILN_POLICY_NORMAL,

    /** Who runs for the next millisecond is drawn, with chances as `tickets`. */
    KILN_POLICY_LOTTERY,

    /** The one with the least left of its `length` runs, which makes the mean time to the end the
     * shortest; long jobs may starve. Who runs for longer comes after those who do not. */
    KILN_POLICY_SHORTEST,

    /** The earliest deadline first: `runtime` in each `period`, within `deadline` from its start;
     * who used up its runtime waits for the next period. */
    KILN_POLICY_DEADLINE
};

/** A policy; what is not said of another policy is not looked at. Times are nanoseconds. */
struct kiln_policy {
    enum kiln_policy_kind kind;
    int64_t slice;    /**< round robin; 0: 10 ms */
    int nice;         /**< normal: -20, the largest share, to 19 */
    unsigned tickets; /**< lottery: 1 to 1,000,000; 0: 100 */
    int64_t length;   /**< shortest: of what is to be done from now on */
    int64_t runtime;  /**< deadline: at most the deadline */
    int64_t period;   /**< deadline: at most a minute */
    int64_t deadline; /**< deadline: at most the period; 0: the period */
};

/**
 * Gives a thread a policy, from now on: it starts anew, also if it had that one. Its priority
 * becomes the policy's; with FIFO and round robin the one that it had before its policies. While a
 * thread inherits a higher priority through a mutex it runs as a plain one. 0; -EINVAL: a value is
 * out of range; -EBUSY: the deadlines of more than 96 % of its CPU's time could be missed; -ESRCH:
 * the thread has ended; -ENOMEM. Thread context with interrupts on. Some thousand instructions for
 * each CPU when a policy's first thread comes (a thread of the policy's name and its stack of 4 KiB
 * stay on each then), else some hundred.
 */
int kiln_thread_set_policy(struct kiln_thread *thread, const struct kiln_policy *policy);

/** kiln_thread_create() of a thread with a policy; its attributes' priority counts with FIFO and
 * round robin. Fails as both do. Thread context with interrupts on. */
int kiln_thread_create_with_policy(struct kiln_thread **created,
                                   const struct kiln_thread_attributes *attributes,
                                   const struct kiln_policy *policy,
                                   void *(*function)(void *argument), void *argument);

/** Sets the nice value of a thread of the normal policy, which keeps its place otherwise. 0;
 * -EINVAL: it has another policy, or the value is out of range. Thread context with interrupts on.
 */
int kiln_thread_set_nice(struct kiln_thread *thread, int nice);

/** The caller, of the deadline policy, is done with this period's job: waits for the next period.
 * 0; -ETIMEDOUT: the same, and the job's deadline had passed; -EINVAL: at once, as it has another
 * policy or inherits a priority. Thread context with interrupts on. */
int kiln_thread_wait_period(void);

KILN_END

#endif
