/* Doing something once, whoever comes first. */
#ifndef KILN_ONCE_H
#define KILN_ONCE_H

#include <kiln/api.h>
#include <kiln/mutex.h>

KILN_BEGIN

/** Whether it was done. Its members are the runtime's own. */
struct kiln_once {
    uint32_t is_done; /* atomic */
    struct kiln_mutex mutex;
};

/** It was not done yet. */
#define KILN_ONCE_INIT                                                                             \
    {                                                                                              \
        0, KILN_MUTEX_ROBUST_INIT                                                                  \
    }
#define KILN_ONCE(name) struct kiln_once name = KILN_ONCE_INIT

/**
 * Calls function(argument) unless that was done; else, or if another thread is about it, returns
 * when it is done. If the thread that calls the function ends meanwhile, cancelled or otherwise,
 * the next one calls it again. 0; -EDEADLK: called by the function itself (a debug build panics).
 * Thread context with interrupts on; from any once it is done, for 5 instructions.
 */
int kiln_once_call(struct kiln_once *once, void (*function)(void *argument), void *argument);

KILN_END

#endif
