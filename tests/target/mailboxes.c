/* Mailboxes: whose a buffer is, waiting, time-outs, handlers, destruction. "twice" is a misuse. */
#include "thread_order.h"

static struct kiln_mailbox_item places[2];
static struct kiln_mailbox mailbox;
static char letters[] = "abcdef";

static char take_until(int64_t deadline)
{
    void *buffer = NULL;
    size_t bytes = 0;
    int error = kiln_mailbox_take_until(&mailbox, &buffer, &bytes, deadline);

    if (error)
        return error == -EAGAIN ? '-' : error == -ETIMEDOUT ? 't' : error == -EIDRM ? 'd' : 'e';
    return bytes == (size_t)((char *)buffer - letters) + 1 ? *(char *)buffer : '?';
}

static int put_until(unsigned letter, int64_t deadline)
{
    return kiln_mailbox_put_until(&mailbox, &letters[letter], letter + 1, deadline);
}

static void *takes(void *unused)
{
    note(take_until(KILN_FOREVER));
    return unused;
}

static void *puts_c(void *unused)
{
    int error = kiln_mailbox_put(&mailbox, &letters[2], 3);

    note(error == 0 ? 'p' : error == -EIDRM ? 'd' : 'e');
    return unused;
}

static KILN_INTERRUPT_HANDLER void put_there(void *unused)
{
    (void)unused;
    note('h');
    kiln_mailbox_try_put(&mailbox, &letters[3], 4);
    note('i');
}

static void test_waiting(void)
{
    struct kiln_thread *thread = BEGIN(takes, NULL, .priority = BASE + 1);

    TAP_EQUAL(put_until(0, KILN_FOREVER), 0);
    check_end(thread);
    TAP_EQUAL(put_until(0, KILN_FOREVER), 0);
    TAP_EQUAL(put_until(1, KILN_NOWAIT), 0);
    TAP_EQUAL(kiln_mailbox_count(&mailbox), 2);
    TAP_EQUAL(put_until(2, KILN_NOWAIT), -EAGAIN);
    TAP_EQUAL(put_until(2, 1), -ETIMEDOUT);
    thread = BEGIN(puts_c, NULL, .priority = BASE + 1);
    note(take_until(KILN_FOREVER));
    check_end(thread);
    note(take_until(KILN_NOWAIT));
    note(take_until(KILN_NOWAIT));
    note(take_until(KILN_NOWAIT));
    note(take_until(1));
    check_order("apabc-t");
    thread = BEGIN(takes, NULL, .priority = BASE + 1);
    call_in_handler(put_there);
    check_end(thread);
    check_order("hid");
}

static void test_destroy(void)
{
    struct kiln_thread *thread = BEGIN(takes, NULL, .priority = BASE + 1);

    kiln_mailbox_destroy(&mailbox);
    check_end(thread);
    kiln_mailbox_init(&mailbox, places, 2);
    put_until(0, KILN_NOWAIT);
    put_until(1, KILN_NOWAIT);
    thread = BEGIN(puts_c, NULL, .priority = BASE + 1);
    kiln_mailbox_destroy(&mailbox);
    check_end(thread);
    check_order("dd");
}

static void *tests(void *unused)
{
    test_waiting();
    test_destroy();
    return unused;
}

/* Buffers go round between threads, on all CPUs that there are: nobody has one that another has. */
#define ROUNDS 500
#define HANDS  3
KILN_MAILBOX(round_table, 4);

static void *passes_on(void *unused)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t *buffer;
        size_t bytes;

        if (kiln_mailbox_take(&round_table, (void **)&buffer, &bytes))
            return &round_table;
        if (__atomic_fetch_add(&buffer[0], 1, __ATOMIC_RELAXED) != 0)
            return &round_table;
        buffer[1]++;
        __atomic_fetch_sub(&buffer[0], 1, __ATOMIC_RELAXED);
        if (kiln_mailbox_put(&round_table, buffer, bytes))
            return &round_table;
    }
    return unused;
}

static void test_many(void)
{
    static uint32_t buffers[2][2];
    struct kiln_thread *threads[HANDS];

    for (unsigned i = 0; i < 2; i++)
        kiln_mailbox_put(&round_table, buffers[i], sizeof buffers[i]);
    for (unsigned i = 0; i < HANDS; i++)
        threads[i] = begin_thread(passes_on, NULL, KILN_THREAD_ATTRIBUTES());
    for (unsigned i = 0; i < HANDS; i++)
        check_end(threads[i]);
    TAP_EQUAL(buffers[0][1] + buffers[1][1], HANDS * ROUNDS);
}

int main(int argc, char **argv)
{
    kiln_mailbox_init(&mailbox, places, 2);
    if (argc == 2 && strcmp(argv[1], "twice") == 0) {
        put_until(0, KILN_NOWAIT);
        put_until(0, KILN_NOWAIT);
        printf("survived\n");
        return 1;
    }
    test_many();
    return run_on_first_cpu(tests);
}
