/*
 * Pipes: bytes in their order, however they are written and read; waiting on both sides, time-outs
 * with a part written, handlers, destruction.
 */
#include "thread_order.h"

#define CAPACITY 7

static uint8_t memory[CAPACITY];
static struct kiln_pipe pipe;
KILN_PIPE(wide, 700);

static const char text[] = "abcdefghijklmnopqrstuvwxyz";

/* Notes what it reads of up to so many bytes. */
static void read_until(size_t bytes, int64_t deadline)
{
    char buffer[32];
    size_t count = 99;
    int error;

    memset(buffer, '?', sizeof buffer);
    error = kiln_pipe_read_until(&pipe, buffer, bytes, &count, deadline);
    if (error) {
        note(count                 ? '?'
             : error == -EAGAIN    ? '-'
             : error == -ETIMEDOUT ? 't'
             : error == -EIDRM     ? 'D'
                                   : 'E');
        return;
    }
    if (buffer[count] != '?')
        note('!');
    for (size_t i = 0; i < count; i++)
        note(buffer[i]);
}

static void *reads_five(void *unused)
{
    read_until(5, KILN_FOREVER);
    note('.');
    return unused;
}

static void *writes_twenty(void *unused)
{
    int error = kiln_pipe_write(&pipe, text, 20);

    note(error == 0 ? 'W' : error == -EIDRM ? 'D' : 'E');
    return unused;
}

static void test_alone(void)
{
    size_t written = 0;

    read_until(5, KILN_NOWAIT);
    TAP_EQUAL(kiln_pipe_write(&pipe, text, 5), 0);
    read_until(3, KILN_FOREVER);
    note('.');
    TAP_EQUAL(kiln_pipe_write(&pipe, text + 5, 5), 0);
    TAP_EQUAL(kiln_pipe_count(&pipe), 7);
    TAP_EQUAL(kiln_pipe_try_write(&pipe, text, 1, &written), -EAGAIN);
    TAP_EQUAL(written, 0);
    read_until(20, KILN_FOREVER);
    check_order("-abc.defghij");
    TAP_EQUAL(kiln_pipe_try_write(&pipe, text, 9, &written), -EAGAIN);
    TAP_EQUAL(written, 7);
    TAP_EQUAL(kiln_pipe_write_until(&pipe, text, 2, &written, 1), -ETIMEDOUT);
    TAP_EQUAL(written, 0);
    TAP_EQUAL(kiln_pipe_write(&pipe, text, 0), 0);
    read_until(20, KILN_FOREVER);
    read_until(1, 1);
    check_order("abcdefgt");
}

static void test_readers(void)
{
    struct kiln_thread *threads[] = {BEGIN(reads_five, NULL, .priority = BASE + 1),
                                     BEGIN(reads_five, NULL, .priority = BASE + 2)};

    kiln_pipe_write(&pipe, text, 2); /* all that there is, for the higher one */
    note('/');
    kiln_pipe_write(&pipe, text, 8); /* more than the other wants */
    check_end(threads[0]);
    check_end(threads[1]);
    read_until(9, KILN_NOWAIT);
    check_order("ab./abcde.fgh");
}

static void test_writers(void)
{
    struct kiln_thread *thread = BEGIN(writes_twenty, NULL, .priority = BASE + 1);

    TAP_EQUAL(kiln_pipe_count(&pipe), CAPACITY);
    read_until(3, KILN_NOWAIT);
    TAP_EQUAL(kiln_pipe_count(&pipe), CAPACITY);
    read_until(9, KILN_NOWAIT);
    note('.');
    read_until(9, KILN_NOWAIT);
    check_end(thread);
    read_until(9, KILN_NOWAIT);
    check_order("abcdefghijkl.Wmnopqrst-");
    thread = BEGIN(writes_twenty, NULL, .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_interrupt(thread), 0);
    check_end(thread);
    read_until(9, KILN_NOWAIT);
    read_until(9, KILN_NOWAIT);
    thread = BEGIN(reads_five, NULL, .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_cancel(thread), 0);
    TAP_CHECK(end_of(thread) == KILN_CANCELLED);
    kiln_pipe_write(&pipe, text, 1);
    read_until(9, KILN_NOWAIT);
    check_order("Eabcdefg-a");
}

static KILN_INTERRUPT_HANDLER void write_there(void *unused)
{
    (void)unused;
    note('h');
    kiln_pipe_try_write(&pipe, text, 3, NULL);
    note('i');
}

static void test_end(void)
{
    struct kiln_thread *thread = BEGIN(reads_five, NULL, .priority = BASE + 1);

    call_in_handler(write_there);
    check_end(thread);
    check_order("hiabc.");
    thread = BEGIN(reads_five, NULL, .priority = BASE + 1);
    kiln_pipe_destroy(&pipe);
    check_end(thread);
    kiln_pipe_init(&pipe, memory, CAPACITY);
    thread = BEGIN(writes_twenty, NULL, .priority = BASE + 1);
    kiln_pipe_destroy(&pipe);
    check_end(thread);
    check_order("D.D");
#if !KILN_CONFIG_CHECKS
    TAP_EQUAL(kiln_pipe_write(&pipe, text, 1), -EIDRM);
#endif
}

static void *tests(void *unused)
{
    test_alone();
    test_readers();
    test_writers();
    test_end();
    return unused;
}

#define ALL 60000

static void *writes_all(void *unused)
{
    uint8_t part[1500];
    unsigned next = 0, size = 1;

    while (next < ALL) {
        size = size * 7 % 1499 + 1;
        for (unsigned i = 0; i < size; i++)
            part[i] = (uint8_t)((next + i) % 251);
        if (kiln_pipe_write(&wide, part, size))
            return &wide;
        next += size;
    }
    return unused;
}

/* In steps of other sizes, on other CPUs if there are any. */
static void test_many(void)
{
    struct kiln_thread *thread = begin_thread(writes_all, NULL, KILN_THREAD_ATTRIBUTES());
    uint8_t part[1100];
    unsigned next = 0, size = 1, wrong = 0;

    while (next < ALL) {
        size_t count = 0;

        size = size * 5 % 1099 + 1;
        wrong += kiln_pipe_read(&wide, part, size, &count) != 0 || count > size;
        for (unsigned i = 0; i < count; i++)
            wrong += part[i] != (next + i) % 251;
        next += (unsigned)count;
    }
    while (kiln_pipe_read_until(&wide, part, 1, &(size_t){0},
                                kiln_time_after(KILN_MILLISECONDS(1))) == 0)
        next++;
    check_end(thread);
    TAP_EQUAL(wrong, 0);
}

int main(int argc, char **argv)
{
    kiln_pipe_init(&pipe, memory, CAPACITY);
    if (argc == 2 && strcmp(argv[1], "stale") == 0) {
        kiln_pipe_destroy(&pipe);
        kiln_pipe_write(&pipe, text, 1);
        printf("survived\n");
        return 1;
    }
    test_many();
    return run_on_first_cpu(tests);
}
