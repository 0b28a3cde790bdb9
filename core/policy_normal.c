/*
 * Normal: a multi-level feedback queue. Who is new, or has waited for a boost, is at the highest
 * level, and goes down by one whenever it has used up its allotment of time there, in however many
 * pieces it took it. Within a level each runs for a slice in turn. Slices and allotments are as the
 * threads' weights, so that those who always want to run share the CPU by weight on each level.
 */
#include <core/policy.h>
#include <core/timer.h>

#define LAST_LEVEL   (POLICY_LEVELS - 1)
#define BOOST_NS     1000000000u
#define SLICE_LEAST  10000u /* ns: less is put off until it has added up */
#define PUT_OFF_MOST 8u     /* threads, each time one is taken */

struct level {
    uint32_t round_ns; /* in which each has its turn, or */
    uint32_t each_ns;  /* as often this, if that is more */
    uint32_t allotment_ns;
};

static const struct level levels[POLICY_LEVELS] = {
    {1000000, 250000, 5000000},
    {2000000, 500000, 10000000},
    {4000000, 750000, 20000000},
    {8000000, 1000000, 0},
};

/* 1024 at nice 0, and 1.25 times that of the next one. */
#define WEIGHT_ONE 1024u
static const uint32_t weights[POLICY_NICE_MOST - POLICY_NICE_LEAST + 1] = {
    88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921, 9537, 7629, 6104, 4883,
    3906,  3125,  2500,  2000,  1600,  1280,  1024,  819,   655,   524,   419,  336,  268,  215,
    172,   137,   110,   88,    70,    56,    45,    36,    29,    23,    18,   15,
};

static uint32_t weight_of(const struct policy_thread *thread)
{
    return weights[thread->normal.nice - POLICY_NICE_LEAST];
}

static uint64_t allotment(const struct policy_thread *thread)
{
    uint64_t units = core_clock_from_ns(levels[thread->normal.level].allotment_ns);
    return units * weight_of(thread) / WEIGHT_ONE;
}

static uint64_t quantum(const struct policy_queue *queue, const struct policy_thread *thread)
{
    uint8_t level = thread->normal.level;
    uint64_t round = levels[level].round_ns;
    uint64_t each = (uint64_t)levels[level].each_ns * queue->normal.waiting[level];
    uint64_t units = core_clock_from_ns(round > each ? round : each);
    return units * weight_of(thread) / queue->normal.weights[level];
}

/* The highest level where somebody waits. */
static unsigned first_level(const struct policy_queue *queue)
{
    return queue->normal.ready ? (unsigned)__builtin_ctz(queue->normal.ready) : POLICY_LEVELS;
}

static void append(struct list_node *list, struct list_node *other)
{
    if (list_is_empty(other))
        return;
    other->next->previous = list->previous;
    list->previous->next = other->next;
    other->previous->next = list;
    list->previous = other->previous;
    list_init(other);
}

/* All start at the highest level again: here those who wait, in their order, and each thread's own
 * state when it is next looked at. */
static void boost_all(struct policy_queue *queue, uint64_t now)
{
    if (now < queue->normal.boost_at)
        return;
    uint64_t period = core_clock_from_ns(BOOST_NS);
    queue->normal.boost = (uint32_t)(now / period);
    queue->normal.boost_at = (now / period + 1) * period;
    for (unsigned level = 1; level < POLICY_LEVELS; level++) {
        append(&queue->normal.levels[0], &queue->normal.levels[level]);
        queue->normal.weights[0] += queue->normal.weights[level];
        queue->normal.waiting[0] += queue->normal.waiting[level];
        queue->normal.weights[level] = 0;
        queue->normal.waiting[level] = 0;
    }
    queue->normal.ready = queue->normal.waiting[0] != 0;
}

/* True: the thread has been boosted. */
static bool boost(const struct policy_queue *queue, struct policy_thread *thread)
{
    if (thread->normal.boost == queue->normal.boost)
        return false;
    thread->normal.boost = queue->normal.boost;
    thread->normal.level = 0;
    thread->normal.used = 0;
    return true;
}

static void normal_init(struct policy_queue *queue, uint64_t now)
{
    *queue = (struct policy_queue){0};
    for (unsigned level = 0; level < POLICY_LEVELS; level++)
        list_init(&queue->normal.levels[level]);
    boost_all(queue, now);
}

static bool normal_begin(struct policy_thread *thread)
{
    int8_t nice = thread->normal.nice;
    thread->normal.level = 0;
    thread->normal.used = 0;
    thread->normal.slice = 0;
    return nice >= POLICY_NICE_LEAST && nice <= POLICY_NICE_MOST;
}

static void insert(struct policy_queue *queue, struct policy_thread *thread, bool first)
{
    uint8_t level = thread->normal.level;
    struct list_node *list = &queue->normal.levels[level];
    list_insert_before(first ? list->next : list, &thread->node);
    queue->normal.weights[level] += weight_of(thread);
    queue->normal.waiting[level]++;
    queue->normal.ready |= 1u << level;
}

/* Only who makes way for a higher level goes on with its slice, before the others of its own. */
static void normal_add(struct policy_queue *queue, struct policy_thread *thread,
                       enum policy_why why, uint64_t now)
{
    boost_all(queue, now);
    boost(queue, thread);
    bool first = why == POLICY_PASSED_BY && thread->normal.slice > 0;
    if (!first && thread->normal.slice > 0)
        thread->normal.slice = 0;
    insert(queue, thread, first);
}

static void normal_remove(struct policy_queue *queue, struct policy_thread *thread)
{
    boost(queue, thread);
    uint8_t level = thread->normal.level;
    list_remove(&thread->node);
    queue->normal.weights[level] -= weight_of(thread);
    if (--queue->normal.waiting[level] == 0)
        queue->normal.ready &= ~(1u << level);
}

/* Whether the first of a level may run, and is not so much in debt, or of so little weight, that
 * its turn is put off to the next round. */
static bool has_slice(const struct policy_queue *queue, struct policy_thread *thread)
{
    int64_t least = (int64_t)core_clock_from_ns(SLICE_LEAST);
    if (thread->normal.slice < least)
        thread->normal.slice += (int64_t)quantum(queue, thread);
    return thread->normal.slice >= least;
}

static struct policy_thread *normal_take(struct policy_queue *queue, uint64_t now)
{
    boost_all(queue, now);
    if (queue->normal.ready == 0)
        return NULL;
    struct list_node *list = &queue->normal.levels[first_level(queue)];
    struct policy_thread *thread = NULL;
    for (unsigned i = 0; i <= PUT_OFF_MOST; i++) {
        if (thread)
            list_insert_before(list, list_take_first(list));
        thread = list_entry(list->next, struct policy_thread, node);
        boost(queue, thread);
        if (has_slice(queue, thread) || list->next == list->previous)
            break;
    }
    normal_remove(queue, thread);
    int64_t least = (int64_t)core_clock_from_ns(SLICE_LEAST);
    if (thread->normal.slice < least)
        thread->normal.slice = least;
    return thread;
}

/* A slice that is over while nobody could have used the time leaves no debt. */
static void normal_charge(struct policy_queue *queue, struct policy_thread *thread, uint64_t ran,
                          uint64_t now)
{
    thread->normal.slice -= (int64_t)ran;
    boost_all(queue, now);
    uint64_t since_boost = now - (queue->normal.boost_at - core_clock_from_ns(BOOST_NS));
    bool boosted = boost(queue, thread);
    thread->normal.used += boosted && ran > since_boost ? since_boost : ran;
    if (thread->normal.slice < 0 && first_level(queue) > thread->normal.level)
        thread->normal.slice = 0;
    while (thread->normal.level < LAST_LEVEL && thread->normal.used >= allotment(thread)) {
        thread->normal.used -= allotment(thread);
        thread->normal.level++;
        if (thread->normal.slice > 0)
            thread->normal.slice = 0;
    }
}

static bool normal_due(struct policy_queue *queue, struct policy_thread *taken, uint64_t now)
{
    boost_all(queue, now);
    boost(queue, taken);
    unsigned first = first_level(queue);
    return first < taken->normal.level ||
           (first == taken->normal.level && taken->normal.slice <= 0);
}

static uint64_t normal_alarm(struct policy_queue *queue, const struct policy_thread *taken,
                             uint64_t now)
{
    unsigned first = first_level(queue);
    if (!taken || first == POLICY_LEVELS)
        return POLICY_NEVER;
    uint64_t left = queue->normal.boost_at > now ? queue->normal.boost_at - now : 0;
    if (taken->normal.level < LAST_LEVEL && allotment(taken) - taken->normal.used < left)
        left = allotment(taken) - taken->normal.used;
    uint64_t slice = taken->normal.slice > 0 ? (uint64_t)taken->normal.slice : 0;
    if (first <= taken->normal.level && slice < left)
        left = slice;
    return now + left;
}

const struct policy policy_normal = {
    .name = "normal",
    .takes_turns = true,
    .init = normal_init,
    .begin = normal_begin,
    .add = normal_add,
    .remove = normal_remove,
    .take = normal_take,
    .charge = normal_charge,
    .due = normal_due,
    .alarm = normal_alarm,
};
