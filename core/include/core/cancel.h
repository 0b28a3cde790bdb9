/* Cancelling threads. */
#ifndef CORE_CANCEL_H
#define CORE_CANCEL_H

#include <core/thread.h>

/* Whether a thread that is to be cancelled may be now. Any context. */
static inline bool core_may_cancel(const struct kiln_thread *thread)
{
    return !__atomic_load_n(&thread->cancel_is_off, __ATOMIC_RELAXED);
}

/* Ends the wait of a thread, if it waits: with -EINTR. Its CPU; interrupts masked. */
void core_end_wait(struct kiln_thread *thread);

/* The same by ending the thread. Its CPU; interrupts masked. */
void core_cancel_wait(struct kiln_thread *thread);

#endif
