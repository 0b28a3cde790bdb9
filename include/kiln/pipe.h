/*
 * Pipes: bytes in their order, without bounds between what was written at once and what is read. A
 * reader that waits has what is written copied straight into its buffer; what a writer waits with
 * goes where room becomes free. Those of the highest priority go on first, equals in the order in
 * which they came.
 */
#ifndef KILN_PIPE_H
#define KILN_PIPE_H

#include <kiln/api.h>
#include <kiln/byte_ring.h>
#include <kiln/wait.h>

KILN_BEGIN

struct kiln_poll_item;

/** A pipe. Its members are the runtime's own. */
struct kiln_pipe {
    struct kiln_wait_queue waiters; /* readers while it is empty, writers while it is full */
    struct kiln_byte_ring bytes;    /* its lock */
    struct kiln_poll_item *pollers; /* the same */
};

/** A pipe without bytes, over an array of bytes. */
#define KILN_PIPE_INIT(array)                                                                      \
    {                                                                                              \
        KILN_WAIT_QUEUE_INIT("pipe"), {(array), sizeof(array), 0, 0}, NULL                         \
    }

/** Defines a pipe `name` for up to `capacity` bytes, and their memory. */
#define KILN_PIPE(name, capacity)                                                                  \
    static uint8_t name##_bytes[capacity];                                                         \
    struct kiln_pipe name = KILN_PIPE_INIT(name##_bytes)

/** Makes one over memory of so many bytes, 1 or more. Any context. */
void kiln_pipe_init(struct kiln_pipe *pipe, void *memory, size_t capacity);

/** So many bytes at most are copied with interrupts masked: if more are read or written at once,
 * others may read or write in between. */
#define KILN_PIPE_STEP 512

/**
 * Writes all of some bytes, waiting until there is room for them. 0; -EINTR: the wait was
 * interrupted; -EIDRM: the pipe was destroyed; then some may have been written. Thread context with
 * interrupts on. A cancellation point.
 */
int kiln_pipe_write(struct kiln_pipe *pipe, const void *data, size_t bytes);

/** The same until a deadline; how many were written is in *written, which may be NULL. -ETIMEDOUT;
 * KILN_NOWAIT: -EAGAIN if not all were. Thread context with interrupts on. */
int kiln_pipe_write_until(struct kiln_pipe *pipe, const void *data, size_t bytes, size_t *written,
                          int64_t deadline);

/** Writes as many as there is room for. 0, or -EAGAIN if not all were written. Any context. */
int kiln_pipe_try_write(struct kiln_pipe *pipe, const void *data, size_t bytes, size_t *written);

/**
 * Reads up to so many bytes (1 or more), waiting until there is one; how many it were is in *count.
 * 0; -EINTR; -EIDRM. Thread context with interrupts on. A cancellation point.
 */
int kiln_pipe_read(struct kiln_pipe *pipe, void *data, size_t bytes, size_t *count);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: as kiln_pipe_try_read(). Thread context with
 * interrupts on. */
int kiln_pipe_read_until(struct kiln_pipe *pipe, void *data, size_t bytes, size_t *count,
                         int64_t deadline);

/** Reads up to so many bytes if there are any: 0 or -EAGAIN. Any context. */
int kiln_pipe_try_read(struct kiln_pipe *pipe, void *data, size_t bytes, size_t *count);

/** How many bytes there are. Any context; it may be stale at once. */
size_t kiln_pipe_count(const struct kiln_pipe *pipe);

/** Ends the waits of those who wait for it with -EIDRM; what is in it is lost. Who uses it later
 * gets -EIDRM (a debug build panics), until it is made anew. Any context. */
void kiln_pipe_destroy(struct kiln_pipe *pipe);

KILN_END

#endif
