/*
 * Message queues: messages of one size, copied into the queue and out of it again, as many at most
 * as it has room for. A thread that waits for a message has it copied straight into its buffer; one
 * that waits for room has its message put where the next one becomes free. Those of the highest
 * priority go on first, equals in the order in which they came.
 */
#ifndef KILN_QUEUE_H
#define KILN_QUEUE_H

#include <kiln/api.h>
#include <kiln/wait.h>

KILN_BEGIN

struct kiln_poll_item;

/** A message queue. Its members are the runtime's own. */
struct kiln_queue {
    struct kiln_wait_queue waiters; /* for a message while there is none, for room otherwise */
    uint32_t send_below;            /* with fewer messages nobody has to be looked for; its lock */
    uint32_t count;                 /* messages; its lock, as what follows */
    uint32_t receive_above;         /* as send_below, with more */
    uint32_t quick_bytes; /* 8 or 16: the size of messages that are copied as such words; or 0 */
    uint8_t *in;          /* the place for the next message */
    uint8_t *end;
    uint8_t *out; /* the place of the oldest message */
    uint8_t *places;
    uint32_t item_bytes;
    uint32_t capacity; /* 0: it was destroyed */
    struct kiln_poll_item *pollers;
};

#define KILN_QUEUE_QUICK(bytes, align)                                                             \
    (((bytes) == 8 || (bytes) == 16) && (align) % 8 == 0 ? (bytes) : 0)

/** A queue without messages, over an array with a place for each. */
#define KILN_QUEUE_INIT(array)                                                                     \
    {                                                                                              \
        KILN_WAIT_QUEUE_INIT("queue"),                                                             \
            KILN_QUEUE_QUICK(sizeof((array)[0]), __alignof__((array)[0]))                          \
                ? sizeof(array) / sizeof((array)[0])                                               \
                : 0,                                                                               \
            0, KILN_QUEUE_QUICK(sizeof((array)[0]), __alignof__((array)[0])) ? 0 : UINT32_MAX,     \
            KILN_QUEUE_QUICK(sizeof((array)[0]), __alignof__((array)[0])), (uint8_t *)(array),     \
            (uint8_t *)(array) + sizeof(array), (uint8_t *)(array), (uint8_t *)(array),            \
            sizeof((array)[0]), sizeof(array) / sizeof((array)[0]), NULL                           \
    }

/** Defines a queue `name` for up to `capacity` messages of a type, and their memory. */
#define KILN_QUEUE(name, type, capacity)                                                           \
    static type name##_places[capacity];                                                           \
    struct kiln_queue name = KILN_QUEUE_INIT(name##_places)

/** Makes one over memory for `capacity` messages (1 or more) of item_bytes bytes; if that is
 * aligned to 8 bytes, messages are so wherever they are sent from and received. Any context. */
void kiln_queue_init(struct kiln_queue *queue, void *places, size_t item_bytes, size_t capacity);

/** Puts a message behind the others, waiting until there is room. 0; -EINTR: the wait was
 * interrupted; -EIDRM: the queue was destroyed. Thread context with interrupts on. A cancellation
 * point. 24 instructions while nobody waits,
 * for types of 8 or 16 bytes that are aligned to 8. */
int kiln_queue_send(struct kiln_queue *queue, const void *message);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: as kiln_queue_try_send(). Thread context
 * with interrupts on. */
int kiln_queue_send_until(struct kiln_queue *queue, const void *message, int64_t deadline);

/** Puts a message behind the others if there is room: 0 or -EAGAIN. Any context. */
int kiln_queue_try_send(struct kiln_queue *queue, const void *message);

/** As kiln_queue_send(), but in front of the others. Thread context with interrupts on. */
int kiln_queue_send_front(struct kiln_queue *queue, const void *message);

/** The same until a deadline, as kiln_queue_send_until(). Thread context with interrupts on. */
int kiln_queue_send_front_until(struct kiln_queue *queue, const void *message, int64_t deadline);

/** As kiln_queue_try_send(), but in front of the others. Any context. */
int kiln_queue_try_send_front(struct kiln_queue *queue, const void *message);

/** Takes the first message, waiting until there is one. 0; -EINTR; -EIDRM. Thread context with
 * interrupts on. A cancellation point. 24 instructions while nobody waits,
 * for types of 8 or 16 bytes that are aligned to 8. */
int kiln_queue_receive(struct kiln_queue *queue, void *message);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: as kiln_queue_try_receive(). Thread context
 * with interrupts on. */
int kiln_queue_receive_until(struct kiln_queue *queue, void *message, int64_t deadline);

/** Takes the first message if there is one: 0 or -EAGAIN. Any context. */
int kiln_queue_try_receive(struct kiln_queue *queue, void *message);

/** Copies the first message if there is one, which stays: 0 or -EAGAIN. Any context. */
int kiln_queue_peek(struct kiln_queue *queue, void *message);

/** How many messages there are. Any context; it may be stale at once. */
size_t kiln_queue_count(const struct kiln_queue *queue);

/** Ends the waits of those who wait for it with -EIDRM; what is in it is lost. Whoever uses it
 * afterwards gets -EIDRM (a debug build panics), until it is made again. Any context. */
void kiln_queue_destroy(struct kiln_queue *queue);

KILN_END

#endif
