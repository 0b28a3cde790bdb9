/*
 * Mailboxes: buffers change hands without being copied. Who puts a buffer into one no longer has
 * it; who takes it does. Those who wait go on as at a message queue.
 */
#ifndef KILN_MAILBOX_H
#define KILN_MAILBOX_H

#include <kiln/api.h>
#include <kiln/queue.h>

KILN_BEGIN

/* What is in a mailbox. */
struct kiln_mailbox_item {
    void *buffer;
    size_t bytes;
};

/** A mailbox. Its members are the runtime's own. */
struct kiln_mailbox {
    struct kiln_queue queue;
};

/** Defines an empty mailbox `name` for up to `capacity` buffers, and its memory. */
#define KILN_MAILBOX(name, capacity)                                                               \
    static struct kiln_mailbox_item name##_places[capacity];                                       \
    struct kiln_mailbox name = {KILN_QUEUE_INIT(name##_places)}

/** Makes one over memory for `capacity` (1 or more) buffers. Any context. */
void kiln_mailbox_init(struct kiln_mailbox *mailbox, struct kiln_mailbox_item *places,
                       size_t capacity);

/** Gives a buffer away, of which so many bytes count, waiting until there is room. 0; -EINTR: the
 * wait was interrupted, and the caller has it still; -EIDRM: the mailbox was destroyed, likewise. A
 * debug build panics if it is there already. Thread context with interrupts on. A cancellation
 * point. */
int kiln_mailbox_put(struct kiln_mailbox *mailbox, void *buffer, size_t bytes);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: as kiln_mailbox_try_put(). Thread context
 * with interrupts on. */
int kiln_mailbox_put_until(struct kiln_mailbox *mailbox, void *buffer, size_t bytes,
                           int64_t deadline);

/** Gives a buffer away if there is room: 0 or -EAGAIN. Any context. */
int kiln_mailbox_try_put(struct kiln_mailbox *mailbox, void *buffer, size_t bytes);

/** Takes the oldest buffer, waiting until there is one. 0; -EINTR; -EIDRM. Thread context with
 * interrupts on. A cancellation point. */
int kiln_mailbox_take(struct kiln_mailbox *mailbox, void **buffer, size_t *bytes);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: as kiln_mailbox_try_take(). Thread context
 * with interrupts on. */
int kiln_mailbox_take_until(struct kiln_mailbox *mailbox, void **buffer, size_t *bytes,
                            int64_t deadline);

/** Takes the oldest buffer if there is one: 0 or -EAGAIN. Any context. */
int kiln_mailbox_try_take(struct kiln_mailbox *mailbox, void **buffer, size_t *bytes);

/** How many buffers there are. Any context; it may be stale at once. */
size_t kiln_mailbox_count(const struct kiln_mailbox *mailbox);

/** Ends the waits of those who wait for it with -EIDRM. Who uses it later gets -EIDRM (a debug
 * build panics), until it is made anew. What is in it is to be taken before. Any context. */
void kiln_mailbox_destroy(struct kiln_mailbox *mailbox);

KILN_END

#endif
