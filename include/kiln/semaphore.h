/* Counting semaphores. */
#ifndef KILN_SEMAPHORE_H
#define KILN_SEMAPHORE_H

#include <kiln/api.h>
#include <kiln/wait.h>

KILN_BEGIN

struct kiln_poll_item;

/** A semaphore. Its members are the runtime's own. */
struct kiln_semaphore {
    int64_t count; /* -1: threads may wait. Atomic, but is below 0 only under the queue's lock */
    struct kiln_wait_queue queue;
    struct kiln_poll_item *pollers; /* its lock */
};

/** A semaphore with a count. */
#define KILN_SEMAPHORE_INIT(count)                                                                 \
    {                                                                                              \
        count, KILN_WAIT_QUEUE_INIT("semaphore"), NULL                                             \
    }
#define KILN_SEMAPHORE(name, count) struct kiln_semaphore name = KILN_SEMAPHORE_INIT(count)

/** Makes one; count is 0 or more. Any context. */
void kiln_semaphore_init(struct kiln_semaphore *semaphore, int64_t count);

/** Nobody is to use it any more: those who wait go on with -EIDRM. Who waits or posts later gets,
 * or does, nothing else: a debug build panics. kiln_semaphore_init() makes it anew. Any context. */
void kiln_semaphore_destroy(struct kiln_semaphore *semaphore);

/** Takes one off the count, waiting until there is one. 0; -EINTR: the wait was interrupted;
 * -EIDRM: the semaphore was destroyed. Thread context with interrupts on. A cancellation point. 9
 * instructions without waiting. */
int kiln_semaphore_wait(struct kiln_semaphore *semaphore);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: as kiln_semaphore_try(). Thread context with
 * interrupts on. */
int kiln_semaphore_wait_until(struct kiln_semaphore *semaphore, int64_t deadline);

/** Takes one if there is one: 0 or -EAGAIN. Any context. */
int kiln_semaphore_try(struct kiln_semaphore *semaphore);

/** Wakes the first who waits, or adds one to the count. Any context; with a spinlock held whoever
 * is woken runs when that is released. 9 instructions if nobody waits. */
void kiln_semaphore_post(struct kiln_semaphore *semaphore);

/** The same while the count is below a limit above 0; else -EOVERFLOW: nothing has changed. Any
 * context. */
int kiln_semaphore_post_below(struct kiln_semaphore *semaphore, int64_t limit);

/** What could be taken without waiting. Any context; it may be stale at once. */
int64_t kiln_semaphore_count(const struct kiln_semaphore *semaphore);

KILN_END

#endif
