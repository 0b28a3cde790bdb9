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

/* C++ has a warning about structures around one without bytes, which nothing in C++ looks at. */
#if KILN_CONFIG_SMP || KILN_CONFIG_CHECKS || !defined(__cplusplus)
#define KILN_WAIT_QUEUE_HAS_LOCK 1
#else
#define KILN_WAIT_QUEUE_HAS_LOCK 0
#endif

/* Its members are the runtime's own. */
struct kiln_wait_queue {
    struct kiln_thread *first; /* the lock; NULL: nobody waits */
    const char *kind;          /* what is waited for, as a list of threads shows it */
#if KILN_WAIT_QUEUE_HAS_LOCK
    struct kiln_spinlock lock;
#endif
};

/** A wait queue in which nobody waits; the text, such as "semaphore", says what for. */
#if KILN_WAIT_QUEUE_HAS_LOCK
#define KILN_WAIT_QUEUE_INIT(text)                                                                 \
    {                                                                                              \
        NULL, text, KILN_SPINLOCK_INIT                                                             \
    }
#else
#define KILN_WAIT_QUEUE_INIT(text)                                                                 \
    {                                                                                              \
        NULL, text                                                                                 \
    }
#endif

KILN_END

#endif
