/*
 * Topics: what is published is there for everybody. A topic keeps its latest value, with a count of
 * how often there was a new one; who wants each of them has a subscription, which is a queue.
 */
#ifndef KILN_TOPIC_H
#define KILN_TOPIC_H

#include <kiln/api.h>
#include <kiln/queue.h>
#include <kiln/wait.h>

KILN_BEGIN

struct kiln_subscription;

/** A topic. Its members are the runtime's own. */
struct kiln_topic {
    struct kiln_wait_queue waiters; /* for a new value */
    uint64_t generation;            /* how many there were; its lock, as what follows */
    void *value;
    size_t bytes;
    struct kiln_subscription *subscriptions;
};

/** A topic for which nothing was published, over a variable for its value. */
#define KILN_TOPIC_INIT(variable)                                                                  \
    {                                                                                              \
        KILN_WAIT_QUEUE_INIT("topic"), 0, &(variable), sizeof(variable), NULL                      \
    }

/** Defines a topic `name` of values of a type, and its memory. */
#define KILN_TOPIC(name, type)                                                                     \
    static type name##_value;                                                                      \
    struct kiln_topic name = KILN_TOPIC_INIT(name##_value)

/** What is published from when on it subscribes, in order: a queue to be received from
 * (`queue`, kiln/queue.h). Other members are the runtime's own. */
struct kiln_subscription {
    struct kiln_queue queue;
    struct kiln_topic *topic; /* NULL: of none; its lock, as what follows */
    struct kiln_subscription *next;
    uint32_t missed;
};

/** Defines a subscription `name` with room for `capacity` values of a type, and its memory. */
#define KILN_SUBSCRIPTION(name, type, capacity)                                                    \
    static type name##_places[capacity];                                                           \
    struct kiln_subscription name = {KILN_QUEUE_INIT(name##_places), NULL, NULL, 0}

/** Makes a topic over memory for a value of so many bytes. Any context. */
void kiln_topic_init(struct kiln_topic *topic, void *value, size_t bytes);

/** Publishes a value: it is the latest, those who wait for one go on, and it is put into each
 * subscription that has room. 0; -EIDRM: the topic was destroyed. Interrupts are masked while it is
 * copied. Any context. */
int kiln_topic_publish(struct kiln_topic *topic, const void *value);

/** Copies the latest value; *generation, if not NULL, is how many there were. 0; -EAGAIN: nothing
 * was published; -EIDRM. Any context. */
int kiln_topic_read(struct kiln_topic *topic, void *value, uint64_t *generation);

/** Copies the latest value once it is another than the *generation-th, which it then says; 0 waits
 * for any. 0; -EINTR: the wait was interrupted; -ETIMEDOUT: the deadline; KILN_NOWAIT: -EAGAIN;
 * -EIDRM. Thread context with interrupts on. A cancellation point. */
int kiln_topic_wait(struct kiln_topic *topic, void *value, uint64_t *generation, int64_t deadline);

/** Has what is published from now on put into a subscription, which is of no topic. 0; -EINVAL: its
 * messages have another size; -EBUSY: it is of a topic; -EIDRM. Any context. */
int kiln_topic_subscribe(struct kiln_topic *topic, struct kiln_subscription *subscription);

/** No longer; what is in it stays. 0; -EINVAL: it is of no topic. Not at once with itself or with
 * the end of the topic. Any context. */
int kiln_topic_unsubscribe(struct kiln_subscription *subscription);

/** How many values there was no room for since the last call. Any context. */
uint32_t kiln_subscription_missed(struct kiln_subscription *subscription);

/** Ends the waits of those who wait for it with -EIDRM; subscriptions stay, of no topic. Who uses
 * it later gets -EIDRM (a debug build panics), until it is made anew. Any context. */
void kiln_topic_destroy(struct kiln_topic *topic);

KILN_END

#endif
