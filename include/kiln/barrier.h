/*
 * Barriers: a number of threads wait for each other, over and over. The last to come has all of
 * them go on.
 */
#ifndef KILN_BARRIER_H
#define KILN_BARRIER_H

#include <kiln/api.h>
#include <kiln/wait.h>

KILN_BEGIN

/** A barrier. Its members are the runtime's own. */
struct kiln_barrier {
    uint32_t count;
    uint32_t arrived; /* the queue's lock, like the next: how often all have come */
    uint64_t rounds;
    struct kiln_wait_queue queue;
};

/** A barrier for so many threads, 1 or more. */
#define KILN_BARRIER_INIT(count)                                                                   \
    {                                                                                              \
        count, 0, 0, KILN_WAIT_QUEUE_INIT("barrier")                                               \
    }
#define KILN_BARRIER(name, count) struct kiln_barrier name = KILN_BARRIER_INIT(count)

/** Makes one. Any context. */
void kiln_barrier_init(struct kiln_barrier *barrier, uint32_t count);

/** Nobody is to use it any more: those who wait go on with -EIDRM; who comes later gets that, too
 * (a debug build panics). Any context. */
void kiln_barrier_destroy(struct kiln_barrier *barrier);

/**
 * Waits until all have come. 0; *is_last, which may be NULL, is true for the one that came last;
 * -EIDRM: the barrier was destroyed. Thread context with interrupts on. It is neither interrupted
 * nor cancelled: others count on the thread. The last to come has interrupts masked for each who
 * waits.
 */
int kiln_barrier_wait(struct kiln_barrier *barrier, bool *is_last);

/** The same until a deadline: -ETIMEDOUT, and the thread has not come. KILN_NOWAIT: -EAGAIN unless
 * it is the last. Thread context with interrupts on. */
int kiln_barrier_wait_until(struct kiln_barrier *barrier, bool *is_last, int64_t deadline);

KILN_END

#endif
