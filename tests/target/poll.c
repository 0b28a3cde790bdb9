/*
 * Waiting on several objects at once: each kind of them, turns, what is not ready any more, items
 * that are removed, several sets, time-outs, objects that are destroyed.
 */
#include "thread_order.h"

static struct kiln_semaphore semaphore;
KILN_EVENTS(events);
KILN_QUEUE(queue, uint64_t, 2);
struct odd_message {
    char letters[3];
};
KILN_QUEUE(odd, struct odd_message, 2);
KILN_MAILBOX(mailbox, 2);
KILN_PIPE(pipe, 8);
KILN_MESSAGE_BUFFER(buffer, 32);
KILN_CHANNEL(channel);
KILN_POLL_SET(set);
KILN_POLL_SET(second_set);
static struct kiln_poll_item items[9], other_item;

/* Notes the letter of what is ready. */
static void wait_until(struct kiln_poll_set *which, int64_t deadline)
{
    struct kiln_poll_item *ready = NULL;
    int error = kiln_poll_wait_until(which, &ready, deadline);

    note(error == 0            ? *(char *)ready->data
         : error == -EAGAIN    ? '-'
         : error == -ETIMEDOUT ? 't'
         : error == -EIDRM     ? 'D'
         : error == -EINTR     ? 'E'
                               : '?');
}

static void *waits(void *unused)
{
    wait_until(&set, KILN_FOREVER);
    return unused;
}

static void *waits_for_second(void *unused)
{
    wait_until(&second_set, KILN_FOREVER);
    return unused;
}

static void *calls(void *unused)
{
    uint8_t reply;

    kiln_channel_call(&channel, "?", 1, &reply, 1, NULL);
    return unused;
}

static KILN_SEMAPHORE(end, 0);

static void *ends(void *unused)
{
    kiln_semaphore_wait(&end);
    return unused;
}

static void send_word(void)
{
    kiln_queue_send(&queue, &(uint64_t){7});
}

static void post(void)
{
    kiln_semaphore_post(&semaphore);
}

static void set_event(void)
{
    kiln_events_set(&events, 4);
}

static void send_odd(void)
{
    kiln_queue_send_front(&odd, "od");
}

static void put_buffer(void)
{
    kiln_mailbox_put(&mailbox, items, sizeof items);
}

static void write_pipe(void)
{
    kiln_pipe_write(&pipe, "ab", 2);
}

static void send_message(void)
{
    kiln_message_buffer_send(&buffer, "abc", 3);
}

/* Each in turn, while a thread above waits for all, and while nobody does. */
static void test_each(void)
{
    static void (*const uses[])(void) = {post,       set_event,  send_word,   send_odd,
                                         put_buffer, write_pipe, send_message};
    uint64_t word, got;
    size_t bytes;
    uint8_t room[8];
    void *given;

    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 7; i++) {
            struct kiln_thread *thread = round ? NULL : BEGIN(waits, NULL, .priority = BASE + 1);

            wait_until(&second_set, KILN_NOWAIT);
            uses[i]();
            if (thread)
                check_end(thread);
            else
                wait_until(&set, KILN_FOREVER);
            wait_until(&set, KILN_NOWAIT);
            TAP_EQUAL((kiln_semaphore_try(&semaphore) == 0) +
                          (kiln_events_try(&events, 4, KILN_EVENTS_CLEAR, &got) == 0) +
                          (kiln_queue_try_receive(&queue, &word) == 0) +
                          (kiln_queue_try_receive(&odd, room) == 0) +
                          (kiln_mailbox_try_take(&mailbox, &given, &bytes) == 0) +
                          (kiln_pipe_try_read(&pipe, room, 8, &bytes) == 0) +
                          (kiln_message_buffer_try_receive(&buffer, room, 8, &bytes) == 0),
                      1);
            wait_until(&set, KILN_NOWAIT);
        }
        check_order("-ss--ee--qq--oo--mm--pp--bb-");
    }
    kiln_events_set(&events, 2);
    wait_until(&set, KILN_NOWAIT);
    kiln_events_clear(&events, 2);
    check_order("-");
}

/* A call, and the end of a thread. */
static void test_threads(void)
{
    struct kiln_thread *client, *next, *ending = BEGIN(ends, NULL, .priority = BASE + 1);
    uint8_t request;
    size_t bytes;

    items[8].data = (void *)(uintptr_t) "x";
    kiln_poll_add_thread(&set, &items[8], ending);
    wait_until(&set, KILN_NOWAIT);
    client = BEGIN(calls, NULL, .priority = BASE + 1);
    wait_until(&set, KILN_FOREVER);
    kiln_channel_receive(&channel, &request, 1, &bytes);
    next = BEGIN(calls, NULL, .priority = BASE + 1);
    wait_until(&set, KILN_NOWAIT); /* not before the reply */
    kiln_channel_reply(&channel, &request, 1);
    check_end(client);
    wait_until(&set, KILN_NOWAIT);
    kiln_channel_receive(&channel, &request, 1, &bytes);
    kiln_channel_reply(&channel, &request, 1);
    check_end(next);
    kiln_semaphore_post(&end);
    wait_until(&set, KILN_FOREVER);
    wait_until(&set, KILN_FOREVER);
    kiln_poll_remove(&items[8]);
    kiln_poll_remove(&items[8]);
    check_end(ending);
    wait_until(&set, KILN_NOWAIT);
    kiln_channel_leave(&channel);
    check_order("-c-cxx-");
}

/* Those that are ready take turns, and one that is taken by somebody else is not ready. */
static void test_turns(void)
{
    uint64_t word;

    post();
    send_word();
    for (unsigned i = 0; i < 4; i++)
        wait_until(&set, KILN_FOREVER);
    kiln_semaphore_try(&semaphore);
    wait_until(&set, KILN_FOREVER);
    wait_until(&set, KILN_FOREVER);
    kiln_queue_try_receive(&queue, &word);
    wait_until(&set, KILN_NOWAIT);
    wait_until(&set, 1);
    order[order_length] = 0;
    if (order[0] == 'q')
        check_order("qsqsqq-t");
    else
        check_order("sqsqqq-t");
}

/* An object in two sets; one that is removed is not told of. */
static void test_sets(void)
{
    struct kiln_thread *threads[2];

    other_item.data = (void *)(uintptr_t) "S";
    kiln_poll_add_semaphore(&second_set, &other_item, &semaphore);
    threads[0] = BEGIN(waits, NULL, .priority = BASE + 2);
    threads[1] = BEGIN(waits_for_second, NULL, .priority = BASE + 1);
    post();
    check_end(threads[0]);
    check_end(threads[1]);
    kiln_semaphore_try(&semaphore);
    wait_until(&set, KILN_NOWAIT);
    wait_until(&second_set, KILN_NOWAIT);
    kiln_poll_remove(&other_item);
    post();
    wait_until(&second_set, KILN_NOWAIT);
    wait_until(&set, KILN_NOWAIT);
    kiln_semaphore_try(&semaphore);
    check_order("sS---s");
    threads[0] = BEGIN(waits, NULL, .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_interrupt(threads[0]), 0);
    check_end(threads[0]);
    check_order("E");
}

static KILN_INTERRUPT_HANDLER void post_there(void *unused)
{
    (void)unused;
    note('h');
    kiln_semaphore_post(&semaphore);
    note('i');
}

static void test_end(void)
{
    call_in_handler(post_there);
    wait_until(&set, KILN_FOREVER);
    kiln_semaphore_try(&semaphore);
    check_order("his");
    for (unsigned i = 0; i < 8; i++) {
        struct kiln_thread *thread = BEGIN(waits, NULL, .priority = BASE + 1);

        switch (i) {
        case 0:
            kiln_semaphore_destroy(&semaphore);
            break;
        case 1:
            kiln_events_destroy(&events);
            break;
        case 2:
            kiln_queue_destroy(&queue);
            break;
        case 3:
            kiln_queue_destroy(&odd);
            break;
        case 4:
            kiln_mailbox_destroy(&mailbox);
            break;
        case 5:
            kiln_pipe_destroy(&pipe);
            break;
        case 6:
            kiln_message_buffer_destroy(&buffer);
            break;
        default:
            kiln_channel_destroy(&channel);
            break;
        }
        check_end(thread);
        TAP_CHECK(items[i].set == NULL);
    }
    wait_until(&set, KILN_NOWAIT);
    check_order("DDDDDDDD-");
}

static void add_all(void)
{
    static const char *const letters[] = {"s", "e", "q", "o", "m", "p", "b", "c"};

    kiln_semaphore_init(&semaphore, 0);
    for (unsigned i = 0; i < 8; i++)
        items[i].data = (void *)(uintptr_t)letters[i];
    kiln_poll_add_semaphore(&set, &items[0], &semaphore);
    kiln_poll_add_events(&set, &items[1], &events, 4 | 8);
    kiln_poll_add_queue(&set, &items[2], &queue);
    kiln_poll_add_queue(&set, &items[3], &odd);
    kiln_poll_add_mailbox(&set, &items[4], &mailbox);
    kiln_poll_add_pipe(&set, &items[5], &pipe);
    kiln_poll_add_message_buffer(&set, &items[6], &buffer);
    kiln_poll_add_channel(&set, &items[7], &channel);
}

static void *tests(void *unused)
{
    add_all();
    wait_until(&set, KILN_NOWAIT);
    check_order("-");
    test_each();
    test_threads();
    test_turns();
    test_sets();
    test_end();
    return unused;
}

#define SOURCES 3
#define EACH    500
static struct kiln_semaphore sources[SOURCES];

static void *posts_many(void *source)
{
    for (unsigned i = 0; i < EACH; i++)
        kiln_semaphore_post(source);
    return NULL;
}

/* On all CPUs that there are none is missed. */
static void test_many(void)
{
    static struct kiln_poll_item watched[SOURCES];
    struct kiln_thread *threads[SOURCES];
    unsigned wrong = 0;

    kiln_poll_set_init(&second_set);
    for (unsigned i = 0; i < SOURCES; i++) {
        kiln_semaphore_init(&sources[i], 0);
        kiln_poll_add_semaphore(&second_set, &watched[i], &sources[i]);
    }
    for (unsigned i = 0; i < SOURCES; i++)
        threads[i] = begin_thread(posts_many, &sources[i], KILN_THREAD_ATTRIBUTES());
    for (unsigned taken = 0; taken < SOURCES * EACH; taken++) {
        struct kiln_poll_item *ready;

        wrong += kiln_poll_wait(&second_set, &ready) != 0;
        wrong += kiln_semaphore_try(ready->object) != 0;
    }
    TAP_EQUAL(wrong, 0);
    for (unsigned i = 0; i < SOURCES; i++) {
        check_end(threads[i]);
        kiln_poll_remove(&watched[i]);
    }
}

int main(void)
{
    test_many();
    return run_on_first_cpu(tests);
}
