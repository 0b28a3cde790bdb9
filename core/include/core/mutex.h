/*
 * Mutexes inside. A mutex is on its owner's list (kiln_thread.held) while others wait for it; some
 * kinds are from the time they are taken. Lock order: core_inheritance_lock, then that of the queue
 * that a thread leaves, then that of the mutex's queue, into which it goes.
 */
#ifndef CORE_MUTEX_H
#define CORE_MUTEX_H

#include <core/priority.h>
#include <kiln/mutex.h>

/* kiln_mutex.owner, beside the thread: it is on the owner's list, and changes only under
 * core_inheritance_lock; it is of a kind. */
#define MUTEX_LISTED  UINT64_C(1)
#define MUTEX_OF_KIND UINT64_C(2)

/* kiln_mutex.state of a robust mutex. */
enum { MUTEX_CONSISTENT, MUTEX_INCONSISTENT, MUTEX_NOT_RECOVERABLE };

/* How often a thread looks at a mutex of several CPUs before it waits: for as long as it takes to
 * be switched from and to. */
#ifndef CORE_MUTEX_LOOKS
#define CORE_MUTEX_LOOKS 100
#endif

/* Deadlines are KILN_NOWAIT and KILN_FOREVER, too. */
struct kiln_mutex_kind {
    int (*lock)(struct kiln_mutex *mutex, int64_t deadline);
    int (*unlock)(struct kiln_mutex *mutex);
    bool is_listed;
    bool is_robust;
};

/* Of mutexes that were destroyed. */
extern const struct kiln_mutex_kind core_mutex_gone;

static inline uint64_t core_mutex_word(const struct kiln_thread *owner)
{
    return (uintptr_t)owner;
}

/* While it is not listed others may write it at any time. */
static inline uint64_t core_mutex_now(const struct kiln_mutex *mutex)
{
    return __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED);
}

static inline struct kiln_thread *core_mutex_owner_in(uint64_t word)
{
    return (struct kiln_thread *)(uintptr_t)(word & ~(MUTEX_LISTED | MUTEX_OF_KIND));
}

/* One on whose list it is not can give it back, and end, without the lock: NULL.
 * core_inheritance_lock. */
static inline struct kiln_thread *core_mutex_listed_owner(const struct kiln_mutex *mutex)
{
    uint64_t word = __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED);

    return word & MUTEX_LISTED ? core_mutex_owner_in(word) : NULL;
}

static inline bool core_mutex_is_listed_kind(const struct kiln_mutex *mutex)
{
    return mutex->kind && mutex->kind->is_listed;
}

/* From now on threads may wait for mutexes: there is to be a thread beside main(), or a wait with a
 * deadline. Any context. */
void core_mutex_begin(void);

/* Takes it, or gives it back, whatever kind it is of, as nothing but its word and its queue say. */
int core_mutex_take(struct kiln_mutex *mutex, int64_t deadline);
int core_mutex_give(struct kiln_mutex *mutex);

/* Waits for one that somebody else holds, and that is on the owner's list. core_inheritance_lock
 * is held, and is released. */
int core_mutex_wait(struct kiln_mutex *mutex, struct kiln_thread *self, int64_t deadline,
                    uintptr_t irq_state);

/* Takes back what kiln_mutex_lock() has given, and gives it again, whatever kind it is of. */
int core_mutex_lock_again(struct kiln_mutex *mutex);

/* Puts it on a thread's list, or takes it from there. core_inheritance_lock. */
void core_mutex_list(struct kiln_mutex *mutex, struct kiln_thread *owner);
void core_mutex_unlist(struct kiln_mutex *mutex, struct kiln_thread *owner);

/* The first of those who wait has it now, if somebody does; who that is, to be woken.
 * core_inheritance_lock. */
struct kiln_thread *core_mutex_release(struct kiln_mutex *mutex, struct kiln_thread *owner);

/* The running thread, which has been handed a mutex of a listed kind, has what that gives. */
void core_mutex_inherit(struct kiln_thread *self);

/* Takes out all who wait, as a list, with nothing of the mutex left to them.
 * core_inheritance_lock. */
struct kiln_thread *core_mutex_expel(struct kiln_mutex *mutex);

/* The thread, which holds mutexes, ends. The thread itself. */
void core_mutex_owner_ends(struct kiln_thread *self);

int core_mutex_refuse_unlock(const struct kiln_mutex *mutex);

#endif
