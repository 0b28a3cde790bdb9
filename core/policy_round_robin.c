/* Round robin: each runs for its slice in turn; also one that is alone, as plain threads of its
 * priority may wait for the end of that. */
#include <core/policy.h>

static void round_robin_init(struct policy_queue *queue, uint64_t now)
{
    (void)now;
    list_init(&queue->round_robin);
}

static bool round_robin_begin(struct policy_thread *thread)
{
    thread->round_robin.left = 0;
    return thread->round_robin.slice > 0;
}

/* Who makes way before its slice is over is the next again. */
static void round_robin_add(struct policy_queue *queue, struct policy_thread *thread,
                            enum policy_why why, uint64_t now)
{
    (void)now;
    if (why == POLICY_PASSED_BY && thread->round_robin.left > 0) {
        list_add_first(&queue->round_robin, &thread->node);
        return;
    }
    if (why != POLICY_MOVED)
        thread->round_robin.left = 0;
    list_add_last(&queue->round_robin, &thread->node);
}

static void round_robin_remove(struct policy_queue *queue, struct policy_thread *thread)
{
    (void)queue;
    list_remove(&thread->node);
}

static struct policy_thread *round_robin_take(struct policy_queue *queue, uint64_t now)
{
    (void)now;
    struct list_node *first = list_take_first(&queue->round_robin);
    if (!first)
        return NULL;
    struct policy_thread *thread = list_entry(first, struct policy_thread, node);
    if (thread->round_robin.left == 0)
        thread->round_robin.left = thread->round_robin.slice;
    return thread;
}

static void round_robin_charge(struct policy_queue *queue, struct policy_thread *thread,
                               uint64_t ran, uint64_t now)
{
    (void)queue;
    (void)now;
    thread->round_robin.left -= ran < thread->round_robin.left ? ran : thread->round_robin.left;
}

static bool round_robin_due(struct policy_queue *queue, struct policy_thread *taken, uint64_t now)
{
    (void)now;
    (void)queue;
    return taken->round_robin.left == 0;
}

static uint64_t round_robin_alarm(struct policy_queue *queue, const struct policy_thread *taken,
                                  uint64_t now)
{
    (void)queue;
    return taken ? now + taken->round_robin.left : POLICY_NEVER;
}

const struct policy policy_round_robin = {
    .name = "round robin",
    .takes_turns = true,
    .ends_turns = true,
    .init = round_robin_init,
    .begin = round_robin_begin,
    .add = round_robin_add,
    .remove = round_robin_remove,
    .take = round_robin_take,
    .charge = round_robin_charge,
    .due = round_robin_due,
    .alarm = round_robin_alarm,
};
