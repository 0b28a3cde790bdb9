/*
 * Channels. What clients lend the server is what a mutex gives its owner: the server "holds" the
 * channel's, and those who call wait for it, also while they are served. Everything but the waiting
 * itself is under core_inheritance_lock.
 */
#include <kiln/channel.h>

#include <errno.h>
#include <core/channel.h>
#include <core/priority.h>
#include <core/poll.h>
#include <core/wait.h>
#include <kiln/time.h>
#include <string.h>

/* What a client, or an idle server, waits with: kiln_thread.exchange. */
struct call {
    const void *request;
    size_t bytes;
    void *room; /* for the reply; of a server for the request */
    size_t most;
    size_t got;
    int error;
};

/* As of a mutex for which others wait, which nobody gives back by himself. */
#define OTHERS_WAIT UINT64_C(1)

static inline struct kiln_thread *server_of(const struct kiln_channel *channel)
{
    return (struct kiln_thread *)(uintptr_t)(channel->clients.owner & ~OTHERS_WAIT);
}

static inline uintptr_t enter(void)
{
    uintptr_t state = arch_irq_save();

    core_lock(&core_inheritance_lock);
    return state;
}

/* Somebody may have another priority, or be ready. */
static inline int leave(int result, uintptr_t state)
{
    core_unlock(&core_inheritance_lock);
    core_reschedule(state);
    return result;
}

static int refuse(const struct kiln_channel *channel, uintptr_t state)
{
    leave(0, state);
    if (KILN_CONFIG_CHECKS)
        kiln_panic("channel %p is used, which was destroyed", (const void *)channel);
    return -EIDRM;
}

static inline void copy(void *to, const void *from, size_t bytes)
{
    memcpy(to, from, bytes);
}

static void leave_all(struct kiln_thread *server);

/* The server holds it while somebody waits. */
static void add_held(struct kiln_thread *server, struct kiln_channel *channel)
{
    channel->clients.next_held = server->held;
    server->held = &channel->clients;
}

static void remove_held(struct kiln_thread *server, struct kiln_channel *channel)
{
    struct kiln_mutex **place = &server->held;

    while (*place != &channel->clients)
        place = &(*place)->next_held;
    *place = channel->clients.next_held;
}

/* A client waits no more; false: its time was over before. */
static bool take_client(struct kiln_channel *channel, struct kiln_thread *client)
{
    struct kiln_wait_queue *queue = &channel->clients.queue;
    bool does_wait;

    core_lock(&queue->lock);
    does_wait = client->queue == queue;
    if (does_wait)
        core_wait_remove(queue, client);
    core_unlock(&queue->lock);
    if (does_wait)
        client->wants = NULL;
    return does_wait;
}

/* Somebody waits no more: the server has what the others lend it. */
static void settle(struct kiln_channel *channel)
{
    struct kiln_thread *server = server_of(channel);

    if (!server)
        return;
    if (channel->is_lent && !channel->clients.queue.first) {
        remove_held(server, channel);
        channel->is_lent = false;
    }
    core_inherit(server);
}

/* The first who calls, with its request in the server's memory: it waits for the reply from now on.
 * Those whose requests are too large do not; they are added to the list. NULL: nobody calls. */
static struct kiln_thread *accept(struct kiln_channel *channel, struct call *room,
                                  struct kiln_thread **refused)
{
    struct kiln_thread *client;

    while ((client = channel->clients.queue.first) != NULL) {
        struct call *call = client->exchange;

        if (call->bytes <= room->most) {
            copy(room->room, call->request, call->bytes);
            room->got = call->bytes;
            channel->client = client;
            channel->has_call = true;
            return client;
        }
        call->error = -EMSGSIZE;
        if (take_client(channel, client)) {
            client->next = *refused;
            *refused = client;
        }
    }
    return NULL;
}

/* The server waits, and there is a call: it goes on. */
static struct kiln_thread *wake_server(struct kiln_channel *channel, struct kiln_thread **refused)
{
    struct kiln_thread *server;

    core_lock(&channel->idle.lock);
    server = channel->idle.first;
    if (server && accept(channel, server->exchange, refused))
        core_wait_remove(&channel->idle, server);
    else
        server = NULL;
    core_unlock(&channel->idle.lock);
    return server;
}

/* As core_wait_firmly(), with the server woken in between. core_inheritance_lock is released. */
static int wait_for_reply(struct kiln_channel *channel, struct kiln_thread *self, uintptr_t state)
{
    struct kiln_wait_queue *queue = &channel->clients.queue;
    struct kiln_thread *server, *told, *refused = NULL;

    core_leave_run_queue(arch_percpu(), self);
    core_lock(&queue->lock);
    core_wait_add(queue, self);
    core_unlock(&queue->lock);
    server = server_of(channel);
    if (server && !channel->is_lent) {
        add_held(server, channel);
        channel->is_lent = true;
    }
    if (server)
        core_inherit(server);
    server = server ? wake_server(channel, &refused) : NULL;
    told = channel->has_call ? NULL : core_poll_tell(&channel->pollers);
    if (refused)
        settle(channel);
    core_unlock(&core_inheritance_lock);
    if (server)
        core_make_ready_anywhere(0, server);
    core_make_ready_list(0, told);
    core_make_ready_list(0, refused);
    return core_block(arch_percpu(), self, run_queue_first(arch_percpu()), state);
}

/* The time is over, for the server, too. */
static void give_up(struct kiln_channel *channel, struct kiln_thread *self)
{
    uintptr_t state = enter();

    self->wants = NULL;
    if (channel->client == self)
        channel->client = NULL;
    settle(channel);
    leave(0, state);
}

int kiln_channel_call_until(struct kiln_channel *channel, const void *request, size_t bytes,
                            void *reply, size_t most, size_t *reply_bytes, int64_t deadline)
{
    struct call call = {request, bytes, reply, most, 0, 0};
    struct kiln_thread *self = arch_thread_self();
    uintptr_t state = enter();
    int error;

    if (channel->is_gone)
        return refuse(channel, state);
    if (deadline == KILN_NOWAIT)
        return leave(-EAGAIN, state);
    if (server_of(channel) == self)
        return leave(-EDEADLK, state);
    core_assert_may_wait(state);
    self->exchange = &call;
    self->wants = &channel->clients;
    __atomic_store_n(&self->firm, FIRM_WAIT, __ATOMIC_RELAXED);
    if (deadline != KILN_FOREVER)
        core_wait_start_timer(self, deadline);
    error = wait_for_reply(channel, self, state);
    if (deadline != KILN_FOREVER && error != -ETIMEDOUT)
        core_wait_stop_timer(self);
    __atomic_store_n(&self->firm, 0, __ATOMIC_RELAXED);
    if (error == -ETIMEDOUT)
        give_up(channel, self);
    if (reply_bytes)
        *reply_bytes = call.got;
    return error ? error : call.error;
}

int kiln_channel_call(struct kiln_channel *channel, const void *request, size_t bytes, void *reply,
                      size_t most, size_t *reply_bytes)
{
    return kiln_channel_call_until(channel, request, bytes, reply, most, reply_bytes, KILN_FOREVER);
}

/* Nobody calls. core_inheritance_lock is released. */
static int wait_for_call(struct kiln_channel *channel, struct kiln_thread *self, struct call *room,
                         int64_t deadline, uintptr_t state)
{
    if (deadline == KILN_NOWAIT)
        return leave(-EAGAIN, state);
    self->exchange = room;
    core_lock(&channel->idle.lock);
    core_unlock(&core_inheritance_lock);
    return core_wait_until(&channel->idle, deadline, state);
}

/* The thread is the server, if nobody else is. */
static bool serve(struct kiln_channel *channel, struct kiln_thread *self)
{
    if (server_of(channel))
        return server_of(channel) == self;
    core_channels_leave = leave_all;
    __atomic_store_n(&channel->clients.owner, (uintptr_t)self | OTHERS_WAIT, __ATOMIC_RELAXED);
    channel->next = self->serves;
    self->serves = channel;
    if (channel->clients.queue.first) {
        add_held(self, channel);
        channel->is_lent = true;
        core_inherit(self);
    }
    return true;
}

static int receive(struct kiln_channel *channel, struct call *room, int64_t deadline)
{
    struct kiln_thread *self = arch_thread_self(), *refused = NULL;
    uintptr_t state = enter();
    const struct kiln_thread *client;

    if (channel->is_gone)
        return refuse(channel, state);
    if (!serve(channel, self))
        return leave(-EBUSY, state);
    if (channel->has_call) {
        leave(0, state);
        if (KILN_CONFIG_CHECKS)
            kiln_panic("thread %s receives from channel %p, and has not replied to the last call",
                       self->name, (void *)channel);
        return -EBUSY;
    }
    client = accept(channel, room, &refused);
    if (!client && !refused)
        return wait_for_call(channel, self, room, deadline, state);
    if (refused)
        settle(channel);
    core_make_ready_list(0, refused);
    leave(0, state);
    return client ? 0 : receive(channel, room, deadline);
}

int kiln_channel_receive_until(struct kiln_channel *channel, void *request, size_t most,
                               size_t *bytes, int64_t deadline)
{
    struct call room = {NULL, 0, request, most, 0, 0};
    int error = receive(channel, &room, deadline);

    *bytes = room.got;
    return error;
}

int kiln_channel_receive(struct kiln_channel *channel, void *request, size_t most, size_t *bytes)
{
    return kiln_channel_receive_until(channel, request, most, bytes, KILN_FOREVER);
}

static int refuse_reply(const struct kiln_channel *channel, uintptr_t state)
{
    leave(0, state);
    if (KILN_CONFIG_CHECKS)
        kiln_panic("thread %s replies in channel %p, where it has received no call",
                   arch_thread_self()->name, (const void *)channel);
    return -EPERM;
}

/* The reply goes to the client. */
static int answer(struct call *call, const void *reply, size_t bytes)
{
    call->error = bytes > call->most ? -EMSGSIZE : 0;
    call->got = bytes;
    if (!call->error)
        copy(call->room, reply, bytes);
    return call->error;
}

int kiln_channel_reply(struct kiln_channel *channel, const void *reply, size_t bytes)
{
    uintptr_t state = enter();
    struct kiln_thread *client = channel->client, *told;
    int error;

    if (channel->is_gone)
        return refuse(channel, state);
    if (server_of(channel) != arch_thread_self() || !channel->has_call)
        return refuse_reply(channel, state);
    channel->has_call = false;
    channel->client = NULL;
    if (client && !take_client(channel, client))
        client = NULL;
    error = client ? answer(client->exchange, reply, bytes) : -ESRCH;
    settle(channel);
    told = channel->clients.queue.first ? core_poll_tell(&channel->pollers) : NULL;
    core_unlock(&core_inheritance_lock);
    if (client)
        core_make_ready_anywhere(0, client);
    core_wake_list(0, told, state);
    return error;
}

/* All who call go on with an error; the channel has no server any more. core_inheritance_lock. */
static struct kiln_thread *end(struct kiln_channel *channel, int error)
{
    struct kiln_thread *server = server_of(channel), *client, *list = NULL;

    while ((client = channel->clients.queue.first) != NULL) {
        ((struct call *)client->exchange)->error = error;
        if (take_client(channel, client)) {
            client->next = list;
            list = client;
        }
    }
    settle(channel);
    channel->client = NULL;
    channel->has_call = false;
    __atomic_store_n(&channel->clients.owner, 0, __ATOMIC_RELAXED);
    if (server) {
        struct kiln_channel **place = &server->serves;

        while (*place != channel)
            place = &(*place)->next;
        *place = channel->next;
    }
    return list;
}

/* core_inheritance_lock is held, and is released. */
static void end_and_wake(struct kiln_channel *channel, int error, uintptr_t state)
{
    struct kiln_thread *list = end(channel, error);

    core_unlock(&core_inheritance_lock);
    core_wake_list(0, list, state);
}

static void leave_all(struct kiln_thread *server)
{
    for (;;) {
        uintptr_t state = enter();

        if (!server->serves) {
            leave(0, state);
            return;
        }
        end_and_wake(server->serves, -EPIPE, state);
    }
}

int kiln_channel_leave(struct kiln_channel *channel)
{
    uintptr_t state = enter();

    if (channel->is_gone)
        return refuse(channel, state);
    if (server_of(channel) != arch_thread_self())
        return leave(-EPERM, state);
    end_and_wake(channel, -EPIPE, state);
    return 0;
}

void kiln_channel_destroy(struct kiln_channel *channel)
{
    uintptr_t state = enter();

    channel->is_gone = true;
    end_and_wake(channel, -EIDRM, state);
    state = arch_irq_save();
    core_lock(&channel->idle.lock);
    core_wait_destroy(&channel->idle, state);
    core_poll_destroyed(&channel->pollers, &core_inheritance_lock);
}

void kiln_channel_init(struct kiln_channel *channel)
{
    *channel = (struct kiln_channel)KILN_CHANNEL_INIT;
}
