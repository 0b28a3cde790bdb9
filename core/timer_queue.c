/* A queue of timers by deadline: what happens in slots. */
#include <core/timer_queue.h>

#define SPILLING   1u /* of `levels` */
#define MOST_LOOKS 4  /* at timers of a slot, for the earliest of them */

struct place {
    unsigned level, digit;
};

static struct place place_of(const struct timer_queue *queue, uint64_t time)
{
    unsigned bit = 63 - (unsigned)__builtin_clzll((time ^ queue->past) | 1);
    unsigned level = bit / TIMER_DIGIT_BITS;

    return (struct place){level, time >> level * TIMER_DIGIT_BITS & (TIMER_SLOTS - 1)};
}

static void push(struct core_timer **link, struct core_timer *head, struct core_timer *timer)
{
    timer->next = head;
    timer->link = link;
    *link = timer;
    if (head)
        head->link = &timer->next;
}

static inline void add_to_slot(struct timer_queue *queue, struct core_timer *timer)
{
    uint64_t time = timer->deadline > queue->past ? timer->deadline : queue->past;
    struct place place = place_of(queue, time);
    struct core_timer **slot = &queue->slots->slots[place.level][place.digit];
    uint64_t bit = UINT64_C(1) << place.digit;

    push(slot, queue->used[place.level] & bit ? *slot : NULL, timer);
    queue->used[place.level] |= bit;
    queue->levels |= UINT64_C(2) << place.level;
}

void timer_queue_start(struct timer_queue *queue, struct core_timer *timer, uint64_t deadline)
{
    struct core_timer *first = queue->first;

    if (timer_queue_is_empty(queue)) {
        timer_queue_start_alone(queue, timer, deadline);
        return;
    }
    timer->deadline = deadline;
    if (first && deadline < first->deadline) {
        push(&queue->first, NULL, timer);
        timer = first;
    }
    add_to_slot(queue, timer);
}

static void slot_emptied(struct timer_queue *queue, size_t index)
{
    size_t level = index / TIMER_SLOTS;

    queue->used[level] &= ~(UINT64_C(1) << index % TIMER_SLOTS);
    if (!queue->used[level])
        queue->levels &= ~(UINT64_C(2) << level);
}

/* What stands in front or spills is alone on no slot. */
void timer_queue_stop(struct timer_queue *queue, struct core_timer *timer)
{
    struct core_timer *next = timer->next, **link = timer->link;
    uintptr_t offset = (uintptr_t)link - (uintptr_t)queue->slots;

    *link = next;
    timer->link = NULL;
    if (next)
        next->link = link;
    else if (offset < sizeof(*queue->slots))
        slot_emptied(queue, offset / sizeof(struct core_timer *));
}

/* The first slot of those that have timers. */
static struct place first_place(const struct timer_queue *queue)
{
    unsigned level = (unsigned)__builtin_ctzll(queue->levels) - 1;

    return (struct place){level, (unsigned)__builtin_ctzll(queue->used[level])};
}

/* The first time that belongs to a slot, and the only one on level 0. */
static uint64_t start_of(const struct timer_queue *queue, struct place place)
{
    unsigned shift = place.level * TIMER_DIGIT_BITS;
    uint64_t above = queue->past >> shift & ~(uint64_t)(TIMER_SLOTS - 1);

    return (above | place.digit) << shift;
}

static void begin_to_spill(struct timer_queue *queue, struct place place, struct core_timer *head)
{
    queue->spilled = head;
    head->link = &queue->spilled;
    queue->past = start_of(queue, place);
    slot_emptied(queue, place.level * TIMER_SLOTS + place.digit);
    queue->levels |= SPILLING;
}

/* True: all have. */
static bool spill(struct timer_queue *queue, unsigned *work)
{
    struct core_timer *timer;

    while ((timer = queue->spilled)) {
        if (*work == 0)
            return false;
        --*work;
        timer_queue_stop(queue, timer);
        add_to_slot(queue, timer);
    }
    queue->levels &= ~SPILLING;
    return true;
}

static struct core_timer *take(struct timer_queue *queue, struct core_timer *timer, unsigned *work)
{
    timer_queue_stop(queue, timer);
    *work -= *work < TIMER_TAKE_WORK ? *work : TIMER_TAKE_WORK;
    return timer;
}

/* Time goes on, and no slot's has come: the higher the time, the lower the levels of what is
 * started from now on. */
static void nothing_until(struct timer_queue *queue, uint64_t now)
{
    if (now > queue->past)
        queue->past = now;
}

/* One that is alone in its slot is taken from any level. */
static struct core_timer *take_from_slot(struct timer_queue *queue, uint64_t now, unsigned *work)
{
    while (*work && (!(queue->levels & SPILLING) || spill(queue, work))) {
        if (!queue->levels)
            break;
        struct place place = first_place(queue);
        struct core_timer *head = queue->slots->slots[place.level][place.digit];
        uint64_t start = start_of(queue, place);

        if (start > now)
            break;
        if (place.level == 0 || !head->next) {
            uint64_t time = place.level ? head->deadline : start;

            if (time > now)
                return NULL;
            queue->past = time;
            return take(queue, head, work);
        }
        begin_to_spill(queue, place, head);
    }
    if (!(queue->levels & SPILLING) && *work)
        nothing_until(queue, now);
    return NULL;
}

struct core_timer *timer_queue_take(struct timer_queue *queue, uint64_t now, unsigned *work)
{
    struct core_timer *first = queue->first;

    if (!first)
        return take_from_slot(queue, now, work);
    if (*work == 0 || first->deadline > now)
        return NULL;
    return take(queue, first, work);
}

uint64_t timer_queue_next(const struct timer_queue *queue)
{
    unsigned looks = 0;

    if (queue->first)
        return queue->first->deadline;
    if (!queue->levels)
        return TIMER_NEVER;
    if (queue->levels & SPILLING)
        return queue->past;
    struct place place = first_place(queue);
    uint64_t start = start_of(queue, place), least = TIMER_NEVER;

    if (place.level == 0)
        return start;
    for (const struct core_timer *timer = queue->slots->slots[place.level][place.digit]; timer;
         timer = timer->next) {
        if (++looks > MOST_LOOKS)
            return start;
        if (timer->deadline < least)
            least = timer->deadline;
    }
    return least;
}
