/* Event flags. Once threads may wait the word's highest bit sends everybody to the queue's lock. */
#include <kiln/events.h>

#include <errno.h>
#include <arch/step.h>
#include <core/poll.h>
#include <core/wait.h>
#include <kiln/time.h>

#define WAITED_FOR (UINT64_C(1) << 63)

/* What a thread waits for, on its stack: kiln_thread.exchange. */
struct wish {
    uint64_t flags;
    unsigned how;
    uint64_t got;
};

/* What of the flags is there; 0: not enough. */
static inline uint64_t found(uint64_t word, uint64_t flags, unsigned how)
{
    uint64_t there = word & flags;

    return (how & KILN_EVENTS_ALL) && there != flags ? 0 : there;
}

/* Takes what is wished, if it is there. The lock is held, or nobody may wait. */
static bool take(struct kiln_events *events, struct wish *wish)
{
    uint64_t word = events->flags;

    wish->got = found(word, wish->flags, wish->how);
    if (!wish->got)
        return false;
    if (wish->how & KILN_EVENTS_CLEAR)
        __atomic_store_n(&events->flags, word & ~wish->flags, __ATOMIC_RELEASE);
    return true;
}

/* From now on the word changes only under the lock, which is held. */
static void mark(struct kiln_events *events)
{
    uint64_t word;

    do {
        word = arch_step_begin(&events->flags);
    } while (!arch_step_end(&events->flags, word, word | WAITED_FOR));
}

/* Nobody waits any more. The lock. */
static void unmark(struct kiln_events *events)
{
    if (!events->queue.first && !events->pollers)
        __atomic_store_n(&events->flags, events->flags & ~WAITED_FOR, __ATOMIC_RELEASE);
}

static int wait_slowly(struct kiln_events *events, struct wish *wish, int64_t deadline)
{
    uintptr_t state = arch_irq_save();
    int error = 0;

    core_lock(&events->queue.lock);
    mark(events);
    if (core_wait_is_gone(events->queue.first)) {
        error = core_wait_refuse(&events->queue);
    } else if (!take(events, wish)) {
        if (deadline != KILN_NOWAIT) {
            arch_thread_self()->exchange = wish;
            return core_wait_until(&events->queue, deadline, state);
        }
        error = -EAGAIN;
    }
    unmark(events);
    core_unlock(&events->queue.lock);
    arch_irq_restore(state);
    return error;
}

static __attribute__((noinline)) int wait_for(struct kiln_events *events, uint64_t flags,
                                              unsigned how, uint64_t *got, int64_t deadline)
{
    struct wish wish = {flags & KILN_EVENTS_ALL_FLAGS, how, 0};
    int error;

    KILN_ASSERT(wish.flags != 0);
    if (wish.flags == 0)
        return -EINVAL;
    error = wait_slowly(events, &wish, deadline);
    if (error == 0 && got)
        *got = wish.got;
    return error;
}

/* Nobody may wait, enough is there, and nothing comes in between. */
static inline bool take_quickly(struct kiln_events *events, uint64_t flags, unsigned how,
                                uint64_t *got)
{
    uint64_t word = arch_step_begin(&events->flags), there = word & flags;

    if ((int64_t)word < 0)
        return false;
    if (__builtin_expect(how & KILN_EVENTS_ALL, 0)) {
        if (there != flags)
            return false;
    } else if (!there) {
        return false;
    }
    if ((how & KILN_EVENTS_CLEAR) && !arch_step_end(&events->flags, word, word & ~flags))
        return false;
    if (got)
        *got = there;
    return true;
}

int kiln_events_wait(struct kiln_events *events, uint64_t flags, unsigned how, uint64_t *got)
{
    if (__builtin_expect(take_quickly(events, flags, how, got), 1))
        return 0;
    return wait_for(events, flags, how, got, KILN_FOREVER);
}

int kiln_events_wait_until(struct kiln_events *events, uint64_t flags, unsigned how, uint64_t *got,
                           int64_t deadline)
{
    if (take_quickly(events, flags, how, got))
        return 0;
    return wait_for(events, flags, how, got, deadline);
}

int kiln_events_try(struct kiln_events *events, uint64_t flags, unsigned how, uint64_t *got)
{
    return kiln_events_wait_until(events, flags, how, got, KILN_NOWAIT);
}

/* Takes out those who wait for no more than is there, as a list; what they clear goes with the last
 * of them. The lock. */
static struct kiln_thread *take_satisfied(struct kiln_events *events)
{
    struct kiln_thread *first = events->queue.first, *list = NULL, **last = &list;
    struct kiln_thread *thread = first, *end = first ? first->previous : NULL;
    uint64_t word = events->flags, cleared = 0;

    while (thread) {
        struct kiln_thread *next = thread == end ? NULL : thread->next;
        struct wish *wish = thread->exchange;

        wish->got = found(word, wish->flags, wish->how);
        if (wish->got) {
            cleared |= wish->how & KILN_EVENTS_CLEAR ? wish->flags : 0;
            core_wait_remove(&events->queue, thread);
            *last = thread;
            last = &thread->next;
        }
        thread = next;
    }
    *last = NULL;
    __atomic_store_n(&events->flags, word & ~cleared, __ATOMIC_RELEASE);
    return list;
}

static __attribute__((noinline)) void set_slowly(struct kiln_events *events, uint64_t flags)
{
    uintptr_t state = arch_irq_save();
    struct kiln_thread *list = NULL, *told = NULL;

    core_lock(&events->queue.lock);
    mark(events);
    bool is_gone = core_wait_is_gone(events->queue.first);

    if (!is_gone) {
        events->flags |= flags & KILN_EVENTS_ALL_FLAGS;
        list = take_satisfied(events);
        told = events->flags & KILN_EVENTS_ALL_FLAGS ? core_poll_tell(&events->pollers) : NULL;
        unmark(events);
    }
    core_unlock(&events->queue.lock);
    if (is_gone)
        core_wait_refuse(&events->queue);
    core_make_ready_list(0, told);
    core_wake_list(0, list, state);
}

void kiln_events_set(struct kiln_events *events, uint64_t flags)
{
    uint64_t word;

    do {
        word = arch_step_begin(&events->flags);
        if (__builtin_expect((int64_t)(word | flags) < 0, 0)) {
            set_slowly(events, flags);
            return;
        }
    } while (__builtin_expect(!arch_step_end(&events->flags, word, word | flags), 0));
}

static void clear_slowly(struct kiln_events *events, uint64_t flags)
{
    uintptr_t state = arch_irq_save();

    core_lock(&events->queue.lock);
    mark(events);
    __atomic_store_n(&events->flags, events->flags & (~flags | WAITED_FOR), __ATOMIC_RELEASE);
    unmark(events);
    core_unlock(&events->queue.lock);
    arch_irq_restore(state);
}

void kiln_events_clear(struct kiln_events *events, uint64_t flags)
{
    uint64_t word;

    do {
        word = arch_step_begin(&events->flags);
        if ((int64_t)word < 0) {
            clear_slowly(events, flags);
            return;
        }
    } while (!arch_step_end(&events->flags, word, word & ~flags));
}

uint64_t kiln_events_get(const struct kiln_events *events)
{
    return __atomic_load_n(&events->flags, __ATOMIC_RELAXED) & KILN_EVENTS_ALL_FLAGS;
}

void kiln_events_init(struct kiln_events *events)
{
    *events = (struct kiln_events)KILN_EVENTS_INIT;
}

void kiln_events_destroy(struct kiln_events *events)
{
    uintptr_t state = arch_irq_save();

    core_lock(&events->queue.lock);
    mark(events);
    core_wait_destroy(&events->queue, state);
    core_poll_destroyed(&events->pollers, &events->queue.lock);
}
