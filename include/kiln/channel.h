/*
 * Channels: a client calls, and waits until the server has replied. From its call to its reply the
 * server has at least the client's priority, and that of all who wait for their turn, through
 * chains of channels and mutexes. Those of the highest priority are served first, equals in the
 * order in which they came. A channel has one server at a time: the thread that receives from it,
 * until it ends or leaves.
 */
#ifndef KILN_CHANNEL_H
#define KILN_CHANNEL_H

#include <kiln/api.h>
#include <kiln/mutex.h>

KILN_BEGIN

struct kiln_poll_item;

/** A channel. Its members are the runtime's own. */
struct kiln_channel {
    struct kiln_mutex clients;   /* "held" by the server, and all who call wait for it */
    struct kiln_wait_queue idle; /* the server, while nobody calls */
    struct kiln_thread *client;  /* whose call is served; NULL: it has given up */
    struct kiln_poll_item *pollers;
    struct kiln_channel *next; /* of the same server */
    bool has_call;             /* one is served */
    bool is_lent;              /* the server holds `clients` */
    bool is_gone;
};

/** A channel without a server. */
#define KILN_CHANNEL_INIT                                                                          \
    {                                                                                              \
        {0, KILN_WAIT_QUEUE_INIT("reply"), NULL, NULL, 0, 0, 0}, KILN_WAIT_QUEUE_INIT("call"),     \
            NULL, NULL, NULL, false, false, false                                                  \
    }
#define KILN_CHANNEL(name) struct kiln_channel name = KILN_CHANNEL_INIT

/** Makes one. Any context. */
void kiln_channel_init(struct kiln_channel *channel);

/**
 * Sends a request, which is copied to the server's memory, and waits for the reply, which is copied
 * to `reply`, of `most` bytes; its size goes to *reply_bytes, which may be NULL. While there is no
 * server it waits for one. 0; -EMSGSIZE: the request does not fit into the server's memory, or the
 * reply into `reply`; -EPIPE: the server has ended or left; -EIDRM: the channel was destroyed;
 * -EDEADLK: the caller is the server. Neither interrupted nor cancelled. Thread context with
 * interrupts on.
 */
int kiln_channel_call(struct kiln_channel *channel, const void *request, size_t bytes, void *reply,
                      size_t most, size_t *reply_bytes);

/** The same until a deadline: -ETIMEDOUT; then the server goes on, and its reply goes nowhere.
 * KILN_NOWAIT: -EAGAIN. Thread context with interrupts on. */
int kiln_channel_call_until(struct kiln_channel *channel, const void *request, size_t bytes,
                            void *reply, size_t most, size_t *reply_bytes, int64_t deadline);

/**
 * Waits for a call; the caller is the channel's server from then on. The request is copied to
 * `request`, of `most` bytes, its size to *bytes; calls whose requests are larger fail. 0; -EBUSY:
 * another thread is the server, or the last call is not replied to (a debug build panics); -EINTR:
 * the wait was interrupted; -EIDRM: the channel was destroyed. Thread context with interrupts on. A
 * cancellation point.
 */
int kiln_channel_receive(struct kiln_channel *channel, void *request, size_t most, size_t *bytes);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: -EAGAIN. Thread context with interrupts on.
 */
int kiln_channel_receive_until(struct kiln_channel *channel, void *request, size_t most,
                               size_t *bytes, int64_t deadline);

/**
 * Replies to the call that was received last, and gives back what the client has lent. 0; -ESRCH:
 * the client's time is over; -EMSGSIZE: the reply does not fit, which the client learns, too;
 * -EPERM: there is no such call, or the caller is not the server (a debug build panics); -EIDRM.
 * Thread context with interrupts on.
 */
int kiln_channel_reply(struct kiln_channel *channel, const void *reply, size_t bytes);

/** The caller is no longer the server: those who wait get -EPIPE. 0; -EPERM: it was not. Thread
 * context with interrupts on. */
int kiln_channel_leave(struct kiln_channel *channel);

/** Ends the waits of those who wait for it with -EIDRM. Who uses it later gets -EIDRM (a debug
 * build panics), until it is made anew. Thread context with interrupts on. */
void kiln_channel_destroy(struct kiln_channel *channel);

KILN_END

#endif
