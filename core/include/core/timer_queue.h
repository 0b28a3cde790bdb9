/*
 * A queue of timers by deadline. The first of them often stands in front; the others are in slots,
 * by the highest digit, of six bits, in which their deadline differs from a time that has passed:
 * one level of 64 slots for each digit. So each level's timers come before those of the next one,
 * and each slot's before those of the next slot. When a slot's time has come, its timers spill into
 * slots of lower levels, a few at a time. Start and stop take a constant number of instructions; a
 * timer moves at most once for each digit. The caller serialises access.
 */
#ifndef CORE_TIMER_QUEUE_H
#define CORE_TIMER_QUEUE_H

#include <core/timer.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMER_DIGIT_BITS 6
#define TIMER_SLOTS      64
#define TIMER_LEVELS     11
#define TIMER_NEVER      UINT64_MAX

/* What a taken timer counts of the work that a call may do; a timer that moves counts 1. */
#define TIMER_TAKE_WORK 3

/* Slots that are not used need not be cleared. */
struct timer_slots {
    struct core_timer *slots[TIMER_LEVELS][TIMER_SLOTS];
};

/* Empty when all is 0. */
struct timer_queue {
    struct core_timer *first; /* no other comes before it; NULL: that is in a slot as well */
    uint64_t levels;          /* bit 0: some spill; bit n + 1: level n has timers */
    uint64_t past;            /* no timer in a slot comes before it, but one that came too late */
    struct core_timer *spilled;
    struct timer_slots *slots; /* NULL until timer_queue_use */
    uint64_t used[TIMER_LEVELS];
};

/* Gives a queue its slots, before the second timer is started. */
static inline void timer_queue_use(struct timer_queue *queue, struct timer_slots *slots)
{
    queue->slots = slots;
}

static inline bool timer_queue_is_empty(const struct timer_queue *queue)
{
    return !((uintptr_t)queue->first | queue->levels);
}

/* Adds a timer, which is in no queue; the first is quick where the queue is known to be empty. */
static inline void timer_queue_start_alone(struct timer_queue *queue, struct core_timer *timer,
                                           uint64_t deadline)
{
    timer->deadline = deadline;
    timer->next = NULL;
    timer->link = &queue->first;
    queue->first = timer;
}

void timer_queue_start(struct timer_queue *queue, struct core_timer *timer, uint64_t deadline);

/* Takes out a timer that is in the queue; the first is quick where it is known to be in front. */
static inline void timer_queue_stop_first(struct timer_queue *queue, struct core_timer *timer)
{
    queue->first = NULL;
    timer->link = NULL;
}

void timer_queue_stop(struct timer_queue *queue, struct core_timer *timer);

/* Takes out the next timer that is due; NULL: there is none, or *work is used up. */
struct core_timer *timer_queue_take(struct timer_queue *queue, uint64_t now, unsigned *work);

/*
 * When to call timer_queue_take: at the next deadline; where a slot holds more timers than a few,
 * at the slot's time, if that is earlier. TIMER_NEVER: the queue is empty.
 */
uint64_t timer_queue_next(const struct timer_queue *queue);

#endif
