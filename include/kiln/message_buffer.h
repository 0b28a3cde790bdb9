/*
 * Message buffers: messages of any size, copied into the buffer and out of it again, each as a
 * whole. A receiver that waits has its message copied straight into its memory. Those of the
 * highest priority go on first, equals in the order in which they came.
 */
#ifndef KILN_MESSAGE_BUFFER_H
#define KILN_MESSAGE_BUFFER_H

#include <kiln/api.h>
#include <kiln/byte_ring.h>
#include <kiln/wait.h>

KILN_BEGIN

struct kiln_poll_item;

/** A message buffer. Its members are the runtime's own. */
struct kiln_message_buffer {
    struct kiln_wait_queue waiters; /* receivers while it is empty, senders otherwise */
    struct kiln_byte_ring bytes;    /* messages, each behind its size; the lock */
    struct kiln_poll_item *pollers; /* the same */
};

/** What a message takes beside its bytes. */
#define KILN_MESSAGE_OVERHEAD sizeof(uint32_t)

/** A buffer without messages, over an array of bytes. */
#define KILN_MESSAGE_BUFFER_INIT(array)                                                            \
    {                                                                                              \
        KILN_WAIT_QUEUE_INIT("message buffer"), {(array), sizeof(array), 0, 0}, NULL               \
    }

/** Defines a buffer `name` of so many bytes, and its memory. */
#define KILN_MESSAGE_BUFFER(name, capacity)                                                        \
    static uint8_t name##_bytes[capacity];                                                         \
    struct kiln_message_buffer name = KILN_MESSAGE_BUFFER_INIT(name##_bytes)

/** Makes one over memory of so many bytes. Any context. */
void kiln_message_buffer_init(struct kiln_message_buffer *buffer, void *memory, size_t capacity);

/**
 * Puts a message behind the others, waiting until there is room. 0; -EMSGSIZE: it does not fit into
 * an empty buffer; -EINTR: the wait was interrupted; -EIDRM: the buffer was destroyed. Interrupts
 * are masked while it is copied. Thread context with interrupts on. A cancellation point.
 */
int kiln_message_buffer_send(struct kiln_message_buffer *buffer, const void *message, size_t bytes);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: as kiln_message_buffer_try_send(). Thread
 * context with interrupts on. */
int kiln_message_buffer_send_until(struct kiln_message_buffer *buffer, const void *message,
                                   size_t bytes, int64_t deadline);

/** Puts a message behind the others if there is room, and nobody waits for some: 0, -EAGAIN or
 * -EMSGSIZE. Any context. */
int kiln_message_buffer_try_send(struct kiln_message_buffer *buffer, const void *message,
                                 size_t bytes);

/**
 * Takes the oldest message, waiting until there is one; its size is in *bytes. 0; -EMSGSIZE: it is
 * larger than `most`, and stays; -EINTR; -EIDRM. Thread context with interrupts on. A cancellation
 * point.
 */
int kiln_message_buffer_receive(struct kiln_message_buffer *buffer, void *message, size_t most,
                                size_t *bytes);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: as kiln_message_buffer_try_receive(). Thread
 * context with interrupts on. */
int kiln_message_buffer_receive_until(struct kiln_message_buffer *buffer, void *message,
                                      size_t most, size_t *bytes, int64_t deadline);

/** Takes the oldest message if there is one: 0, -EAGAIN or -EMSGSIZE. Any context. */
int kiln_message_buffer_try_receive(struct kiln_message_buffer *buffer, void *message, size_t most,
                                    size_t *bytes);

/** Ends the waits of those who wait for it with -EIDRM; what is in it is lost. Who uses it later
 * gets -EIDRM (a debug build panics), until it is made anew. Any context. */
void kiln_message_buffer_destroy(struct kiln_message_buffer *buffer);

KILN_END

#endif
