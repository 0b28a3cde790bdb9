/*
 * Latches: a number that only goes down, and threads that wait until it is 0, which it stays. For
 * waiting until several things have been done once.
 */
#ifndef KILN_LATCH_H
#define KILN_LATCH_H

#include <kiln/api.h>
#include <kiln/wait.h>

KILN_BEGIN

/** A latch. Its members are the runtime's own. */
struct kiln_latch {
    uint64_t left; /* atomic */
    struct kiln_wait_queue queue;
};

/** A latch that opens after so much has been counted down. */
#define KILN_LATCH_INIT(count)                                                                     \
    {                                                                                              \
        count, KILN_WAIT_QUEUE_INIT("latch")                                                       \
    }
#define KILN_LATCH(name, count) struct kiln_latch name = KILN_LATCH_INIT(count)

/** Makes one. Any context. */
void kiln_latch_init(struct kiln_latch *latch, uint64_t count);

/** Nobody is to wait for it any more: those who do go on with -EIDRM. Any context. */
void kiln_latch_destroy(struct kiln_latch *latch);

/** Counts down, and at 0 has all go on who wait. It has to be there until this returns. Any
 * context. 0; -EINVAL: less than that was left (a debug build panics), and it is 0 now. */
int kiln_latch_count_down(struct kiln_latch *latch, uint64_t by);

/** Waits until it is 0. 0; -EINTR: the wait was interrupted; -EIDRM: it was destroyed. Thread
 * context with interrupts on. A cancellation point. A few instructions once it is 0. */
int kiln_latch_wait(struct kiln_latch *latch);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: -EAGAIN, from any context. */
int kiln_latch_wait_until(struct kiln_latch *latch, int64_t deadline);

/** What is left. Any context; it may be stale at once. */
uint64_t kiln_latch_left(const struct kiln_latch *latch);

KILN_END

#endif
