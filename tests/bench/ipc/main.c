/*
 * Prints what messages between threads cost in instructions: with QEMU's -icount, one takes one
 * nanosecond. A loop's own two are in. The threads that are measured use no FP registers, which
 * main() does: printf is variadic, and saves them.
 */
#include <inttypes.h>
#include <kiln.h>
#include <stdio.h>

#define RUNS      10000
#define BASE      KILN_PRIORITY_DEFAULT
#define ROWS_MOST 32

static struct {
    const char *name;
    uint64_t each;
} rows[ROWS_MOST];
static unsigned row_count;

static uint64_t from;

static void start(void)
{
    from = kiln_time_counter();
}

static void stop(const char *name, uint64_t operations)
{
    uint64_t units = kiln_time_counter() - from;
    uint64_t ns = units * 1000000000u / kiln_time_counter_hz();

    rows[row_count].name = name;
    rows[row_count++].each = (ns + operations / 2) / operations;
}

struct message {
    uint64_t words[2];
};

KILN_QUEUE(there, struct message, 8);
KILN_QUEUE(back, struct message, 8);

static struct kiln_thread *begin(int priority, void *(*function)(void *argument))
{
    struct kiln_thread *thread = NULL;

    if (kiln_thread_create(&thread, KILN_THREAD_ATTRIBUTES(.priority = priority), function, NULL))
        kiln_panic("no memory for a thread");
    return thread;
}

static void *answers(void *unused)
{
    static struct message message;

    for (unsigned i = 0; i <= RUNS; i++) {
        kiln_queue_receive(&there, &message);
        kiln_queue_send(&back, &message);
    }
    return unused;
}

static void measure_queue(void)
{
    static struct message message = {{1, 2}};

    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_queue_send(&there, &message);
        kiln_queue_receive(&there, &message);
    }
    stop("queue", RUNS);

    struct kiln_thread *other = begin(BASE, answers);

    kiln_queue_send(&there, &message);
    kiln_queue_receive(&back, &message);
    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_queue_send(&there, &message);
        kiln_queue_receive(&back, &message);
    }
    stop("queue-round-trip", RUNS);
    kiln_thread_join(other, NULL);
}

/* The suite's message test from its definition: calls of its own around the runtime's, and a
 * counter that is checked. */
static struct kiln_queue tm_queues[2];

static __attribute__((noinline)) int tm_queue_send(int queue, unsigned long *message)
{
    return kiln_queue_send(&tm_queues[queue], message) == 0 ? 0 : 1;
}

static __attribute__((noinline)) int tm_queue_receive(int queue, unsigned long *message)
{
    return kiln_queue_receive(&tm_queues[queue], message) == 0 ? 0 : 1;
}

static void measure_thread_metric(void)
{
    static volatile unsigned long counter;
    static unsigned long places[10][2], sent[2] = {1, 2}, received[2];

    kiln_queue_init(&tm_queues[0], places, sizeof *places, 10);

    start();
    for (unsigned i = 0; i < RUNS; i++) {
        if (tm_queue_send(0, sent) || tm_queue_receive(0, received) || sent[1] != received[1])
            kiln_panic("a message is lost");
        sent[1]++;
        counter++;
    }
    stop("thread-metric-message", RUNS);
}

KILN_SPSC_RING(one_to_one, 8);
KILN_RING(any_to_any, 8);

static void measure_rings(void)
{
    void *item = rows;

    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_spsc_ring_put(&one_to_one, item);
        kiln_spsc_ring_take(&one_to_one, &item);
    }
    stop("spsc-ring", RUNS);
    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_ring_put(&any_to_any, item);
        kiln_ring_take(&any_to_any, &item);
    }
    stop("ring", RUNS);
}

KILN_MAILBOX(mailbox, 4);

/* 64 KiB change hands. */
static void measure_mailbox(void)
{
    static uint8_t large[64 * 1024];
    void *buffer = large;
    size_t bytes;

    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_mailbox_put(&mailbox, buffer, sizeof large);
        kiln_mailbox_take(&mailbox, &buffer, &bytes);
    }
    stop("mailbox", RUNS);
}

static void measure_notification(void)
{
    struct kiln_thread *self = kiln_thread_self();
    uint32_t value;

    start();
    for (unsigned i = 0; i < RUNS; i++) {
        kiln_notify_set(self, 1);
        kiln_notification_wait(&value);
    }
    stop("notification", RUNS);
}

KILN_CHANNEL(channel);

static void *serves(void *unused)
{
    static struct message request;
    size_t bytes;

    for (unsigned i = 0; i <= RUNS; i++) {
        kiln_channel_receive(&channel, &request, sizeof request, &bytes);
        kiln_channel_reply(&channel, &request, sizeof request);
    }
    return unused;
}

/* The server's own priority is below the client's. */
static void measure_channel(void)
{
    struct kiln_thread *server = begin(BASE - 1, serves);
    static struct message message = {{1, 2}};

    kiln_channel_call(&channel, &message, sizeof message, &message, sizeof message, NULL);
    start();
    for (unsigned i = 0; i < RUNS; i++)
        kiln_channel_call(&channel, &message, sizeof message, &message, sizeof message, NULL);
    stop("channel", RUNS);
    kiln_thread_join(server, NULL);
}

static struct kiln_semaphore eight[8];
KILN_POLL_SET(set);

static void *waits_for_eight(void *unused)
{
    struct kiln_poll_item *ready;

    for (unsigned i = 0; i <= RUNS; i++) {
        kiln_poll_wait(&set, &ready);
        kiln_semaphore_try(ready->object);
    }
    return unused;
}

/* A thread above that waits for one of eight semaphores is woken, takes it and waits again. */
static void measure_poll(void)
{
    static struct kiln_poll_item items[8];

    for (unsigned i = 0; i < 8; i++) {
        kiln_semaphore_init(&eight[i], 0);
        kiln_poll_add_semaphore(&set, &items[i], &eight[i]);
    }
    struct kiln_thread *other = begin(BASE + 1, waits_for_eight);

    start();
    for (unsigned i = 0; i < RUNS; i++)
        kiln_semaphore_post(&eight[i % 8]);
    stop("poll-of-8", RUNS);
    kiln_semaphore_post(&eight[0]);
    kiln_thread_join(other, NULL);
}

KILN_QUEUE(crowded, struct message, 8);

static void *receives(void *unused)
{
    struct message message;

    for (;;)
        kiln_queue_receive(&crowded, &message);
    return unused;
}

static void add_receivers(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        if (kiln_thread_create(NULL,
                               KILN_THREAD_ATTRIBUTES(.priority = BASE + 1 + (int)(i % 8),
                                                      .stack_bytes = 4096, .is_detached = true),
                               receives, NULL))
            kiln_panic("no memory for a thread");
    }
}

/* One of so many threads that wait is given a message, runs, and waits again among the others. */
static void measure_waiters(void)
{
    static const struct {
        unsigned count;
        const char *name;
    } crowds[] = {{10, "queue-of-10"}, {100, "queue-of-100"}, {1000, "queue-of-1000"}};
    static struct message message = {{1, 2}};
    unsigned before = 0;

    for (unsigned i = 0; i < 3; i++) {
        add_receivers(before, crowds[i].count);
        before = crowds[i].count;
        start();
        for (unsigned j = 0; j < RUNS; j++)
            kiln_queue_send(&crowded, &message);
        stop(crowds[i].name, RUNS);
    }
}

static void *measures(void *unused)
{
    measure_queue();
    measure_thread_metric();
    measure_rings();
    measure_mailbox();
    measure_notification();
    measure_channel();
    measure_poll();
    measure_waiters();
    return unused;
}

int main(void)
{
    kiln_thread_join(begin(BASE, measures), NULL);
    for (unsigned i = 0; i < row_count; i++)
        printf("%s %" PRIu64 "\n", rows[i].name, rows[i].each);
    return 0;
}
