/* Topics: the latest value, new ones to wait for, subscriptions and what they miss, handlers, the
 * end. */
#include "thread_order.h"

struct reading {
    uint64_t number, check;
};

KILN_TOPIC(topic, struct reading);
KILN_SUBSCRIPTION(first, struct reading, 2);
KILN_SUBSCRIPTION(second, struct reading, 4);
KILN_SUBSCRIPTION(other, uint64_t, 1);

static int publish(uint64_t number)
{
    struct reading reading = {number, ~number};

    return kiln_topic_publish(&topic, &reading);
}

static char digit_of(const struct reading *reading)
{
    return reading->check == ~reading->number ? (char)('0' + reading->number) : '?';
}

static void note_all(struct kiln_subscription *subscription)
{
    struct reading reading;

    while (kiln_queue_try_receive(&subscription->queue, &reading) == 0)
        note(digit_of(&reading));
    note('.');
}

static void *waits(void *generation)
{
    uint64_t seen = (uintptr_t)generation;
    struct reading reading;
    int error = kiln_topic_wait(&topic, &reading, &seen, KILN_FOREVER);

    note(error == 0 ? digit_of(&reading) : error == -EIDRM ? 'D' : 'E');
    return (void *)(uintptr_t)seen;
}

static void *receives(void *unused)
{
    struct reading reading;

    note(kiln_queue_receive(&second.queue, &reading) == 0 ? digit_of(&reading) : '?');
    return unused;
}

static void test_latest(void)
{
    struct reading reading;
    uint64_t generation = 0;

    TAP_EQUAL(kiln_topic_read(&topic, &reading, NULL), -EAGAIN);
    TAP_EQUAL(kiln_topic_wait(&topic, &reading, &generation, KILN_NOWAIT), -EAGAIN);
    TAP_EQUAL(kiln_topic_wait(&topic, &reading, &generation, 1), -ETIMEDOUT);
    TAP_EQUAL(publish(1), 0);
    TAP_EQUAL(publish(2), 0);
    TAP_EQUAL(kiln_topic_read(&topic, &reading, &generation), 0);
    TAP_EQUAL(generation, 2);
    TAP_EQUAL(digit_of(&reading), '2');
    TAP_EQUAL(kiln_topic_wait(&topic, &reading, &generation, KILN_NOWAIT), -EAGAIN);
    generation = 0;
    TAP_EQUAL(kiln_topic_wait(&topic, &reading, &generation, KILN_FOREVER), 0);
    TAP_EQUAL(generation, 2);
}

/* All who wait get it. */
static void test_waiting(void)
{
    struct kiln_thread *threads[] = {BEGIN(waits, (void *)2, .priority = BASE + 1),
                                     BEGIN(waits, (void *)2, .priority = BASE + 3),
                                     BEGIN(waits, (void *)1, .priority = BASE + 2)};

    note('.');
    publish(3);
    note('.');
    for (unsigned i = 0; i < 3; i++)
        TAP_EQUAL((uintptr_t)end_of(threads[i]), i == 2 ? 2 : 3);
    check_order("2.33.");
    threads[0] = BEGIN(waits, (void *)3, .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_interrupt(threads[0]), 0);
    end_of(threads[0]);
    check_order("E");
}

static void test_subscriptions(void)
{
    struct kiln_thread *thread;

    TAP_EQUAL(kiln_topic_subscribe(&topic, &other), -EINVAL);
    TAP_EQUAL(kiln_topic_unsubscribe(&first), -EINVAL);
    TAP_EQUAL(kiln_topic_subscribe(&topic, &first), 0);
    TAP_EQUAL(kiln_topic_subscribe(&topic, &first), -EBUSY);
    TAP_EQUAL(kiln_topic_subscribe(&topic, &second), 0);
    for (uint64_t i = 4; i < 8; i++)
        publish(i);
    TAP_EQUAL(kiln_subscription_missed(&first), 2);
    TAP_EQUAL(kiln_subscription_missed(&first), 0);
    TAP_EQUAL(kiln_subscription_missed(&second), 0);
    note_all(&first);
    note_all(&second);
    thread = BEGIN(receives, NULL, .priority = BASE + 1);
    publish(8);
    check_end(thread);
    TAP_EQUAL(kiln_topic_unsubscribe(&first), 0);
    publish(9);
    note_all(&first);
    note_all(&second);
    check_order("45.4567.88.9.");
}

static KILN_INTERRUPT_HANDLER void publish_there(void *unused)
{
    (void)unused;
    note('h');
    publish(1);
    note('i');
}

static void test_end(void)
{
    struct kiln_thread *threads[] = {BEGIN(receives, NULL, .priority = BASE + 1),
                                     BEGIN(waits, (void *)9, .priority = BASE + 2)};

    call_in_handler(publish_there);
    end_of(threads[0]);
    end_of(threads[1]);
    check_order("hi11");
    threads[1] = BEGIN(waits, (void *)10, .priority = BASE + 2);
    kiln_topic_destroy(&topic);
    end_of(threads[1]);
    check_order("D");
    TAP_EQUAL(kiln_topic_unsubscribe(&second), -EINVAL);
#if !KILN_CONFIG_CHECKS
    TAP_EQUAL(publish(1), -EIDRM);
#endif
}

static void *tests(void *unused)
{
    test_latest();
    test_waiting();
    test_subscriptions();
    test_end();
    return unused;
}

#define EACH 2000
KILN_TOPIC(shared, struct reading);

static void *publishes(void *unused)
{
    for (uint64_t i = 1; i <= EACH; i++)
        kiln_topic_publish(&shared, &(struct reading){i, ~i});
    return unused;
}

/* On all CPUs that there are: none is torn, and none is older than the one before. */
static void *reads(void *unused)
{
    uint64_t generation = 0, last = 0;
    struct reading reading;

    while (generation < EACH) {
        if (kiln_topic_wait(&shared, &reading, &generation, KILN_FOREVER) ||
            reading.check != ~reading.number || reading.number != generation || generation <= last)
            return &shared;
        last = generation;
    }
    return unused;
}

int main(int argc, char **argv)
{
    struct kiln_thread *threads[3];

    if (argc == 2 && strcmp(argv[1], "stale") == 0) {
        kiln_topic_destroy(&topic);
        publish(1);
        printf("survived\n");
        return 1;
    }
    for (unsigned i = 0; i < 3; i++)
        threads[i] = begin_thread(i < 2 ? reads : publishes, NULL, KILN_THREAD_ATTRIBUTES());
    for (unsigned i = 0; i < 3; i++)
        check_end(threads[i]);
    return run_on_first_cpu(tests);
}
