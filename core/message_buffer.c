/*
 * Message buffers. While there is no message those who wait are receivers, else senders, of which
 * the first does not find room.
 */
#include <kiln/message_buffer.h>

#include <errno.h>
#include <core/byte_ring.h>
#include <core/poll.h>
#include <core/wait.h>
#include <kiln/time.h>
#include <string.h>

/* What a thread waits with: a message, or room for one. kiln_thread.exchange. */
struct letter {
    void *data;
    size_t bytes;
    size_t most; /* of a receiver */
    int error;
};

static inline uintptr_t enter(struct kiln_message_buffer *buffer)
{
    uintptr_t state = arch_irq_save();

    core_lock(&buffer->waiters.lock);
    return state;
}

static inline int leave(struct kiln_message_buffer *buffer, int result, uintptr_t state)
{
    core_unlock(&buffer->waiters.lock);
    arch_irq_restore(state);
    return result;
}

static bool is_empty(const struct kiln_message_buffer *buffer)
{
    return buffer->bytes.count == 0;
}

static bool has_room(const struct kiln_message_buffer *buffer, const struct letter *letter)
{
    return letter->bytes + KILN_MESSAGE_OVERHEAD <= byte_ring_room(&buffer->bytes);
}

static void put(struct kiln_message_buffer *buffer, const struct letter *letter)
{
    uint32_t bytes = (uint32_t)letter->bytes;

    byte_ring_put(&buffer->bytes, &bytes, sizeof(bytes));
    byte_ring_put(&buffer->bytes, letter->data, bytes);
}

/* How large the oldest message is. */
static uint32_t first_bytes(const struct kiln_message_buffer *buffer)
{
    struct kiln_byte_ring looked_at = buffer->bytes;
    uint32_t bytes;

    byte_ring_take(&looked_at, &bytes, sizeof(bytes));
    return bytes;
}

static int take(struct kiln_message_buffer *buffer, struct letter *letter)
{
    uint32_t bytes = first_bytes(buffer);

    letter->bytes = bytes;
    if (bytes > letter->most)
        return -EMSGSIZE;
    byte_ring_take(&buffer->bytes, &bytes, sizeof(bytes));
    byte_ring_take(&buffer->bytes, letter->data, bytes);
    return 0;
}

/* Threads whose waits are over, in their order. */
struct woken {
    struct kiln_thread *first, **last;
};

static void end_wait(struct kiln_message_buffer *buffer, struct kiln_thread *thread,
                     struct woken *woken)
{
    core_wait_remove(&buffer->waiters, thread);
    thread->next = NULL;
    *woken->last = thread;
    woken->last = &thread->next;
}

/* To the first who waits and has room for it; those before learn that they have not. False: there
 * is nobody. */
static bool deliver(struct kiln_message_buffer *buffer, const struct letter *letter,
                    struct woken *woken)
{
    struct kiln_thread *receiver;

    while ((receiver = buffer->waiters.first) != NULL) {
        struct letter *room = receiver->exchange;

        end_wait(buffer, receiver, woken);
        room->bytes = letter->bytes;
        room->error = letter->bytes > room->most ? -EMSGSIZE : 0;
        if (!room->error) {
            memcpy(room->data, letter->data, letter->bytes);
            return true;
        }
    }
    return false;
}

/* Those senders for whose messages there is room now. */
static void admit(struct kiln_message_buffer *buffer, struct woken *woken)
{
    struct kiln_thread *sender;

    while ((sender = buffer->waiters.first) != NULL && has_room(buffer, sender->exchange)) {
        put(buffer, sender->exchange);
        end_wait(buffer, sender, woken);
    }
}

/* The lock is held, and is released. */
static void wake(struct kiln_message_buffer *buffer, const struct woken *woken, uintptr_t state)
{
    core_unlock(&buffer->waiters.lock);
    core_wake_list(0, woken->first, state);
}

/* The lock is held, and is released. */
static int wait(struct kiln_message_buffer *buffer, struct letter *letter, int64_t deadline,
                uintptr_t state)
{
    int error;

    if (deadline == KILN_NOWAIT)
        return leave(buffer, -EAGAIN, state);
    arch_thread_self()->exchange = letter;
    error = core_wait_until(&buffer->waiters, deadline, state);
    return error ? error : letter->error;
}

/* Who has waited in vain was in front of others, for whose messages there may be room. */
static void give_way(struct kiln_message_buffer *buffer)
{
    uintptr_t state = enter(buffer);
    struct woken woken = {NULL, &woken.first};

    if (!is_empty(buffer) && !core_wait_is_gone(buffer->waiters.first))
        admit(buffer, &woken);
    wake(buffer, &woken, state);
}

static bool is_above_all(const struct kiln_message_buffer *buffer)
{
    const struct kiln_thread *first = buffer->waiters.first;

    return !first || first->priority < arch_thread_self()->priority;
}

int kiln_message_buffer_send_until(struct kiln_message_buffer *buffer, const void *message,
                                   size_t bytes, int64_t deadline)
{
    struct letter letter = {(void *)(uintptr_t)message, bytes, 0, 0};
    struct woken woken = {NULL, &woken.first};
    uintptr_t state = enter(buffer);
    int error;

    if (core_wait_is_gone(buffer->waiters.first)) {
        leave(buffer, 0, state);
        return core_wait_refuse(&buffer->waiters);
    }
    if (bytes > UINT32_MAX || bytes + KILN_MESSAGE_OVERHEAD > buffer->bytes.size)
        return leave(buffer, -EMSGSIZE, state);
    if (is_empty(buffer) || (has_room(buffer, &letter) && is_above_all(buffer))) {
        if (!is_empty(buffer) || !deliver(buffer, &letter, &woken)) {
            put(buffer, &letter);
            *woken.last = core_poll_tell(&buffer->pollers);
        }
        wake(buffer, &woken, state);
        return 0;
    }
    error = wait(buffer, &letter, deadline, state);
    if (error == -ETIMEDOUT || error == -EINTR)
        give_way(buffer);
    return error;
}

int kiln_message_buffer_send(struct kiln_message_buffer *buffer, const void *message, size_t bytes)
{
    return kiln_message_buffer_send_until(buffer, message, bytes, KILN_FOREVER);
}

int kiln_message_buffer_try_send(struct kiln_message_buffer *buffer, const void *message,
                                 size_t bytes)
{
    return kiln_message_buffer_send_until(buffer, message, bytes, KILN_NOWAIT);
}

int kiln_message_buffer_receive_until(struct kiln_message_buffer *buffer, void *message,
                                      size_t most, size_t *bytes, int64_t deadline)
{
    struct letter letter = {message, 0, most, 0};
    struct woken woken = {NULL, &woken.first};
    uintptr_t state = enter(buffer);
    int error = 0;

    if (core_wait_is_gone(buffer->waiters.first)) {
        leave(buffer, 0, state);
        return core_wait_refuse(&buffer->waiters);
    }
    if (is_empty(buffer)) {
        error = wait(buffer, &letter, deadline, state);
    } else {
        error = take(buffer, &letter);
        if (!error)
            admit(buffer, &woken);
        wake(buffer, &woken, state);
    }
    *bytes = letter.bytes;
    return error;
}

int kiln_message_buffer_receive(struct kiln_message_buffer *buffer, void *message, size_t most,
                                size_t *bytes)
{
    return kiln_message_buffer_receive_until(buffer, message, most, bytes, KILN_FOREVER);
}

int kiln_message_buffer_try_receive(struct kiln_message_buffer *buffer, void *message, size_t most,
                                    size_t *bytes)
{
    return kiln_message_buffer_receive_until(buffer, message, most, bytes, KILN_NOWAIT);
}

void kiln_message_buffer_destroy(struct kiln_message_buffer *buffer)
{
    uintptr_t state = enter(buffer);

    buffer->bytes.count = 0;
    core_wait_destroy(&buffer->waiters, state);
    core_poll_destroyed(&buffer->pollers, &buffer->waiters.lock);
}

void kiln_message_buffer_init(struct kiln_message_buffer *buffer, void *memory, size_t capacity)
{
    *buffer = (struct kiln_message_buffer){
        KILN_WAIT_QUEUE_INIT("message buffer"), {memory, capacity, 0, 0}, NULL};
}
