/*
 * Mutexes: one thread at a time. Whoever holds one has at least the priority of those who wait for
 * it (priority inheritance), through chains of mutexes.
 */
#ifndef KILN_MUTEX_H
#define KILN_MUTEX_H

#include <kiln/api.h>
#include <kiln/wait.h>

KILN_BEGIN

/** A mutex. Its members are the runtime's own. */
struct kiln_mutex {
    uint64_t owner; /* the thread that holds it; + 1: others wait. Atomic */
    struct kiln_wait_queue queue;
    struct kiln_mutex *next_held; /* of the same owner that others wait for */
};

/** A mutex that is free. */
#define KILN_MUTEX_INIT                                                                            \
    {                                                                                              \
        0, KILN_WAIT_QUEUE_INIT("mutex"), NULL                                                     \
    }
#define KILN_MUTEX(name) struct kiln_mutex name = KILN_MUTEX_INIT

/** Makes one that is free. Any context. */
void kiln_mutex_init(struct kiln_mutex *mutex);

/** Takes the mutex, waiting until it is free. 0; -EDEADLK: the caller holds it (a debug build
 * panics). Thread context with interrupts on. 8 instructions if it is free. */
int kiln_mutex_lock(struct kiln_mutex *mutex);

/** The same until a deadline: -ETIMEDOUT. Thread context with interrupts on. */
int kiln_mutex_lock_until(struct kiln_mutex *mutex, int64_t deadline);

/** Takes it if it is free: 0 or -EBUSY. Thread context. */
int kiln_mutex_try(struct kiln_mutex *mutex);

/** Gives it to the first who waits, or frees it. 0; -EPERM: the caller does not hold it (a debug
 * build panics). Thread context. 8 instructions if nobody waits. */
int kiln_mutex_unlock(struct kiln_mutex *mutex);

KILN_END

#endif
