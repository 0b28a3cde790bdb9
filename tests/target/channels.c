/*
 * Channels: requests and replies, who is served first, priorities that are lent through chains and
 * given back, time-outs, a server that ends, destruction. A word names a misuse instead.
 */
#include "thread_order.h"

KILN_CHANNEL(channel);
KILN_CHANNEL(second);
static KILN_SEMAPHORE(go, 0);
static struct kiln_thread *server;

static int priority_of(const struct kiln_thread *thread)
{
    struct kiln_thread_info info;

    kiln_thread_get_info(thread, &info);
    return info.priority - BASE;
}

/* The reply to a letter is its capital letter. */
static char call_until(char letter, int64_t deadline)
{
    char reply[2] = {'?', '#'};
    size_t bytes = 0;
    int error = kiln_channel_call_until(&channel, &letter, 1, reply, 1, &bytes, deadline);

    if (error)
        return error == -ETIMEDOUT  ? 't'
               : error == -EPIPE    ? 'p'
               : error == -EIDRM    ? 'D'
               : error == -EMSGSIZE ? 'm'
                                    : 'e';
    return bytes == 1 && reply[1] == '#' ? reply[0] : '!';
}

static void *calls(void *letter)
{
    note(call_until(*(char *)letter, KILN_FOREVER));
    return NULL;
}

/* Serves until it is asked for 'q', with its priority behind each letter. */
static void *serves(void *unused)
{
    char letter = 0;
    size_t bytes;

    while (letter != 'q' && kiln_channel_receive(&channel, &letter, 1, &bytes) == 0) {
        char capital = (char)(letter + 'A' - 'a');

        note(letter);
        note((char)('0' + priority_of(kiln_thread_self())));
        if (letter == 'w')
            kiln_semaphore_wait(&go);
        if (kiln_channel_reply(&channel, &capital, 1) == -ESRCH)
            note('-');
    }
    return unused;
}

/* A server below its clients has their priority while it serves them, and its own between. */
static void test_lending(void)
{
    struct kiln_thread *threads[3];

    server = BEGIN(serves, NULL, .priority = BASE - 1);
    note(call_until('a', KILN_FOREVER));
    threads[0] = BEGIN(calls, "w", .priority = BASE + 2);
    TAP_EQUAL(priority_of(server), 2);
    threads[1] = BEGIN(calls, "b", .priority = BASE + 1);
    threads[2] = BEGIN(calls, "c", .priority = BASE + 3);
    TAP_EQUAL(priority_of(server), 3);
    kiln_semaphore_post(&go);
    for (unsigned i = 0; i < 3; i++)
        check_end(threads[i]);
    TAP_EQUAL(priority_of(server), -1);
    check_order("a0Aw2c3CWb1B");
    threads[0] = BEGIN(calls, "w", .priority = BASE + 2);
    TAP_EQUAL(kiln_thread_set_priority(threads[0], BASE + 5), 0);
    TAP_EQUAL(priority_of(server), 5);
    kiln_thread_set_priority(threads[0], BASE + 1);
    TAP_EQUAL(priority_of(server), 1);
    kiln_semaphore_post(&go);
    check_end(threads[0]);
    check_order("w2W");
}

static void *forwards(void *unused)
{
    char letter;
    size_t bytes;

    kiln_channel_receive(&second, &letter, 1, &bytes);
    letter = call_until(letter, KILN_FOREVER);
    kiln_channel_reply(&second, &letter, 1);
    return unused;
}

static void *calls_second(void *letter)
{
    char reply = '?';

    kiln_channel_call(&second, letter, 1, &reply, 1, NULL);
    note(reply);
    return NULL;
}

/* A client lends its priority to the server's server. */
static void test_chain(void)
{
    struct kiln_thread *middle = BEGIN(forwards, NULL, .priority = BASE + 1);
    struct kiln_thread *thread = BEGIN(calls_second, "w", .priority = BASE + 4);

    TAP_EQUAL(priority_of(middle), 4);
    TAP_EQUAL(priority_of(server), 4);
    kiln_semaphore_post(&go);
    check_end(thread);
    check_end(middle);
    check_order("w4W");
    TAP_EQUAL(priority_of(server), -1);
}

static void *calls_soon(void *letter)
{
    note(call_until(*(char *)letter, kiln_time_after(KILN_MILLISECONDS(200))));
    return NULL;
}

/* Served and not served; neither is interrupted. */
static void test_time_outs(void)
{
    struct kiln_thread *threads[] = {BEGIN(calls_soon, "w", .priority = BASE + 2),
                                     BEGIN(calls_soon, "x", .priority = BASE + 1)};

    TAP_EQUAL(kiln_thread_interrupt(threads[0]), -EAGAIN);
    check_end(threads[0]);
    check_end(threads[1]);
    TAP_EQUAL(priority_of(server), -1);
    kiln_semaphore_post(&go);
    note(call_until('a', KILN_FOREVER));
    check_order("w2tt-a0A");
    TAP_EQUAL(kiln_channel_call_until(&channel, "a", 1, NULL, 0, NULL, KILN_NOWAIT), -EAGAIN);
    TAP_EQUAL(call_until('a', kiln_time_after(KILN_SECONDS(5))), 'A');
    check_order("a0");
}

/* On either side. */
static void test_sizes(void)
{
    char reply[2];

    TAP_EQUAL(kiln_channel_call(&channel, "ab", 2, reply, 1, NULL), -EMSGSIZE);
    TAP_EQUAL(kiln_channel_call(&channel, "a", 1, reply, 0, NULL), -EMSGSIZE);
    check_order("a0");
}

/* One that serves ends; until there is another those who call wait. */
static void test_end_of_server(void)
{
    struct kiln_thread *threads[2];

    note(call_until('q', KILN_FOREVER));
    check_end(server);
    TAP_EQUAL(call_until('a', 1), 't');
    threads[0] = BEGIN(calls, "a", .priority = BASE + 1);
    server = BEGIN(serves, NULL, .priority = BASE - 1);
    check_end(threads[0]);
    threads[0] = BEGIN(calls, "w", .priority = BASE + 1);
    threads[1] = BEGIN(calls, "b", .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_cancel(server), 0);
    TAP_CHECK(end_of(server) == KILN_CANCELLED);
    check_end(threads[0]);
    check_end(threads[1]);
    check_order("q0Qa1Aw1pp");
    server = BEGIN(serves, NULL, .priority = BASE - 1);
    note(call_until('a', KILN_FOREVER));
    check_order("a0A");
}

static void *receives_too(void *unused)
{
    char letter;
    size_t bytes;

    TAP_EQUAL(kiln_channel_receive(&channel, &letter, 1, &bytes), -EBUSY);
    return unused;
}

static void test_server(void)
{
    char letter;
    size_t bytes;

    check_end(BEGIN(receives_too, NULL, .priority = BASE + 1));
    TAP_EQUAL(kiln_channel_receive_until(&second, &letter, 1, &bytes, KILN_NOWAIT), -EAGAIN);
    TAP_EQUAL(kiln_channel_receive_until(&second, &letter, 1, &bytes, 1), -ETIMEDOUT);
    TAP_EQUAL(kiln_channel_call(&second, "a", 1, NULL, 0, NULL), -EDEADLK);
    TAP_EQUAL(kiln_channel_leave(&second), 0);
    TAP_EQUAL(kiln_channel_leave(&second), -EPERM);
}

static void test_destroy(void)
{
    struct kiln_thread *threads[] = {BEGIN(calls, "w", .priority = BASE + 1),
                                     BEGIN(calls, "b", .priority = BASE + 2)};

    kiln_channel_destroy(&channel);
    check_end(threads[0]);
    check_end(threads[1]);
    TAP_EQUAL(priority_of(server), -1);
    kiln_thread_cancel(server);
    TAP_CHECK(end_of(server) == KILN_CANCELLED);
    check_order("w1DD");
    kiln_channel_init(&channel);
    server = BEGIN(serves, NULL, .priority = BASE + 1);
#if !KILN_CONFIG_CHECKS
    kiln_channel_destroy(&channel);
    check_end(server);
    TAP_EQUAL(call_until('a', KILN_FOREVER), 'D');
#else
    kiln_thread_cancel(server);
    end_of(server);
#endif
}

static void *tests(void *unused)
{
    test_lending();
    test_chain();
    test_time_outs();
    test_sizes();
    test_end_of_server();
    test_server();
    test_destroy();
    return unused;
}

#define EACH    300
#define CLIENTS 3
KILN_CHANNEL(adder);

static void *adds(void *unused)
{
    uint32_t numbers[2] = {0, 0}, sum = 0;
    size_t bytes;

    for (unsigned i = 0; i < CLIENTS * EACH; i++) {
        if (kiln_channel_receive(&adder, numbers, sizeof numbers, &bytes))
            return &adder;
        sum = numbers[0] + numbers[1];
        kiln_channel_reply(&adder, &sum, sizeof sum);
    }
    return unused;
}

static void *asks(void *number)
{
    uint32_t numbers[2] = {(uint32_t)(uintptr_t)number, 0}, sum;

    for (uint32_t i = 0; i < EACH; i++) {
        numbers[1] = i;
        sum = 0;
        if (kiln_channel_call(&adder, numbers, sizeof numbers, &sum, sizeof sum, NULL) ||
            sum != numbers[0] + i)
            return &adder;
    }
    return NULL;
}

/* On all CPUs that there are. */
static void test_many(void)
{
    struct kiln_thread *threads[CLIENTS + 1];

    for (uintptr_t i = 0; i < CLIENTS; i++)
        threads[i] = begin_thread(asks, (void *)(i * 1000),
                                  KILN_THREAD_ATTRIBUTES(.priority = BASE + (int)i));
    threads[CLIENTS] = begin_thread(adds, NULL, KILN_THREAD_ATTRIBUTES(.priority = BASE - 1));
    for (unsigned i = 0; i <= CLIENTS; i++)
        check_end(threads[i]);
}

int main(int argc, char **argv)
{
    char letter;
    size_t bytes;

    if (argc == 1) {
        test_many();
        return run_on_first_cpu(tests);
    }
    if (strcmp(argv[1], "stale") == 0) {
        kiln_channel_destroy(&channel);
        kiln_channel_receive(&channel, &letter, 1, &bytes);
    } else {
        kiln_channel_reply(&channel, &letter, 1);
    }
    printf("survived\n");
    return 1;
}
