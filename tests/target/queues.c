/*
 * Message queues: order, both ends, room and waiting for it, messages that go straight into the
 * buffer of who waits, time-outs, interrupts, destruction, each with sizes that go the short way
 * and others. A word names a misuse instead.
 */
#include "thread_order.h"

#define MOST_BYTES 40

static _Alignas(8) uint8_t places[3 * MOST_BYTES];
static struct kiln_queue queue;
static size_t item_bytes;
KILN_QUEUE(words, uint64_t, 2);

/* A message of item_bytes that can be told from others by its letter. */
static void fill(uint8_t *message, char letter)
{
    for (size_t i = 0; i < item_bytes; i++)
        message[i] = (uint8_t)(letter + i);
}

static int send(char letter)
{
    _Alignas(8) uint8_t message[MOST_BYTES];

    fill(message, letter);
    return kiln_queue_send(&queue, message);
}

static int send_front(char letter)
{
    _Alignas(8) uint8_t message[MOST_BYTES];

    fill(message, letter);
    return kiln_queue_send_front(&queue, message);
}

/* The message's letter, '?' if it is not whole or something behind it was written to. */
static char letter_of(const uint8_t *message)
{
    uint8_t want[MOST_BYTES];

    memset(want, 0xEE, sizeof want);
    fill(want, (char)message[0]);
    return memcmp(want, message, MOST_BYTES) == 0 ? (char)message[0] : '?';
}

static char receive_until(int64_t deadline)
{
    _Alignas(8) uint8_t message[MOST_BYTES];
    int error;

    memset(message, 0xEE, sizeof message);
    error = kiln_queue_receive_until(&queue, message, deadline);
    if (error)
        return error == -EAGAIN ? '-' : error == -ETIMEDOUT ? 't' : error == -EIDRM ? 'd' : 'e';
    return letter_of(message);
}

static void note_all(void)
{
    char letter;

    while ((letter = receive_until(KILN_NOWAIT)) != '-')
        note(letter);
}

static void test_ends(void)
{
    _Alignas(8) uint8_t message[MOST_BYTES];

    memset(message, 0xEE, sizeof message);
    TAP_EQUAL(kiln_queue_peek(&queue, message), -EAGAIN);
    TAP_EQUAL(kiln_queue_try_receive(&queue, message), -EAGAIN);
    TAP_EQUAL(send('b'), 0);
    TAP_EQUAL(send('c'), 0);
    TAP_EQUAL(send_front('a'), 0);
    TAP_EQUAL(kiln_queue_count(&queue), 3);
    TAP_EQUAL(kiln_queue_try_send(&queue, message), -EAGAIN);
    TAP_EQUAL(kiln_queue_try_send_front(&queue, message), -EAGAIN);
    TAP_EQUAL(kiln_queue_peek(&queue, message), 0);
    TAP_EQUAL(letter_of(message), 'a');
    note(receive_until(KILN_FOREVER));
    send('d');
    note_all();
    check_order("abcd");
    send_front('f');
    send_front('e');
    send('g');
    note_all();
    check_order("efg");
    TAP_EQUAL(kiln_queue_count(&queue), 0);
}

static void *receives(void *unused)
{
    note(receive_until(KILN_FOREVER));
    return unused;
}

/* Whose priority is higher is given the first message, also while others are there. */
static void test_receivers(void)
{
    struct kiln_thread *threads[] = {BEGIN(receives, NULL, .priority = BASE - 1),
                                     BEGIN(receives, NULL, .priority = BASE + 1),
                                     BEGIN(receives, NULL, .priority = BASE + 2)};

    note('.');
    send('a');
    send_front('b');
    note('.');
    while (state_of(threads[0]) != KILN_THREAD_BLOCKED)
        kiln_sleep_for(KILN_MICROSECONDS(100));
    send('c');
    TAP_EQUAL(kiln_queue_count(&queue), 0);
    send('d'); /* not for who is woken already */
    note(receive_until(KILN_NOWAIT));
    for (unsigned i = 0; i < 3; i++)
        check_end(threads[i]);
    check_order(".ab.dc");
}

struct sender {
    char letter;
    bool to_front;
};

static void *sends(void *argument)
{
    const struct sender *sender = argument;
    int error = sender->to_front ? send_front(sender->letter) : send(sender->letter);

    note((char)(sender->letter + 'A' - 'a'));
    return (void *)(intptr_t)error;
}

/* A place that becomes free is theirs by priority, and nobody comes in between. */
static void test_senders(void)
{
    static const struct sender senders[] = {{'d', false}, {'e', false}, {'f', true}};
    static const int above[] = {1, 2, 3};
    struct kiln_thread *threads[3];

    send('a');
    send('b');
    send('c');
    for (unsigned i = 0; i < 3; i++)
        threads[i] = BEGIN(sends, &senders[i], .priority = BASE + above[i]);
    for (unsigned i = 0; i < 3; i++)
        note(receive_until(KILN_NOWAIT)); /* a, f in front of b and c, e and d behind */
    note('.');
    TAP_EQUAL(kiln_queue_count(&queue), 3);
    TAP_EQUAL(kiln_queue_try_send(&queue, places), -EAGAIN);
    note_all();
    for (unsigned i = 0; i < 3; i++)
        TAP_EQUAL((intptr_t)end_of(threads[i]), 0);
    check_order("FaEfDb.ced");
    send('g');
    note_all();
    check_order("g");
}

static void test_time_outs(void)
{
    int64_t deadline = kiln_time_after(KILN_MICROSECONDS(100));
    _Alignas(8) uint8_t message[MOST_BYTES];

    TAP_EQUAL(receive_until(deadline), 't');
    TAP_CHECK(kiln_time_now() >= deadline);
    TAP_EQUAL(receive_until(1), 't');
    send('a');
    TAP_EQUAL(receive_until(1), 'a');
    send('a');
    send('b');
    send('c');
    fill(message, 'z');
    deadline = kiln_time_after(KILN_MICROSECONDS(100));
    TAP_EQUAL(kiln_queue_send_until(&queue, message, deadline), -ETIMEDOUT);
    TAP_CHECK(kiln_time_now() >= deadline);
    TAP_EQUAL(kiln_queue_send_front_until(&queue, message, 1), -ETIMEDOUT);
    TAP_EQUAL(kiln_queue_send_front_until(&queue, message, KILN_NOWAIT), -EAGAIN);
    TAP_EQUAL(kiln_queue_send_until(&queue, message, KILN_NOWAIT), -EAGAIN);
    note_all();
    check_order("abc");
}

static void *receives_until(void *unused)
{
    note(receive_until(kiln_time_after(KILN_SECONDS(5))));
    return unused;
}

/* Those whose wait has ended are not there for the next message. */
static void test_interrupted(void)
{
    struct kiln_thread *thread = BEGIN(receives, NULL, .priority = BASE + 1);

    TAP_EQUAL(kiln_thread_interrupt(thread), 0);
    check_end(thread);
    send('a');
    TAP_EQUAL(kiln_queue_count(&queue), 1);
    note_all();
    thread = BEGIN(receives, NULL, .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_cancel(thread), 0);
    TAP_CHECK(end_of(thread) == KILN_CANCELLED);
    send('b');
    note_all();
    thread = BEGIN(receives_until, NULL, .priority = BASE + 1);
    send('c');
    check_end(thread);
    check_order("eabc");
}

static KILN_INTERRUPT_HANDLER void send_there(void *unused)
{
    static const uint64_t message = 42;

    (void)unused;
    note('h');
    kiln_queue_try_send(&words, &message);
    note('i');
}

static KILN_INTERRUPT_HANDLER void receive_there(void *unused)
{
    uint64_t message;

    (void)unused;
    if (kiln_queue_try_receive(&words, &message) == 0)
        note((char)('0' + message));
}

static void *receives_word(void *unused)
{
    uint64_t message = 0;

    note(kiln_queue_receive(&words, &message) == 0 && message == 42 ? 'm' : 'e');
    return unused;
}

/* Who waits goes on when the handler has ended. */
static void test_handler(void)
{
    struct kiln_thread *thread = BEGIN(receives_word, NULL, .priority = BASE + 1);
    uint64_t message = 1;

    call_in_handler(send_there);
    check_end(thread);
    check_order("him");
    kiln_queue_send(&words, &message);
    message = 2;
    kiln_queue_send(&words, &message);
    call_in_handler(receive_there);
    message = 3;
    TAP_EQUAL(kiln_queue_send(&words, &message), 0); /* waits for the handler */
    while (kiln_queue_try_receive(&words, &message) == 0)
        note((char)('0' + message));
    check_order("123");
}

static void test_destroy(void)
{
    static const struct sender sender = {'z', false};
    struct kiln_thread *threads[] = {BEGIN(receives, NULL, .priority = BASE + 1),
                                     BEGIN(receives_until, NULL, .priority = BASE + 2)};

    kiln_queue_destroy(&queue);
    check_end(threads[0]);
    check_end(threads[1]);
    check_order("dd");
    kiln_queue_init(&queue, places, item_bytes, 3);
    send('a');
    send('b');
    send('c');
    threads[0] = BEGIN(sends, &sender, .priority = BASE + 1);
    kiln_queue_destroy(&queue);
    TAP_EQUAL((intptr_t)end_of(threads[0]), -EIDRM);
    check_order("Z");
#if !KILN_CONFIG_CHECKS
    TAP_EQUAL(send('a'), -EIDRM);
    TAP_EQUAL(receive_until(KILN_NOWAIT), 'd');
    TAP_EQUAL(kiln_queue_peek(&queue, places), -EIDRM);
#endif
}

static void *tests(void *unused)
{
    static const size_t sizes[] = {1, 8, 16, 24, 40};

    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        item_bytes = sizes[i];
        printf("# messages of %u bytes\n", (unsigned)item_bytes);
        kiln_queue_init(&queue, places, item_bytes, 3);
        test_ends();
        test_receivers();
        test_senders();
        test_time_outs();
        test_interrupted();
        test_destroy();
    }
    test_handler();
    return unused;
}

#define EACH    1000
#define SENDERS 3

static void *sends_many(void *number)
{
    for (uint64_t i = 1; i <= EACH; i++) {
        uint64_t message = (uintptr_t)number << 32 | i;

        if (kiln_queue_send(&words, &message))
            return number;
    }
    return NULL;
}

/* Its messages of each sender came in the order in which they were sent. */
static void *receives_many(void *sum)
{
    uint64_t last[SENDERS] = {0}, message;

    for (unsigned i = 0; i < EACH; i++) {
        if (kiln_queue_receive(&words, &message) || message >> 32 >= SENDERS ||
            (uint32_t)message <= last[message >> 32])
            return sum;
        last[message >> 32] = (uint32_t)message;
        __atomic_fetch_add((uint64_t *)sum, (uint32_t)message, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* On all CPUs that there are. */
static void test_many(void)
{
    struct kiln_thread *senders[SENDERS], *receivers[SENDERS];
    uint64_t sum = 0;

    for (uintptr_t i = 0; i < SENDERS; i++) {
        receivers[i] = begin_thread(receives_many, &sum, KILN_THREAD_ATTRIBUTES());
        senders[i] = begin_thread(sends_many, (void *)i, KILN_THREAD_ATTRIBUTES());
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        check_end(senders[i]);
        check_end(receivers[i]);
    }
    TAP_EQUAL(sum, (uint64_t)SENDERS * EACH * (EACH + 1) / 2);
    TAP_EQUAL(kiln_queue_count(&words), 0);
}

int main(int argc, char **argv)
{
    uint64_t message = 0;

    if (argc == 1) {
        test_many();
        return run_on_first_cpu(tests);
    }
    if (strcmp(argv[1], "stale") == 0) {
        kiln_queue_destroy(&words);
        kiln_queue_try_send(&words, &message);
    } else if (strcmp(argv[1], "unmade") == 0) {
        kiln_queue_try_receive(&queue, &message);
    } else {
        uintptr_t state = kiln_irq_save();

        kiln_queue_receive(&words, &message);
        kiln_irq_restore(state);
    }
    printf("survived\n");
    return 1;
}
