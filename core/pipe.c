/*
 * Pipes. While the pipe is empty those who wait are readers, else writers: it is full then, but for
 * the moment until the next of them has been asked for more.
 */
#include <kiln/pipe.h>

#include <errno.h>
#include <core/byte_ring.h>
#include <core/poll.h>
#include <core/wait.h>
#include <kiln/time.h>
#include <string.h>

/* What a thread that waits has still to write, or may read: kiln_thread.exchange. */
struct transfer {
    uint8_t *data;
    size_t bytes; /* that are left */
};

static inline uintptr_t enter(struct kiln_pipe *pipe)
{
    uintptr_t state = arch_irq_save();

    core_lock(&pipe->waiters.lock);
    return state;
}

static inline int leave(struct kiln_pipe *pipe, int result, uintptr_t state)
{
    core_unlock(&pipe->waiters.lock);
    arch_irq_restore(state);
    return result;
}

static size_t least(size_t first, size_t second)
{
    return first < second ? first : second;
}

static void advance(struct transfer *transfer, size_t bytes)
{
    transfer->data += bytes;
    transfer->bytes -= bytes;
}

/* The first who waits goes on. The lock is held, and is released. */
static void let_go(struct kiln_pipe *pipe, struct kiln_thread *thread, uintptr_t state)
{
    core_wait_remove(&pipe->waiters, thread);
    core_unlock(&pipe->waiters.lock);
    core_wake(0, thread, state);
}

/* Writes a part, to who waits for it or into the pipe. The lock is held, and is released. */
static void write_some(struct kiln_pipe *pipe, struct transfer *from, uintptr_t state)
{
    struct kiln_thread *reader = pipe->bytes.count ? NULL : pipe->waiters.first, *list;
    size_t bytes = least(from->bytes, KILN_PIPE_STEP);

    if (reader) {
        struct transfer *to = reader->exchange;

        bytes = least(bytes, to->bytes);
        memcpy(to->data, from->data, bytes);
        advance(to, bytes);
        advance(from, bytes);
        let_go(pipe, reader, state);
        return;
    }
    bytes = least(bytes, byte_ring_room(&pipe->bytes));
    byte_ring_put(&pipe->bytes, from->data, bytes);
    advance(from, bytes);
    list = core_poll_tell(&pipe->pollers);
    core_unlock(&pipe->waiters.lock);
    core_poll_wake(list, state);
}

static bool has_room(const struct kiln_pipe *pipe)
{
    return byte_ring_room(&pipe->bytes) > 0 &&
           (pipe->bytes.count == 0 || pipe->waiters.first == NULL);
}

static int write_all(struct kiln_pipe *pipe, struct transfer *transfer, int64_t deadline)
{
    while (transfer->bytes) {
        uintptr_t state = enter(pipe);

        if (core_wait_is_gone(pipe->waiters.first)) {
            leave(pipe, 0, state);
            return core_wait_refuse(&pipe->waiters);
        }
        if (has_room(pipe)) {
            write_some(pipe, transfer, state);
            continue;
        }
        if (deadline == KILN_NOWAIT)
            return leave(pipe, -EAGAIN, state);
        arch_thread_self()->exchange = transfer;
        return core_wait_until(&pipe->waiters, deadline, state);
    }
    return 0;
}

int kiln_pipe_write_until(struct kiln_pipe *pipe, const void *data, size_t bytes, size_t *written,
                          int64_t deadline)
{
    struct transfer transfer = {(uint8_t *)(uintptr_t)data, bytes};
    int error = write_all(pipe, &transfer, deadline);

    if (written)
        *written = bytes - transfer.bytes;
    return error;
}

int kiln_pipe_write(struct kiln_pipe *pipe, const void *data, size_t bytes)
{
    return kiln_pipe_write_until(pipe, data, bytes, NULL, KILN_FOREVER);
}

int kiln_pipe_try_write(struct kiln_pipe *pipe, const void *data, size_t bytes, size_t *written)
{
    return kiln_pipe_write_until(pipe, data, bytes, written, KILN_NOWAIT);
}

/* Of what a writer waits with, as much as there is room for. The lock is held, and is released. */
static void refill(struct kiln_pipe *pipe, uintptr_t state)
{
    struct kiln_thread *writer = pipe->waiters.first;
    struct transfer *from = writer ? writer->exchange : NULL;
    size_t bytes;

    if (!from) {
        leave(pipe, 0, state);
        return;
    }
    bytes = least(least(from->bytes, KILN_PIPE_STEP), byte_ring_room(&pipe->bytes));
    byte_ring_put(&pipe->bytes, from->data, bytes);
    advance(from, bytes);
    if (from->bytes)
        leave(pipe, 0, state);
    else
        let_go(pipe, writer, state);
}

/* There are bytes. The lock is held, and is released. */
static void read_some(struct kiln_pipe *pipe, struct transfer *to, uintptr_t state)
{
    size_t bytes = least(least(to->bytes, KILN_PIPE_STEP), pipe->bytes.count);

    byte_ring_take(&pipe->bytes, to->data, bytes);
    advance(to, bytes);
    refill(pipe, state);
}

static int read_any(struct kiln_pipe *pipe, struct transfer *transfer, int64_t deadline)
{
    size_t wanted = transfer->bytes;

    while (transfer->bytes) {
        uintptr_t state = enter(pipe);

        if (core_wait_is_gone(pipe->waiters.first)) {
            leave(pipe, 0, state);
            return core_wait_refuse(&pipe->waiters);
        }
        if (pipe->bytes.count) {
            read_some(pipe, transfer, state);
            continue;
        }
        if (transfer->bytes < wanted)
            return leave(pipe, 0, state);
        if (deadline == KILN_NOWAIT)
            return leave(pipe, -EAGAIN, state);
        arch_thread_self()->exchange = transfer;
        return core_wait_until(&pipe->waiters, deadline, state);
    }
    return 0;
}

int kiln_pipe_read_until(struct kiln_pipe *pipe, void *data, size_t bytes, size_t *count,
                         int64_t deadline)
{
    struct transfer transfer = {data, bytes};
    int error = read_any(pipe, &transfer, deadline);

    *count = bytes - transfer.bytes;
    return error;
}

int kiln_pipe_read(struct kiln_pipe *pipe, void *data, size_t bytes, size_t *count)
{
    return kiln_pipe_read_until(pipe, data, bytes, count, KILN_FOREVER);
}

int kiln_pipe_try_read(struct kiln_pipe *pipe, void *data, size_t bytes, size_t *count)
{
    return kiln_pipe_read_until(pipe, data, bytes, count, KILN_NOWAIT);
}

size_t kiln_pipe_count(const struct kiln_pipe *pipe)
{
    return __atomic_load_n(&pipe->bytes.count, __ATOMIC_RELAXED);
}

void kiln_pipe_destroy(struct kiln_pipe *pipe)
{
    uintptr_t state = enter(pipe);

    pipe->bytes.count = 0;
    core_wait_destroy(&pipe->waiters, state);
    core_poll_destroyed(&pipe->pollers, &pipe->waiters.lock);
}

void kiln_pipe_init(struct kiln_pipe *pipe, void *memory, size_t capacity)
{
    *pipe = (struct kiln_pipe){KILN_WAIT_QUEUE_INIT("pipe"), {memory, capacity, 0, 0}, NULL};
}
