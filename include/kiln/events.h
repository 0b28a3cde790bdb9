/*
 * Event flags: up to 63 bits that threads and interrupt handlers set, and threads wait for, for any
 * of several or for all.
 */
#ifndef KILN_EVENTS_H
#define KILN_EVENTS_H

#include <kiln/api.h>
#include <kiln/wait.h>

KILN_BEGIN

struct kiln_poll_item;

/** Event flags. Its members are the runtime's own. */
struct kiln_events {
    uint64_t flags; /* bit 63: threads may wait. Atomic, but with that bit under the queue's lock */
    struct kiln_wait_queue queue;
    struct kiln_poll_item *pollers; /* its lock */
};

/** The flags that there are. */
#define KILN_EVENTS_ALL_FLAGS (UINT64_MAX >> 1)

/** How kiln_events_wait() waits: a sum of these. */
#define KILN_EVENTS_ANY   0u /**< for one or more of the flags */
#define KILN_EVENTS_ALL   1u /**< for all of them at once */
#define KILN_EVENTS_CLEAR 2u /**< and clears those of them that are set */

/** Flags that are all 0. */
#define KILN_EVENTS_INIT                                                                           \
    {                                                                                              \
        0, KILN_WAIT_QUEUE_INIT("events"), NULL                                                    \
    }
#define KILN_EVENTS(name) struct kiln_events name = KILN_EVENTS_INIT

/** Makes some that are all 0. Any context. */
void kiln_events_init(struct kiln_events *events);

/** Nobody is to use them any more: those who wait go on with -EIDRM. Who waits or sets later gets,
 * or does, nothing else: a debug build panics. Any context. */
void kiln_events_destroy(struct kiln_events *events);

/**
 * Sets flags. All who wait for no more than is set then go on; what they clear is cleared after
 * that, so that one flag lets all go on who wait for it. Any context; with a spinlock held whoever
 * is woken runs when that is released. 8 instructions if nobody waits, else some for each who
 * waits, interrupts masked.
 */
void kiln_events_set(struct kiln_events *events, uint64_t flags);

/** Clears flags. Any context. */
void kiln_events_clear(struct kiln_events *events, uint64_t flags);

/** The flags that are set. Any context; it may be stale at once. */
uint64_t kiln_events_get(const struct kiln_events *events);

/**
 * Waits for flags, of which there is one at least. 0, and in *got, which may be NULL, those of them
 * that were set; -EINTR: the wait was interrupted; -EIDRM: the object was destroyed. Thread context
 * with interrupts on. A cancellation point. 14 instructions without waiting.
 */
int kiln_events_wait(struct kiln_events *events, uint64_t flags, unsigned how, uint64_t *got);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: as kiln_events_try(). Thread context with
 * interrupts on. */
int kiln_events_wait_until(struct kiln_events *events, uint64_t flags, unsigned how, uint64_t *got,
                           int64_t deadline);

/** The same without waiting: -EAGAIN. Any context. */
int kiln_events_try(struct kiln_events *events, uint64_t flags, unsigned how, uint64_t *got);

KILN_END

#endif
