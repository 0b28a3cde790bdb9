/*
 * Mutexes: one thread at a time. Whoever holds one has at least the priority of those who wait for
 * it (priority inheritance), through chains of mutexes. Who waits is neither interrupted nor
 * cancelled.
 *
 * A thread is to give back what it holds before it ends: a debug build panics else. In a release
 * build the mutexes for which others wait are handed to them, others stay locked, unless they are
 * robust.
 */
#ifndef KILN_MUTEX_H
#define KILN_MUTEX_H

#include <kiln/api.h>
#include <kiln/wait.h>

KILN_BEGIN

struct kiln_mutex_kind;

/** A mutex. Its members are the runtime's own. */
struct kiln_mutex {
    uint64_t
        owner; /* the thread that holds it; + 1: on that one's list; + 2: `kind` says. Atomic */
    struct kiln_wait_queue queue;
    struct kiln_mutex *next_held;       /* of the same owner's list */
    const struct kiln_mutex_kind *kind; /* NULL: a plain one */
    uint32_t depth;                     /* the owner's: how often it has locked it once more */
    uint8_t ceiling;
    uint8_t state; /* of a robust one */
};

/** A mutex that is free. */
#define KILN_MUTEX_INIT                                                                            \
    {                                                                                              \
        0, KILN_WAIT_QUEUE_INIT("mutex"), NULL, NULL, 0, 0, 0                                      \
    }
#define KILN_MUTEX(name) struct kiln_mutex name = KILN_MUTEX_INIT

/**
 * Mutexes of another kind, which are used as the plain ones; free.
 *
 * Recursive: its owner may lock it again, and unlocks it as often. About 80 instructions to lock
 * and unlock it.
 *
 * Error-checking: what is a panic in a debug build is nothing but its error.
 *
 * Robust: when its owner ends the next to lock it does, too, but gets -EOWNERDEAD: it puts right
 * what the mutex protects and calls kiln_mutex_consistent(). If it unlocks it without, all get
 * -ENOTRECOVERABLE from then on. About 250 instructions to lock and unlock it.
 *
 * Ceiling: whoever holds it has that priority at least, which none of its users is above
 * (-EINVAL). With one CPU nobody ever waits for it then, unless its owner waits for something
 * else. Costs as a robust one.
 */
#define KILN_MUTEX_RECURSIVE_INIT         KILN_MUTEX_INIT_OF(&kiln_mutex_recursive, 0)
#define KILN_MUTEX_ERROR_CHECKING_INIT    KILN_MUTEX_INIT_OF(&kiln_mutex_error_checking, 0)
#define KILN_MUTEX_ROBUST_INIT            KILN_MUTEX_INIT_OF(&kiln_mutex_robust, 0)
#define KILN_MUTEX_CEILING_INIT(priority) KILN_MUTEX_INIT_OF(&kiln_mutex_ceiling, priority)
#define KILN_MUTEX_RECURSIVE(name)        struct kiln_mutex name = KILN_MUTEX_RECURSIVE_INIT
#define KILN_MUTEX_ERROR_CHECKING(name)   struct kiln_mutex name = KILN_MUTEX_ERROR_CHECKING_INIT
#define KILN_MUTEX_ROBUST(name)           struct kiln_mutex name = KILN_MUTEX_ROBUST_INIT
#define KILN_MUTEX_CEILING(name, priority)                                                         \
    struct kiln_mutex name = KILN_MUTEX_CEILING_INIT(priority)

#define KILN_MUTEX_INIT_OF(kind, ceiling)                                                          \
    {                                                                                              \
        2, KILN_WAIT_QUEUE_INIT("mutex"), NULL, kind, 0, ceiling, 0                                \
    }
extern const struct kiln_mutex_kind kiln_mutex_recursive, kiln_mutex_error_checking,
    kiln_mutex_robust, kiln_mutex_ceiling;

/** Makes a plain one that is free. Any context. */
void kiln_mutex_init(struct kiln_mutex *mutex);

/** The same of a kind: &kiln_mutex_recursive and the like, and the priority that a ceiling one
 * gives. Any context. */
void kiln_mutex_init_of(struct kiln_mutex *mutex, const struct kiln_mutex_kind *kind, int ceiling);

/** Nobody is to use it any more: those who wait go on with -EIDRM; who locks or unlocks it later
 * gets that, too (a debug build panics; it also does if somebody holds the mutex). It has to be
 * there until they have returned. Any context but interrupt handlers. */
void kiln_mutex_destroy(struct kiln_mutex *mutex);

/** Takes the mutex, waiting until it is free. 0; -EDEADLK: the caller holds it (a debug build
 * panics); -EIDRM: it was destroyed; of a robust one -EOWNERDEAD: the caller has it,
 * -ENOTRECOVERABLE; of a ceiling one -EINVAL; of a recursive one -EAGAIN: 2^32 times. Thread
 * context with interrupts on. 8 instructions if it is free. With several CPUs, and while nobody
 * waits, a thread first spins for about as long as two switches take. */
int kiln_mutex_lock(struct kiln_mutex *mutex);

/** The same until a deadline: -ETIMEDOUT. Thread context with interrupts on. */
int kiln_mutex_lock_until(struct kiln_mutex *mutex, int64_t deadline);

/** Takes it if it is free: as kiln_mutex_lock(), or -EBUSY. Thread context. */
int kiln_mutex_try(struct kiln_mutex *mutex);

/** Gives it to the first who waits, or frees it. 0; -EPERM: the caller does not hold it (a debug
 * build panics). Thread context. 8 instructions if nobody waits. */
int kiln_mutex_unlock(struct kiln_mutex *mutex);

/** Who holds it; NULL: nobody does. Any context; it may be stale at once. */
struct kiln_thread *kiln_mutex_owner(const struct kiln_mutex *mutex);

/** What a robust mutex protects has been put right by its owner, which got -EOWNERDEAD. 0; -EINVAL:
 * the caller does not hold it, or there was nothing to put right. Thread context. */
int kiln_mutex_consistent(struct kiln_mutex *mutex);

KILN_END

#endif
