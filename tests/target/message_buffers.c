/*
 * Message buffers: messages of any size as a whole, room for them, who goes first on both sides,
 * time-outs, handlers, destruction.
 */
#include "thread_order.h"

#define CAPACITY 24

static uint8_t memory[CAPACITY];
static struct kiln_message_buffer buffer;
KILN_MESSAGE_BUFFER(wide, 300);

/* A message of so many bytes that begin with a letter. */
static int send_until(char letter, size_t bytes, int64_t deadline)
{
    char message[CAPACITY + 1];

    memset(message, letter, sizeof message);
    return kiln_message_buffer_send_until(&buffer, message, bytes, deadline);
}

/* Notes the letter and the digit of its size. */
static void receive_until(size_t most, int64_t deadline)
{
    char message[32];
    size_t bytes = 99;
    int error;

    memset(message, '?', sizeof message);
    error = kiln_message_buffer_receive_until(&buffer, message, most, &bytes, deadline);
    if (error) {
        note(error == -EAGAIN      ? '-'
             : error == -ETIMEDOUT ? 't'
             : error == -EMSGSIZE  ? (char)('0' + bytes)
             : error == -EIDRM     ? 'D'
                                   : 'E');
        return;
    }
    for (size_t i = 1; i < bytes; i++) {
        if (message[i] != message[0])
            note('!');
    }
    note(message[bytes] == '?' ? message[0] : '!');
}

struct wish {
    char letter;
    size_t bytes;
};

static void *sends(void *argument)
{
    const struct wish *wish = argument;
    int error = send_until(wish->letter, wish->bytes, KILN_FOREVER);

    note(error == 0 ? (char)(wish->letter + 'A' - 'a') : error == -EIDRM ? 'D' : 'E');
    return NULL;
}

static void *sends_soon(void *argument)
{
    const struct wish *wish = argument;

    if (send_until(wish->letter, wish->bytes, kiln_time_after(KILN_MILLISECONDS(50))) == -ETIMEDOUT)
        note('t');
    return NULL;
}

static void *receives(void *argument)
{
    receive_until(((const struct wish *)argument)->bytes, KILN_FOREVER);
    return NULL;
}

static void test_alone(void)
{
    TAP_EQUAL(send_until('a', CAPACITY - 3, KILN_NOWAIT), -EMSGSIZE);
    TAP_EQUAL(send_until('a', CAPACITY - 4, KILN_NOWAIT), 0);
    TAP_EQUAL(send_until('b', 1, KILN_NOWAIT), -EAGAIN);
    TAP_EQUAL(send_until('b', 1, 1), -ETIMEDOUT);
    receive_until(30, KILN_NOWAIT);
    for (unsigned i = 0; i < 5; i++) {
        TAP_EQUAL(send_until('c', 3, KILN_NOWAIT), 0);
        TAP_EQUAL(send_until('d', 6, KILN_NOWAIT), 0);
        TAP_EQUAL(send_until('e', 0, KILN_NOWAIT), 0);
        receive_until(2, KILN_NOWAIT);
        receive_until(3, KILN_NOWAIT);
        receive_until(6, KILN_NOWAIT);
        receive_until(6, KILN_NOWAIT);
    }
    receive_until(6, KILN_NOWAIT);
    receive_until(6, 1);
    check_order("a3cd?3cd?3cd?3cd?3cd?-t");
}

/* Who has no room for it learns its size, and the next one has it. */
static void test_receivers(void)
{
    static const struct wish small = {'x', 2}, large = {'x', 9};
    struct kiln_thread *threads[] = {BEGIN(receives, &large, .priority = BASE + 1),
                                     BEGIN(receives, &small, .priority = BASE + 2),
                                     BEGIN(receives, &small, .priority = BASE + 3)};

    send_until('a', 2, KILN_NOWAIT);
    note('.');
    send_until('b', 5, KILN_NOWAIT);
    for (unsigned i = 0; i < 3; i++)
        check_end(threads[i]);
    check_order("a.5b");
}

/* Nobody passes by whom waits in front, but one of a higher priority whose message fits. */
static void test_senders(void)
{
    static const struct wish c = {'c', 16}, d = {'d', 2}, e = {'e', 1};
    struct kiln_thread *threads[3];

    send_until('a', 4, KILN_NOWAIT);
    send_until('b', 4, KILN_NOWAIT);
    threads[0] = BEGIN(sends, &c, .priority = BASE + 1);
    TAP_EQUAL(send_until('x', 1, KILN_NOWAIT), -EAGAIN);
    threads[1] = BEGIN(sends, &d, .priority = BASE + 1);
    threads[2] = BEGIN(sends, &e, .priority = BASE + 2);
    note('.');
    receive_until(20, KILN_NOWAIT);
    receive_until(20, KILN_NOWAIT);
    note('.');
    receive_until(20, KILN_NOWAIT);
    receive_until(20, KILN_NOWAIT);
    receive_until(20, KILN_NOWAIT);
    receive_until(20, KILN_NOWAIT);
    for (unsigned i = 0; i < 3; i++)
        check_end(threads[i]);
    check_order("E.ab.CeDcd-");
}

/* When who waits in front gives up, others go on for whom there is room. */
static void test_giving_up(void)
{
    static const struct wish c = {'c', 16}, d = {'d', 2};
    struct kiln_thread *threads[2];

    send_until('a', 10, KILN_NOWAIT);
    threads[0] = BEGIN(sends_soon, &c, .priority = BASE + 2);
    threads[1] = BEGIN(sends, &d, .priority = BASE + 1);
    note('.');
    check_end(threads[0]);
    check_end(threads[1]);
    receive_until(20, KILN_NOWAIT);
    receive_until(20, KILN_NOWAIT);
    send_until('a', 10, KILN_NOWAIT);
    threads[0] = BEGIN(sends, &c, .priority = BASE + 2);
    threads[1] = BEGIN(sends, &d, .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_interrupt(threads[0]), 0);
    check_end(threads[0]);
    check_end(threads[1]);
    receive_until(20, KILN_NOWAIT);
    receive_until(20, KILN_NOWAIT);
    check_order(".tDadEDad");
}

static KILN_INTERRUPT_HANDLER void send_there(void *unused)
{
    (void)unused;
    note('h');
    kiln_message_buffer_try_send(&buffer, "zz", 2);
    note('i');
}

static void test_end(void)
{
    static const struct wish wish = {'w', 20};
    struct kiln_thread *thread = BEGIN(receives, &wish, .priority = BASE + 1);

    call_in_handler(send_there);
    check_end(thread);
    check_order("hiz");
    thread = BEGIN(receives, &wish, .priority = BASE + 1);
    kiln_message_buffer_destroy(&buffer);
    check_end(thread);
    kiln_message_buffer_init(&buffer, memory, CAPACITY);
    send_until('a', 3, KILN_NOWAIT);
    thread = BEGIN(sends, &wish, .priority = BASE + 1);
    kiln_message_buffer_destroy(&buffer);
    check_end(thread);
    check_order("DD");
#if !KILN_CONFIG_CHECKS
    TAP_EQUAL(send_until('a', 1, KILN_NOWAIT), -EIDRM);
#endif
}

static void *tests(void *unused)
{
    test_alone();
    test_receivers();
    test_senders();
    test_giving_up();
    test_end();
    return unused;
}

#define EACH    400
#define SENDERS 3

static void *sends_many(void *number)
{
    uint8_t message[100];
    unsigned size = (unsigned)(uintptr_t)number + 1;

    for (unsigned i = 0; i < EACH; i++) {
        size = size * 7 % 99 + 1;
        memset(message, (int)size, size);
        if (kiln_message_buffer_send(&wide, message, size))
            return number;
    }
    return NULL;
}

static void *receives_many(void *unused)
{
    for (unsigned i = 0; i < EACH; i++) {
        uint8_t message[100];
        size_t bytes = 0;

        if (kiln_message_buffer_receive(&wide, message, sizeof message, &bytes))
            return &wide;
        for (size_t j = 0; j < bytes; j++) {
            if (message[j] != bytes)
                return &wide;
        }
    }
    return unused;
}

static void test_many(void)
{
    struct kiln_thread *threads[2 * SENDERS];

    for (uintptr_t i = 0; i < 2 * SENDERS; i++)
        threads[i] = begin_thread(i < SENDERS ? sends_many : receives_many,
                                  i < SENDERS ? (void *)i : NULL, KILN_THREAD_ATTRIBUTES());
    for (unsigned i = 0; i < 2 * SENDERS; i++)
        check_end(threads[i]);
}

int main(int argc, char **argv)
{
    kiln_message_buffer_init(&buffer, memory, CAPACITY);
    if (argc == 2 && strcmp(argv[1], "stale") == 0) {
        kiln_message_buffer_destroy(&buffer);
        send_until('a', 1, KILN_NOWAIT);
        printf("survived\n");
        return 1;
    }
    test_many();
    return run_on_first_cpu(tests);
}
