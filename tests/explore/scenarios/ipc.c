/* Channels, mailboxes, pipes, message buffers: what is sent arrives once, and priorities go back.
 */
#include <explore.h>

#include <errno.h>
#include <core/mutex.h>
#include <core/priority.h>
#include <kiln/channel.h>
#include <kiln/mailbox.h>
#include <kiln/message_buffer.h>
#include <kiln/pipe.h>
#include <kiln/time.h>
#include <string.h>

#define LOW  40
#define HIGH 70

KILN_CHANNEL(channel);
KILN_MAILBOX(mailbox, 1);
KILN_PIPE(pipe, 2);
KILN_MESSAGE_BUFFER(buffer, 16);
static struct kiln_thread *client, *server;
static unsigned served, answered;
static char block;

/* Channels. */

static void call_until(void *unused)
{
    uint32_t request = 5, reply = 0;
    int error = kiln_channel_call_until(&channel, &request, sizeof(request), &reply, sizeof(reply),
                                        NULL, 1000);

    (void)unused;
    EXPLORE_CHECK(error == 0 || error == -ETIMEDOUT);
    EXPLORE_CHECK(error || reply == 6);
    answered += error == 0;
}

static void call(void *unused)
{
    uint32_t request = 7, reply = 0;

    (void)unused;
    EXPLORE_CHECK(
        kiln_channel_call(&channel, &request, sizeof(request), &reply, sizeof(reply), NULL) == 0);
    EXPLORE_CHECK(reply == 8);
}

static int serve_one(int64_t deadline)
{
    uint32_t request;
    size_t bytes;
    int error = kiln_channel_receive_until(&channel, &request, sizeof(request), &bytes, deadline);

    if (error)
        return error;
    EXPLORE_CHECK(bytes == sizeof(request) && (request == 5 || request == 7));
    served++;
    request++;
    error = kiln_channel_reply(&channel, &request, sizeof(request));
    EXPLORE_CHECK(error == 0 || error == -ESRCH);
    return 0;
}

static void serve(void *unused)
{
    (void)unused;
    for (;;)
        EXPLORE_CHECK(serve_one(KILN_FOREVER) == 0);
}

static void serve_until(void *unused)
{
    int error = serve_one(2000);

    (void)unused;
    EXPLORE_CHECK(error == 0 || error == -ETIMEDOUT);
}

static void begin_channel(void)
{
    core_mutex_begin();
    explore_name(&channel, sizeof(channel), "channel");
    client = explore_thread("calls", HIGH, 0, call_until, NULL);
}

static void channel_time_out(void)
{
    begin_channel();
    server = explore_thread("serves", LOW, 1, serve_until, NULL);
}

static void channel_two_clients(void)
{
    begin_channel();
    explore_thread("calls too", LOW, 1, call, NULL);
    server = explore_server("serves", LOW, 1, serve, NULL);
}

static void channel_one_cpu(void)
{
    begin_channel();
    explore_thread("calls too", HIGH, 0, call, NULL);
    server = explore_server("serves", LOW, 0, serve, NULL);
    explore_interrupt("turn", 0, explore_end_turn);
}

/* While the client waits for it the server has its priority. */
static void is_lent(void)
{
#if KILN_CONFIG_SMP
    if (core_inheritance_lock.tickets)
        return;
    if (client->wants == &channel.clients && explore_waits(client, &channel.clients.queue) &&
        channel.clients.owner)
        EXPLORE_CHECK(server->wanted_priority == HIGH);
#endif
}

static void given_back(void)
{
    EXPLORE_CHECK(!channel.clients.queue.first && !channel.is_lent);
    EXPLORE_CHECK(answered <= served && server->wanted_priority == LOW);
}

/* Mailboxes. */

static void put_block(void *unused)
{
    (void)unused;
    EXPLORE_CHECK(kiln_mailbox_put(&mailbox, &block, 1) == 0);
}

static void take_block_until(void *unused)
{
    void *taken = NULL;
    size_t bytes = 0;
    int error = kiln_mailbox_take_until(&mailbox, &taken, &bytes, 1000);

    (void)unused;
    EXPLORE_CHECK(error == 0 || error == -ETIMEDOUT);
    EXPLORE_CHECK(error || (taken == &block && bytes == 1));
    answered += error == 0;
}

static void mailbox_time_out(void)
{
    explore_name(&mailbox, sizeof(mailbox), "mailbox");
    explore_thread("takes", 64, 0, take_block_until, NULL);
    explore_thread("puts", 64, 1, put_block, NULL);
}

static void block_is_somewhere(void)
{
    EXPLORE_CHECK(answered + kiln_mailbox_count(&mailbox) == 1);
}

/* Pipes. */

static void write_three(void *unused)
{
    (void)unused;
    EXPLORE_CHECK(kiln_pipe_write(&pipe, "abc", 3) == 0);
}

static void read_three(void *unused)
{
    char read[4] = "";
    size_t done = 0, bytes;

    (void)unused;
    while (done < 3) {
        EXPLORE_CHECK(kiln_pipe_read(&pipe, read + done, 3 - done, &bytes) == 0);
        EXPLORE_CHECK(bytes > 0 && bytes <= 3 - done);
        done += bytes;
    }
    EXPLORE_CHECK(read[0] == 'a' && read[1] == 'b' && read[2] == 'c');
}

static void pipe_in_parts(void)
{
    explore_name(&pipe, sizeof(pipe), "pipe");
    explore_thread("writes", 64, 0, write_three, NULL);
    explore_thread("reads", 64, 1, read_three, NULL);
}

static void pipe_is_empty(void)
{
    EXPLORE_CHECK(kiln_pipe_count(&pipe) == 0 && !pipe.waiters.first);
}

/* Message buffers. */

static void send_two(void *unused)
{
    (void)unused;
    EXPLORE_CHECK(kiln_message_buffer_send(&buffer, "abcdefgh", 8) == 0);
    EXPLORE_CHECK(kiln_message_buffer_send(&buffer, "xyz", 3) == 0);
}

static void receive_two(void *unused)
{
    char message[8];
    size_t bytes;

    (void)unused;
    EXPLORE_CHECK(kiln_message_buffer_receive(&buffer, message, sizeof(message), &bytes) == 0);
    EXPLORE_CHECK(bytes == 8 && message[0] == 'a' && message[7] == 'h');
    EXPLORE_CHECK(kiln_message_buffer_receive(&buffer, message, sizeof(message), &bytes) == 0);
    EXPLORE_CHECK(bytes == 3 && message[0] == 'x' && message[2] == 'z');
}

static void message_buffer(void)
{
    explore_name(&buffer, sizeof(buffer), "buffer");
    explore_thread("sends", 64, 0, send_two, NULL);
    explore_thread("receives", 64, 1, receive_two, NULL);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"channel_time_out", "a client and a server who both give up by time", 2, channel_time_out,
     is_lent, given_back, 4, EXPLORE_ALL},
    {"channel_two_clients", "two clients, of whom one gives up", 2, channel_two_clients, is_lent,
     given_back, 2, 4},
    {"mailbox_time_out", "a buffer is taken, or stays", 2, mailbox_time_out, NULL,
     block_is_somewhere, EXPLORE_ALL, 0},
    {"pipe_in_parts", "more than the pipe holds arrives in order", 2, pipe_in_parts, NULL,
     pipe_is_empty, EXPLORE_ALL, 0},
    {"message_buffer", "the second has to wait for room", 2, message_buffer, NULL, NULL,
     EXPLORE_ALL, 0},
#endif
    {"channel_one_cpu", "clients in turn, one of whom gives up", 1, channel_one_cpu, NULL,
     given_back, EXPLORE_ALL, 0},
    {0},
};
