/* Message queues: whatever waits, times out or interrupts, messages are those of a queue. */
#include <explore.h>

#include <errno.h>
#include <kiln/queue.h>

#define SEND    0
#define RECEIVE 1
#define PLACES  1
#define NOTHING 0x100

KILN_QUEUE(queue, uint64_t, PLACES);

struct model {
    unsigned count;
    uint64_t messages[8];
};

/* One that waits for room stands behind the queue's end: its message is as good as in it. */
static uint64_t apply(void *state, unsigned operation, uint64_t argument)
{
    struct model *model = state;
    uint64_t first;

    if (operation == SEND) {
        model->messages[model->count++] = argument;
        return 0;
    }
    if (model->count == 0)
        return NOTHING;
    first = model->messages[0];
    for (unsigned i = 1; i < model->count; i++)
        model->messages[i - 1] = model->messages[i];
    model->count--;
    return first;
}

static const struct explore_model model = {sizeof(struct model), apply};

static void send(uint64_t message)
{
    unsigned call = explore_call(SEND, message);

    EXPLORE_CHECK(kiln_queue_send(&queue, &message) == 0);
    explore_return(call, 0);
}

static void receive(void)
{
    unsigned call = explore_call(RECEIVE, 0);
    uint64_t message;

    EXPLORE_CHECK(kiln_queue_receive(&queue, &message) == 0);
    explore_return(call, message);
}

static void send_two(void *first)
{
    send((uintptr_t)first);
    send((uintptr_t)first + 1);
}

static void send_one(void *message)
{
    send((uintptr_t)message);
}

static void receive_two(void *unused)
{
    (void)unused;
    receive();
    receive();
}

/* What is not received is left in the queue. */
static void receive_until(void *unused)
{
    unsigned call = explore_call(RECEIVE, 0);
    uint64_t message;
    int error = kiln_queue_receive_until(&queue, &message, 1000);

    (void)unused;
    EXPLORE_CHECK(error == 0 || error == -ETIMEDOUT);
    explore_return(call, error ? NOTHING : message);
}

static void send_until(void *unused)
{
    static const uint64_t message = 9;
    unsigned call = explore_call(SEND, message);
    int error = kiln_queue_send_until(&queue, &message, 1000);

    (void)unused;
    EXPLORE_CHECK(error == 0 || error == -ETIMEDOUT);
    if (error)
        explore_withdraw(call);
    else
        explore_return(call, 0);
}

static void send_from_handler(void)
{
    static uint64_t message = 5;
    unsigned call = explore_call(SEND, message);

    if (kiln_queue_try_send(&queue, &message) == 0)
        explore_return(call, 0);
    else
        explore_withdraw(call);
}

static void begin(void)
{
    explore_name(&queue, sizeof(queue), "queue");
}

static void two_cpus(void)
{
    begin();
    explore_thread("sends", 64, 0, send_two, (void *)1);
    explore_thread("receives", 64, 1, receive_two, NULL);
}

static void two_senders(void)
{
    begin();
    explore_thread("sends", 64, 0, send_one, (void *)1);
    explore_thread("sends too", 64, 1, send_one, (void *)2);
    explore_thread("receives", 65, 1, receive_two, NULL);
}

static void time_out(void)
{
    begin();
    explore_thread("receives", 64, 0, receive_until, NULL);
    explore_thread("sends", 64, 1, send_one, (void *)1);
}

/* One place: who sends second waits, or has given up. */
static void full(void)
{
    begin();
    explore_thread("gives up", 64, 0, send_until, NULL);
    explore_thread("sends", 64, 0, send_until, NULL);
    explore_thread("receives", 64, 1, receive_until, NULL);
}

static void interrupt(void)
{
    begin();
    explore_thread("receives", 64, 0, receive_until, NULL);
    explore_thread("sends", 63, 0, send_until, NULL);
    explore_interrupt("send", 0, send_from_handler);
    explore_interrupt("turn", 0, explore_end_turn);
}

static void end(void)
{
    explore_check_linear(&model);
    EXPLORE_CHECK(!queue.waiters.first);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"two_cpus", "two messages, one place", 2, two_cpus, NULL, end, EXPLORE_ALL, 0},
    {"two_senders", "two who send, on two CPUs", 2, two_senders, NULL, end, 3, EXPLORE_ALL},
    {"time_out", "a message, and a time-out", 2, time_out, NULL, end, EXPLORE_ALL, 0},
    {"full", "who receives and who sends give up by time", 2, full, NULL, end, EXPLORE_ALL, 0},
#endif
    {"interrupt", "an interrupt that sends, and a time-out", 1, interrupt, NULL, end, EXPLORE_ALL,
     0},
    {0},
};
