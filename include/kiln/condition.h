/*
 * Condition variables: threads wait until something holds that a mutex protects, and give back that
 * mutex meanwhile.
 *
 *     kiln_mutex_lock(&mutex);
 *     while (!holds)
 *         kiln_condition_wait(&condition, &mutex);
 *
 * Who is woken while the mutex is held goes straight to the queue of the mutex, and runs when it
 * has it: also a broadcast wakes one thread at a time.
 */
#ifndef KILN_CONDITION_H
#define KILN_CONDITION_H

#include <kiln/api.h>
#include <kiln/mutex.h>

KILN_BEGIN

/** A condition variable. Its members are the runtime's own. */
struct kiln_condition {
    struct kiln_wait_queue queue;
    struct kiln_mutex *mutex; /* of those who wait */
    uint32_t is_waited_for;   /* atomic: somebody may wait */
};

/** A condition variable for which nobody waits. */
#define KILN_CONDITION_INIT                                                                        \
    {                                                                                              \
        KILN_WAIT_QUEUE_INIT("condition"), NULL, 0                                                 \
    }
#define KILN_CONDITION(name) struct kiln_condition name = KILN_CONDITION_INIT

/** Makes one. Any context. */
void kiln_condition_init(struct kiln_condition *condition);

/** Nobody is to use it any more: those who wait go on with -EIDRM, once they have the mutex. Thread
 * context. */
void kiln_condition_destroy(struct kiln_condition *condition);

/**
 * Gives back the mutex, which the caller holds, waits, and takes it again, of a recursive one as
 * often as before. All who wait at one time use one mutex. It may return though nobody has woken
 * it. 0; -EPERM: the caller does not hold the mutex, or others wait with another one (a debug build
 * panics); -EINTR: the wait was interrupted; -EIDRM: the condition variable was destroyed;
 * -EOWNERDEAD, and other errors of kiln_mutex_lock() that the mutex is taken again with: all but
 * -EOWNERDEAD mean that the caller does not hold it. Thread context with interrupts on. A
 * cancellation point: a thread that is cancelled ends without the mutex.
 */
int kiln_condition_wait(struct kiln_condition *condition, struct kiln_mutex *mutex);

/** The same until a deadline: -ETIMEDOUT, with the mutex taken again; nobody is woken in vain: one
 * that was woken in time returns 0. Thread context with interrupts on. */
int kiln_condition_wait_until(struct kiln_condition *condition, struct kiln_mutex *mutex,
                              int64_t deadline);

/** Wakes the first who waits, or all. Any context, with the mutex or without. A few instructions if
 * nobody waits; a broadcast has interrupts masked for each who waits. */
void kiln_condition_signal(struct kiln_condition *condition);
void kiln_condition_broadcast(struct kiln_condition *condition);

KILN_END

#endif
