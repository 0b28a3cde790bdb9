/*
 * Waiting on several objects at once. A set has an item for each of them; who waits for the set is
 * given one whose object can be used at once: a semaphore above 0, flags that are set, a message, a
 * buffer or bytes to be taken, a call to be received, a thread that has ended. Nothing is taken:
 * the caller does that, without waiting, and may find that somebody else was faster. Those that are
 * ready take turns. What a wait costs does not grow with the number of items.
 *
 * An object may be in several sets. A set is one thread's at a time: it alone adds, removes and
 * waits.
 */
#ifndef KILN_POLL_H
#define KILN_POLL_H

#include <kiln/api.h>
#include <kiln/channel.h>
#include <kiln/events.h>
#include <kiln/mailbox.h>
#include <kiln/message_buffer.h>
#include <kiln/pipe.h>
#include <kiln/queue.h>
#include <kiln/semaphore.h>
#include <kiln/wait.h>

KILN_BEGIN

struct kiln_thread;

/** A set. Its members are the runtime's own. */
struct kiln_poll_set {
    struct kiln_wait_queue queue;         /* who waits for it */
    struct kiln_poll_item *first, **last; /* those that are to be looked at; its lock */
};

/** A set without items. */
#define KILN_POLL_SET_INIT(name)                                                                   \
    {                                                                                              \
        KILN_WAIT_QUEUE_INIT("poll set"), NULL, &(name).first                                      \
    }
#define KILN_POLL_SET(name) struct kiln_poll_set name = KILN_POLL_SET_INIT(name)

/** An object in a set; it stays where it is until it is removed. */
struct kiln_poll_item {
    void *data; /**< the caller's */

    /* The runtime's own. */
    void *object;
    uint64_t flags;
    struct kiln_poll_set *set; /* NULL: it is in none */
    int (*look)(struct kiln_poll_item *item);
    struct kiln_thread *(*tell)(struct kiln_poll_item **pollers);
    struct kiln_spinlock *lock;          /* the object's, for these: */
    struct kiln_poll_item *next, **link; /* in the object's list, or in the set's */
    bool is_told;                        /* it is in the set's */
};

/** Makes one without items. Any context. */
void kiln_poll_set_init(struct kiln_poll_set *set);

/** Adds an object. The item is in no set, and its object is there until it is removed. Thread
 * context. */
void kiln_poll_add_semaphore(struct kiln_poll_set *set, struct kiln_poll_item *item,
                             struct kiln_semaphore *semaphore);
void kiln_poll_add_queue(struct kiln_poll_set *set, struct kiln_poll_item *item,
                         struct kiln_queue *queue);
void kiln_poll_add_mailbox(struct kiln_poll_set *set, struct kiln_poll_item *item,
                           struct kiln_mailbox *mailbox);
void kiln_poll_add_pipe(struct kiln_poll_set *set, struct kiln_poll_item *item,
                        struct kiln_pipe *pipe);
void kiln_poll_add_message_buffer(struct kiln_poll_set *set, struct kiln_poll_item *item,
                                  struct kiln_message_buffer *buffer);
void kiln_poll_add_channel(struct kiln_poll_set *set, struct kiln_poll_item *item,
                           struct kiln_channel *channel);

/** The same for any of some flags. Thread context. */
void kiln_poll_add_events(struct kiln_poll_set *set, struct kiln_poll_item *item,
                          struct kiln_events *events, uint64_t flags);

/** The same for the end of a thread, which nobody joins meanwhile. Thread context. */
void kiln_poll_add_thread(struct kiln_poll_set *set, struct kiln_poll_item *item,
                          struct kiln_thread *thread);

/** Takes an item out of its set; nothing if it is in none. Thread context. */
void kiln_poll_remove(struct kiln_poll_item *item);

/**
 * Waits until an object of the set can be used; its item is in *ready, and stays in the set. 0;
 * -EIDRM: that object was destroyed, and the item is in no set any more; -EINTR: the wait was
 * interrupted. Thread context with interrupts on. A cancellation point.
 */
int kiln_poll_wait(struct kiln_poll_set *set, struct kiln_poll_item **ready);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: -EAGAIN. Thread context with interrupts on.
 */
int kiln_poll_wait_until(struct kiln_poll_set *set, struct kiln_poll_item **ready,
                         int64_t deadline);

KILN_END

#endif
