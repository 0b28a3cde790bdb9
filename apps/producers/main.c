/*
 * Several producers and several consumers around one queue: who makes things waits while it is
 * full, who uses them waits while it is empty, and each thing is used once.
 * In QEMU `--icount` makes every run the same.
 */
#include <kiln.h>
#include <stdio.h>
#include <stdlib.h>

#define PRODUCERS 3
#define CONSUMERS 2
#define EACH      4 /* things that a producer makes */
#define ROOM      3

struct thing {
    unsigned maker; /* PRODUCERS: there will be no more */
    unsigned number;
};

static const char *const makers[PRODUCERS] = {"ant", "bee", "cat"};
static const char *const users[CONSUMERS] = {"xerxes", "yvonne"};

KILN_QUEUE(queue, struct thing, ROOM);
static unsigned times_used[PRODUCERS][EACH]; /* atomic */

static void show(const char *does, struct thing thing)
{
    size_t filled = kiln_queue_count(&queue);

    printf("%5.1f ms  [%.*s%.*s]  %s %s %s %u\n",
           (double)kiln_time_now() / (double)KILN_MILLISECONDS(1), (int)filled, "###",
           (int)(ROOM - filled), "   ", kiln_thread_name(kiln_thread_self()), does,
           makers[thing.maker], thing.number + 1);
}

static void *produce(void *number)
{
    struct thing thing = {.maker = (unsigned)(uintptr_t)number};

    for (; thing.number < EACH; thing.number++) {
        kiln_sleep_for(KILN_MILLISECONDS(1));
        if (kiln_queue_try_send(&queue, &thing)) {
            show("waits for room for", thing);
            kiln_queue_send(&queue, &thing);
        }
        show("puts", thing);
    }
    return NULL;
}

static void *consume(void *unused)
{
    struct thing thing;

    while (kiln_queue_receive(&queue, &thing) == 0 && thing.maker < PRODUCERS) {
        show("takes", thing);
        __atomic_add_fetch(&times_used[thing.maker][thing.number], 1, __ATOMIC_RELAXED);
        kiln_sleep_for(KILN_MILLISECONDS(2));
    }
    return unused;
}

static struct kiln_thread *start(void *(*function)(void *), const char *name, unsigned number)
{
    struct kiln_thread *thread;

    if (kiln_thread_create(&thread, KILN_THREAD_ATTRIBUTES(.name = name), function,
                           (void *)(uintptr_t)number)) {
        puts("No memory for a thread.");
        exit(1);
    }
    return thread;
}

int main(void)
{
    const struct thing last = {.maker = PRODUCERS};
    struct kiln_thread *producers[PRODUCERS], *consumers[CONSUMERS];
    unsigned wrong = 0;

    for (unsigned i = 0; i < CONSUMERS; i++)
        consumers[i] = start(consume, users[i], i);
    for (unsigned i = 0; i < PRODUCERS; i++)
        producers[i] = start(produce, makers[i], i);
    for (unsigned i = 0; i < PRODUCERS; i++)
        kiln_thread_join(producers[i], NULL);
    for (unsigned i = 0; i < CONSUMERS; i++)
        kiln_queue_send(&queue, &last);
    for (unsigned i = 0; i < CONSUMERS; i++)
        kiln_thread_join(consumers[i], NULL);
    for (unsigned i = 0; i < PRODUCERS * EACH; i++)
        wrong += times_used[i / EACH][i % EACH] != 1;
    printf("%d things, of which %u were not used once\n", PRODUCERS * EACH, wrong);
    return wrong != 0;
}
