/*
 * Message queues. While somebody may wait, `send_below` and `receive_above` let nobody go the short
 * way: they are set right when it is found that nobody waits any more.
 */
#include <kiln/queue.h>

#include <errno.h>
#include <core/poll.h>
#include <core/wait.h>
#include <kiln/time.h>
#include <string.h>

/* What one who waits for room has to send. */
struct sending {
    const void *message;
    bool to_front;
};

static inline uintptr_t enter(struct kiln_queue *queue)
{
    uintptr_t state = arch_irq_save();

    core_lock(&queue->waiters.lock);
    return state;
}

static inline int leave(struct kiln_queue *queue, int result, uintptr_t state)
{
    core_unlock(&queue->waiters.lock);
    arch_irq_restore(state);
    return result;
}

/* Messages as words, whatever they are. */
typedef uint64_t __attribute__((may_alias)) one_word;
__extension__ typedef __int128 __attribute__((may_alias, aligned(8))) two_words;

static inline void copy_quickly(void *to, const void *from, uint32_t quick_bytes)
{
    if (__builtin_expect(quick_bytes & 16, 1))
        *(two_words *)to = *(const two_words *)from;
    else
        *(one_word *)to = *(const one_word *)from;
}

static inline void copy(const struct kiln_queue *queue, void *to, const void *from)
{
    if (queue->quick_bytes)
        copy_quickly(to, from, queue->quick_bytes);
    else
        memcpy(to, from, queue->item_bytes);
}

static inline uint8_t *place_behind(const struct kiln_queue *queue, uint8_t *place, uint32_t bytes)
{
    place += bytes;
    return place == queue->end ? queue->places : place;
}

static inline void put(struct kiln_queue *queue, const void *message, bool to_front)
{
    uint8_t *place = queue->in;

    if (to_front) {
        place = (queue->out == queue->places ? queue->end : queue->out) - queue->item_bytes;
        queue->out = place;
    } else {
        queue->in = place_behind(queue, place, queue->item_bytes);
    }
    copy(queue, place, message);
    queue->count++;
}

static int refuse(struct kiln_queue *queue, uintptr_t state)
{
    leave(queue, 0, state);
    if (KILN_CONFIG_CHECKS && !queue->places)
        kiln_panic("queue %p is used, which was never made", (void *)queue);
    return core_wait_refuse(&queue->waiters);
}

/* Nobody waits. */
static inline void open_short_way(struct kiln_queue *queue)
{
    queue->send_below = queue->quick_bytes ? queue->capacity : 0;
    queue->receive_above = queue->quick_bytes ? 0 : UINT32_MAX;
}

static __attribute__((noinline)) void copy_to(struct kiln_queue *queue, const void *message,
                                              struct kiln_thread *receiver)
{
    core_wait_remove(&queue->waiters, receiver);
    copy(queue, receiver->exchange, message);
}

/* The lock is held, and is released. */
static __attribute__((noinline)) int hand_over_slowly(struct kiln_queue *queue, const void *message,
                                                      struct kiln_thread *receiver, uintptr_t state)
{
    copy_to(queue, message, receiver);
    core_unlock(&queue->waiters.lock);
    core_wake(0, receiver, state);
    return 0;
}

/* The same, with nothing to be kept over calls where one thread waits for a message of 16 bytes. */
static __attribute__((noinline)) int hand_over(struct kiln_queue *queue, const void *message,
                                               struct kiln_thread *receiver, uintptr_t state)
{
    if (__builtin_expect(receiver->next != receiver || queue->quick_bytes != 16, 0))
        return hand_over_slowly(queue, message, receiver, state);
    core_wait_remove_only(&queue->waiters, receiver);
    copy_quickly(receiver->exchange, message, 16);
    core_unlock(&queue->waiters.lock);
    core_wake(0, receiver, state);
    return 0;
}

/* While there is no message, those who wait wait for one. */
static inline struct kiln_thread *receiver_of(const struct kiln_queue *queue)
{
    return queue->count == 0 ? queue->waiters.first : NULL;
}

static __attribute__((noinline)) int wait_for_room(struct kiln_queue *queue, const void *message,
                                                   bool to_front, int64_t deadline, uintptr_t state)
{
    struct sending sending = {message, to_front};

    if (!queue->capacity)
        return refuse(queue, state);
    if (deadline == KILN_NOWAIT)
        return leave(queue, -EAGAIN, state);
    arch_thread_self()->exchange = &sending;
    queue->receive_above = UINT32_MAX;
    return core_wait_until(&queue->waiters, deadline, state);
}

/* The lock is held, and is released. */
static __attribute__((noinline)) int send_slowly(struct kiln_queue *queue, const void *message,
                                                 bool to_front, int64_t deadline, uintptr_t state)
{
    struct kiln_thread *receiver = receiver_of(queue), *list;

    if (receiver)
        return hand_over(queue, message, receiver, state);
    if (queue->count >= queue->capacity)
        return wait_for_room(queue, message, to_front, deadline, state);
    put(queue, message, to_front);
    open_short_way(queue);
    list = core_poll_tell(&queue->pollers);
    core_unlock(&queue->waiters.lock);
    core_poll_wake(list, state);
    return 0;
}

/* With the size known where it is called. */
static inline __attribute__((always_inline)) void put_quickly(struct kiln_queue *queue,
                                                              const void *message, uint32_t bytes)
{
    uint8_t *place = queue->in;

    queue->in = place_behind(queue, place, bytes);
    copy_quickly(place, message, bytes);
}

static __attribute__((noinline)) int send_word(struct kiln_queue *queue, const void *message,
                                               uintptr_t state)
{
    queue->count++;
    put_quickly(queue, message, 8);
    return leave(queue, 0, state);
}

/* With the deadline known where it is called, if it is KILN_FOREVER. */
static inline __attribute__((always_inline)) int send(struct kiln_queue *queue, const void *message,
                                                      int64_t deadline)
{
    uintptr_t state = enter(queue);
    struct kiln_thread *receiver;

    if (__builtin_expect(queue->count < queue->send_below, 1)) {
        if (__builtin_expect((queue->quick_bytes & 16) == 0, 0))
            return send_word(queue, message, state);
        queue->count++;
        put_quickly(queue, message, 16);
        return leave(queue, 0, state);
    }
    receiver = receiver_of(queue);
    if (receiver)
        return hand_over(queue, message, receiver, state);
    return send_slowly(queue, message, false, deadline, state);
}

int kiln_queue_send(struct kiln_queue *queue, const void *message)
{
    return send(queue, message, KILN_FOREVER);
}

int kiln_queue_send_until(struct kiln_queue *queue, const void *message, int64_t deadline)
{
    return send(queue, message, deadline);
}

int kiln_queue_try_send(struct kiln_queue *queue, const void *message)
{
    return kiln_queue_send_until(queue, message, KILN_NOWAIT);
}

int kiln_queue_send_front(struct kiln_queue *queue, const void *message)
{
    return send_slowly(queue, message, true, KILN_FOREVER, enter(queue));
}

int kiln_queue_send_front_until(struct kiln_queue *queue, const void *message, int64_t deadline)
{
    return send_slowly(queue, message, true, deadline, enter(queue));
}

int kiln_queue_try_send_front(struct kiln_queue *queue, const void *message)
{
    return send_slowly(queue, message, true, KILN_NOWAIT, enter(queue));
}

/* A place has become free, and a sender waits for it. The lock is held, and is released. */
static __attribute__((noinline)) int let_send(struct kiln_queue *queue, struct kiln_thread *sender,
                                              uintptr_t state)
{
    const struct sending *sending = sender->exchange;

    core_wait_remove(&queue->waiters, sender);
    put(queue, sending->message, sending->to_front);
    core_unlock(&queue->waiters.lock);
    core_wake(0, sender, state);
    return 0;
}

static __attribute__((noinline)) int wait_for_message(struct kiln_queue *queue, void *message,
                                                      uintptr_t state)
{
    if (KILN_CONFIG_CHECKS && !queue->capacity)
        return refuse(queue, state);
    arch_thread_self()->exchange = message;
    queue->send_below = 0;
    return core_wait(&queue->waiters, state);
}

static __attribute__((noinline)) int wait_for_message_until(struct kiln_queue *queue, void *message,
                                                            int64_t deadline, uintptr_t state)
{
    if (!queue->capacity)
        return refuse(queue, state);
    if (deadline == KILN_NOWAIT)
        return leave(queue, -EAGAIN, state);
    arch_thread_self()->exchange = message;
    queue->send_below = 0;
    return core_wait_until(&queue->waiters, deadline, state);
}

/* There is a message, or the queue was destroyed. The lock is held, and is released. */
static __attribute__((noinline)) int receive_slowly(struct kiln_queue *queue, void *message,
                                                    uintptr_t state)
{
    struct kiln_thread *sender = queue->waiters.first;

    if (!queue->capacity)
        return refuse(queue, state);
    copy(queue, message, queue->out);
    queue->out = place_behind(queue, queue->out, queue->item_bytes);
    queue->count--;
    if (sender)
        return let_send(queue, sender, state);
    open_short_way(queue);
    return leave(queue, 0, state);
}

static inline __attribute__((always_inline)) void take_quickly(struct kiln_queue *queue,
                                                               void *message, uint32_t bytes)
{
    const uint8_t *place = queue->out;

    queue->out = place_behind(queue, queue->out, bytes);
    copy_quickly(message, place, bytes);
}

static __attribute__((noinline)) int receive_word(struct kiln_queue *queue, void *message,
                                                  uintptr_t state)
{
    queue->count--;
    take_quickly(queue, message, 8);
    return leave(queue, 0, state);
}

static inline __attribute__((always_inline)) int receive(struct kiln_queue *queue, void *message,
                                                         int64_t deadline)
{
    uintptr_t state = enter(queue);

    if (__builtin_expect(queue->count > queue->receive_above, 1)) {
        if (__builtin_expect((queue->quick_bytes & 16) == 0, 0))
            return receive_word(queue, message, state);
        queue->count--;
        take_quickly(queue, message, 16);
        return leave(queue, 0, state);
    }
    if (queue->count)
        return receive_slowly(queue, message, state);
    if (deadline == KILN_FOREVER)
        return wait_for_message(queue, message, state);
    return wait_for_message_until(queue, message, deadline, state);
}

int kiln_queue_receive(struct kiln_queue *queue, void *message)
{
    return receive(queue, message, KILN_FOREVER);
}

int kiln_queue_receive_until(struct kiln_queue *queue, void *message, int64_t deadline)
{
    return receive(queue, message, deadline);
}

int kiln_queue_try_receive(struct kiln_queue *queue, void *message)
{
    return kiln_queue_receive_until(queue, message, KILN_NOWAIT);
}

int kiln_queue_peek(struct kiln_queue *queue, void *message)
{
    uintptr_t state = enter(queue);

    if (!queue->capacity)
        return refuse(queue, state);
    if (!queue->count)
        return leave(queue, -EAGAIN, state);
    copy(queue, message, queue->out);
    return leave(queue, 0, state);
}

size_t kiln_queue_count(const struct kiln_queue *queue)
{
    return queue->capacity ? __atomic_load_n(&queue->count, __ATOMIC_RELAXED) : 0;
}

void kiln_queue_destroy(struct kiln_queue *queue)
{
    uintptr_t state = enter(queue);

    queue->capacity = 0;
    queue->count = 1; /* nobody is to wait */
    queue->send_below = 0;
    queue->receive_above = UINT32_MAX;
    core_wait_destroy(&queue->waiters, state);
    core_poll_destroyed(&queue->pollers, &queue->waiters.lock);
}

void kiln_queue_init(struct kiln_queue *queue, void *places, size_t item_bytes, size_t capacity)
{
    *queue = (struct kiln_queue){
        .waiters = KILN_WAIT_QUEUE_INIT("queue"),
        .quick_bytes = (uint32_t)KILN_QUEUE_QUICK(item_bytes, (uintptr_t)places),
        .in = places,
        .out = places,
        .places = places,
        .end = (uint8_t *)places + capacity * item_bytes,
        .item_bytes = (uint32_t)item_bytes,
        .capacity = (uint32_t)capacity,
    };
    open_short_way(queue);
}
