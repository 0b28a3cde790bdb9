/*
 * Lottery: who runs next is drawn, each with a chance as its tickets. Those who wait are the nodes
 * of a complete binary tree, numbered from 1 at the root, 2 and 3 below; the bits of a number after
 * its first are the way to its node.
 */
#include <core/policy.h>
#include <core/timer.h>
#include <kiln/system.h>

#define SLICE_NS 1000000u

static void lottery_init(struct policy_queue *queue, uint64_t now)
{
    (void)now;
    *queue = (struct policy_queue){0};
}

static bool lottery_begin(struct policy_thread *thread)
{
    thread->lottery.slice = 0;
    return thread->lottery.tickets > 0 && thread->lottery.tickets <= POLICY_TICKETS_MOST;
}

static struct policy_ticket_node *node_at(struct policy_queue *queue, uint32_t number)
{
    struct policy_ticket_node *node = queue->lottery.root;
    for (int bit = 30 - __builtin_clz(number); bit >= 0; bit--)
        node = node->side[number >> bit & 1];
    return node;
}

/* The difference may be below 0: sums wrap. */
static void add_upwards(struct policy_ticket_node *node, uint64_t difference)
{
    for (; node; node = node->up)
        node->sum += difference;
}

static void hang(struct policy_queue *queue, struct policy_ticket_node *up,
                 const struct policy_ticket_node *old, struct policy_ticket_node *node)
{
    if (!up)
        queue->lottery.root = node;
    else
        up->side[up->side[1] == old] = node;
}

static void lottery_add(struct policy_queue *queue, struct policy_thread *thread,
                        enum policy_why why, uint64_t now)
{
    (void)why;
    (void)now;
    struct policy_ticket_node *node = &thread->ticket;
    uint32_t number = ++queue->lottery.waiting;
    *node = (struct policy_ticket_node){.tickets = thread->lottery.tickets};
    if (number == 1) {
        queue->lottery.root = node;
    } else {
        node->up = node_at(queue, number / 2);
        node->up->side[number & 1] = node;
    }
    add_upwards(node, node->tickets);
}

/* The last node comes to stand where the one that leaves stood. */
static void lottery_remove(struct policy_queue *queue, struct policy_thread *thread)
{
    struct policy_ticket_node *node = &thread->ticket;
    struct policy_ticket_node *last = node_at(queue, queue->lottery.waiting--);
    hang(queue, last->up, last, NULL);
    add_upwards(last->up, -(uint64_t)last->tickets);
    if (last == node)
        return;
    last->up = node->up;
    last->side[0] = node->side[0];
    last->side[1] = node->side[1];
    last->sum = node->sum - node->tickets;
    hang(queue, node->up, node, last);
    for (unsigned i = 0; i < 2; i++)
        if (last->side[i])
            last->side[i]->up = last;
    add_upwards(last->up, -(uint64_t)node->tickets);
    add_upwards(last, last->tickets);
}

static struct policy_ticket_node *draw(const struct policy_queue *queue)
{
    struct policy_ticket_node *node = queue->lottery.root;
    uint64_t ticket = kiln_random() % node->sum;
    while (ticket >= node->tickets) {
        ticket -= node->tickets;
        struct policy_ticket_node *left = node->side[0];
        if (ticket < left->sum) {
            node = left;
        } else {
            ticket -= left->sum;
            node = node->side[1];
        }
    }
    return node;
}

static struct policy_thread *lottery_take(struct policy_queue *queue, uint64_t now)
{
    (void)now;
    if (queue->lottery.waiting == 0)
        return NULL;
    struct policy_thread *thread = list_entry(draw(queue), struct policy_thread, ticket);
    lottery_remove(queue, thread);
    thread->lottery.slice = core_clock_from_ns(SLICE_NS);
    return thread;
}

static void lottery_charge(struct policy_queue *queue, struct policy_thread *thread, uint64_t ran,
                           uint64_t now)
{
    (void)queue;
    (void)now;
    thread->lottery.slice -= ran < thread->lottery.slice ? ran : thread->lottery.slice;
}

static bool lottery_due(struct policy_queue *queue, struct policy_thread *taken, uint64_t now)
{
    (void)now;
    return queue->lottery.waiting && taken->lottery.slice == 0;
}

static uint64_t lottery_alarm(struct policy_queue *queue, const struct policy_thread *taken,
                              uint64_t now)
{
    return taken && queue->lottery.waiting ? now + taken->lottery.slice : POLICY_NEVER;
}

const struct policy policy_lottery = {
    .name = "lottery",
    .takes_turns = true,
    .init = lottery_init,
    .begin = lottery_begin,
    .add = lottery_add,
    .remove = lottery_remove,
    .take = lottery_take,
    .charge = lottery_charge,
    .due = lottery_due,
    .alarm = lottery_alarm,
};
