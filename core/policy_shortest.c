/*
 * Shortest remaining time: of jobs that declared their length the one runs that has least of it
 * left, which keeps the mean time until jobs are done the least. One that turns out longer comes
 * after all that have not (yet), so that it gains nothing; among such, those that exceeded less.
 */
#include <core/policy.h>
#include <core/timer.h>

#define EXCEEDED (1ull << 63)
#define MARGIN_NS                                                                                  \
    1000000u /* between two that exceeded, so that they do not switch all the time                 \
              */

static void shortest_init(struct policy_queue *queue, uint64_t now)
{
    (void)now;
    *queue = (struct policy_queue){0};
}

static bool shortest_begin(struct policy_thread *thread)
{
    thread->shortest.ran = 0;
    return thread->shortest.length > 0 && thread->shortest.length < EXCEEDED;
}

/* Less comes first. */
static uint64_t key_of(const struct policy_thread *thread)
{
    uint64_t length = thread->shortest.length, ran = thread->shortest.ran;
    return ran < length ? length - ran : EXCEEDED + (ran - length);
}

static void shortest_add(struct policy_queue *queue, struct policy_thread *thread,
                         enum policy_why why, uint64_t now)
{
    (void)why;
    (void)now;
    heap_add(&queue->shortest, &thread->heap, key_of(thread));
}

static void shortest_remove(struct policy_queue *queue, struct policy_thread *thread)
{
    heap_remove(&queue->shortest, &thread->heap);
}

static struct policy_thread *shortest_take(struct policy_queue *queue, uint64_t now)
{
    (void)now;
    struct heap_node *first = heap_take_first(&queue->shortest);
    return first ? list_entry(first, struct policy_thread, heap) : NULL;
}

static void shortest_charge(struct policy_queue *queue, struct policy_thread *thread, uint64_t ran,
                            uint64_t now)
{
    (void)queue;
    (void)now;
    thread->shortest.ran += ran;
}

/* How long the thread runs before the first that waits; 0: it makes way now. */
static uint64_t time_left(const struct policy_thread *thread, const struct heap_node *first)
{
    uint64_t key = key_of(thread);
    if (key < EXCEEDED)
        return first->key < key ? 0 : key;
    uint64_t limit = first->key + (first->key < EXCEEDED ? 0 : core_clock_from_ns(MARGIN_NS));
    return limit > key ? limit - key : 0;
}

static bool shortest_due(struct policy_queue *queue, struct policy_thread *taken, uint64_t now)
{
    (void)now;
    const struct heap_node *first = heap_first(&queue->shortest);
    return first && time_left(taken, first) == 0;
}

static uint64_t shortest_alarm(struct policy_queue *queue, const struct policy_thread *taken,
                               uint64_t now)
{
    const struct heap_node *first = heap_first(&queue->shortest);
    return taken && first ? now + time_left(taken, first) : POLICY_NEVER;
}

const struct policy policy_shortest = {
    .name = "shortest",
    .init = shortest_init,
    .begin = shortest_begin,
    .add = shortest_add,
    .remove = shortest_remove,
    .take = shortest_take,
    .charge = shortest_charge,
    .due = shortest_due,
    .alarm = shortest_alarm,
};
