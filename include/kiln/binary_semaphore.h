/*
 * Binary semaphores: something has happened, or has not yet. Given twice before it is taken it is
 * taken once. Nobody owns one: whoever is to be the only one in a place takes a mutex.
 */
#ifndef KILN_BINARY_SEMAPHORE_H
#define KILN_BINARY_SEMAPHORE_H

#include <kiln/semaphore.h>

KILN_BEGIN

/** A binary semaphore. Its members are the runtime's own. */
struct kiln_binary_semaphore {
    struct kiln_semaphore semaphore;
};

/** One that is not given yet, or, with 1, that is. */
#define KILN_BINARY_SEMAPHORE_INIT(is_given)                                                       \
    {                                                                                              \
        {                                                                                          \
            is_given, KILN_WAIT_QUEUE_INIT("binary semaphore")                                     \
        }                                                                                          \
    }
#define KILN_BINARY_SEMAPHORE(name, is_given)                                                      \
    struct kiln_binary_semaphore name = KILN_BINARY_SEMAPHORE_INIT(is_given)

/** Makes one. Any context. */
static inline void kiln_binary_semaphore_init(struct kiln_binary_semaphore *binary, bool is_given)
{
    kiln_semaphore_init(&binary->semaphore, is_given);
    binary->semaphore.queue.kind = "binary semaphore";
}

/** As kiln_semaphore_destroy(). Any context. */
static inline void kiln_binary_semaphore_destroy(struct kiln_binary_semaphore *binary)
{
    kiln_semaphore_destroy(&binary->semaphore);
}

/** Takes it, waiting until it is given: as kiln_semaphore_wait(), kiln_semaphore_wait_until() and
 * kiln_semaphore_try(). Thread context with interrupts on; trying: any context. */
static inline int kiln_binary_semaphore_take(struct kiln_binary_semaphore *binary)
{
    return kiln_semaphore_wait(&binary->semaphore);
}

static inline int kiln_binary_semaphore_take_until(struct kiln_binary_semaphore *binary,
                                                   int64_t deadline)
{
    return kiln_semaphore_wait_until(&binary->semaphore, deadline);
}

static inline int kiln_binary_semaphore_try(struct kiln_binary_semaphore *binary)
{
    return kiln_semaphore_try(&binary->semaphore);
}

/** Gives it, to the first who waits if somebody does. 0; -EOVERFLOW: it is given, and stays so. Any
 * context. */
static inline int kiln_binary_semaphore_give(struct kiln_binary_semaphore *binary)
{
    return kiln_semaphore_post_below(&binary->semaphore, 1);
}

/** Whether it is given. Any context; it may be stale at once. */
static inline bool kiln_binary_semaphore_is_given(const struct kiln_binary_semaphore *binary)
{
    return kiln_semaphore_count(&binary->semaphore) > 0;
}

KILN_END

#endif
