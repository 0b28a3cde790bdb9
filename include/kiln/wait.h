/*
 * Wait queues: threads that wait for one thing, those of the highest priority first, equals in the
 * order in which they came. What semaphores, mutexes and the like are made of.
 */
#ifndef KILN_WAIT_H
#define KILN_WAIT_H

#include <kiln/api.h>
#include <kiln/spinlock.h>

KILN_BEGIN

struct kiln_thread;

/* Its members are the runtime's own. */
struct kiln_wait_queue {
    struct kiln_thread *first; /* the lock; NULL: nobody waits */
    const char *kind;          /* what is waited for, as a list of threads shows it */
    struct kiln_spinlock lock;
};

/** A wait queue in which nobody waits; the text, such as "semaphore", says what for. */
#define KILN_WAIT_QUEUE_INIT(text)                                                                 \
    {                                                                                              \
        NULL, text, KILN_SPINLOCK_INIT                                                             \
    }

KILN_END

#endif
