/*
 * What a CPU's threads do, as docs/threads.md says it, in lists that are searched: who runs, who
 * waits for what, and what each wait is to return. It knows none of the runtime's structures.
 */
#ifndef SCHEDULE_MODEL_H
#define SCHEDULE_MODEL_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MODEL_THREADS    10
#define MODEL_MUTEXES    4
#define MODEL_SEMAPHORES 3
#define MODEL_NEVER      INT64_MAX
#define NOBODY           (-1)

/* What threads wait for: semaphores, mutexes, then each one's end, where it sleeps, too. */
#define MODEL_QUEUES   (MODEL_SEMAPHORES + MODEL_MUTEXES + MODEL_THREADS)
#define QUEUE_MUTEX(n) (MODEL_SEMAPHORES + (n))
#define QUEUE_END(n)   (MODEL_SEMAPHORES + MODEL_MUTEXES + (n))

enum model_place { ABSENT, READY, WAITING, STOPPED, ENDED };

/* What it does first when it has the CPU again. */
enum model_then { GOES_ON, GIVES_UP_MUTEX, GIVES_UP_JOIN, TAKES_JOINED, DIES };

struct model_list {
    int ids[MODEL_THREADS];
    int count;
};

struct model_thread {
    enum model_place place;
    enum model_then then;
    bool suspended, cancelled, uncancellable, detached;
    int base, priority, threshold, locks;
    int queue; /* of the wait, or NOBODY */
    int wants; /* the mutex, until it knows what has become of its wait */
    int joins;
    int joiner;
    int result;
    int64_t deadline;
};

static struct {
    struct model_thread threads[MODEL_THREADS];
    struct model_list ready, queues[MODEL_QUEUES];
    int owner[MODEL_MUTEXES];
    bool was_waited_for[MODEL_MUTEXES];
    int64_t count[MODEL_SEMAPHORES];
    int running;
} model;

static inline struct model_thread *model_of(int id)
{
    return &model.threads[id];
}

/* Lists: in the order of arrival. */

static inline void list_put(struct model_list *list, int place, int id)
{
    memmove(&list->ids[place + 1], &list->ids[place],
            (size_t)(list->count - place) * sizeof(list->ids[0]));
    list->ids[place] = id;
    list->count++;
}

static inline void list_append(struct model_list *list, int id)
{
    list_put(list, list->count, id);
}

static inline int list_find(const struct model_list *list, int id)
{
    int place = 0;

    while (place < list->count && list->ids[place] != id)
        place++;
    return place;
}

static inline void list_take(struct model_list *list, int id)
{
    int place = list_find(list, id);

    list->count--;
    memmove(&list->ids[place], &list->ids[place + 1],
            (size_t)(list->count - place) * sizeof(list->ids[0]));
}

/* The first of the highest priority. */
static inline int list_best(const struct model_list *list)
{
    int best = NOBODY;

    for (int i = 0; i < list->count; i++)
        if (best == NOBODY || model_of(list->ids[i])->priority > model_of(best)->priority)
            best = list->ids[i];
    return best;
}

/* Priorities: twice, so that one may stand between two. */

static inline int model_rank(int id)
{
    const struct model_thread *thread = model_of(id);

    if (thread->locks)
        return 255;
    return thread->threshold > thread->priority ? 2 * thread->threshold + 1 : 2 * thread->priority;
}

static inline void model_move(int id, int priority)
{
    struct model_thread *thread = model_of(id);
    bool goes_first = priority < thread->priority || id == model.running;

    if (thread->priority == priority)
        return;
    thread->priority = priority;
    if (thread->place == READY) {
        list_take(&model.ready, id);
        list_put(&model.ready, goes_first ? 0 : model.ready.count, id);
    } else if (thread->place == WAITING) {
        list_take(&model.queues[thread->queue], id);
        list_append(&model.queues[thread->queue], id);
    }
}

static inline int model_inherited(int id)
{
    int most = model_of(id)->base;

    for (int mutex = 0; mutex < MODEL_MUTEXES; mutex++) {
        int best = list_best(&model.queues[QUEUE_MUTEX(mutex)]);

        if (model.owner[mutex] == id && best != NOBODY && model_of(best)->priority > most)
            most = model_of(best)->priority;
    }
    return most;
}

/* Along the chain of those who hold what the others want. */
static inline void model_inherit(int id)
{
    while (id != NOBODY) {
        int priority = model_inherited(id), wants = model_of(id)->wants;

        if (priority == model_of(id)->priority)
            return;
        model_move(id, priority);
        id = wants == NOBODY || !model.was_waited_for[wants] ? NOBODY : model.owner[wants];
    }
}

/* Waiting and waking. */

static inline void model_make_ready(int id)
{
    struct model_thread *thread = model_of(id);

    thread->place = thread->suspended ? STOPPED : READY;
    if (!thread->suspended)
        list_append(&model.ready, id);
}

static inline void model_wake(int id, int result)
{
    struct model_thread *thread = model_of(id);

    list_take(&model.queues[thread->queue], id);
    thread->queue = NOBODY;
    thread->deadline = MODEL_NEVER;
    thread->result = result;
    if (thread->wants != NOBODY)
        thread->then = GIVES_UP_MUTEX;
    else if (thread->joins != NOBODY)
        thread->then = result ? GIVES_UP_JOIN : TAKES_JOINED;
    model_make_ready(id);
}

static inline void model_exit(int id)
{
    struct model_thread *thread = model_of(id);

    if (thread->joins != NOBODY)
        model_of(thread->joins)->joiner = NOBODY;
    list_take(&model.ready, id);
    thread->place = thread->detached ? ABSENT : ENDED;
    if (model.queues[QUEUE_END(id)].count)
        model_wake(list_best(&model.queues[QUEUE_END(id)]), 0);
}

/* The running thread has to wait. A mutex is waited for also by who is to be cancelled. */
static inline void model_wait(int queue, int64_t deadline, bool may_be_cancelled)
{
    int id = model.running;
    struct model_thread *thread = model_of(id);

    if (may_be_cancelled && thread->cancelled && !thread->uncancellable) {
        thread->then = DIES;
        return;
    }
    list_take(&model.ready, id);
    thread->place = WAITING;
    thread->queue = queue;
    thread->deadline = deadline;
    list_append(&model.queues[queue], id);
}

static inline void model_give_up_mutex(struct model_thread *thread)
{
    int mutex = thread->wants;

    thread->wants = NOBODY;
    if (!model.was_waited_for[mutex])
        return; /* it has been given back meanwhile */
    model.was_waited_for[mutex] = model.queues[QUEUE_MUTEX(mutex)].count > 0;
    model_inherit(model.owner[mutex]);
}

/* False: it returns to its caller. */
static inline bool model_goes_on_inside(int id)
{
    struct model_thread *thread = model_of(id);
    enum model_then then = thread->then;

    thread->then = GOES_ON;
    if (then == GIVES_UP_MUTEX)
        model_give_up_mutex(thread);
    else if (then == GIVES_UP_JOIN)
        model_of(thread->joins)->joiner = NOBODY;
    else if (then == TAKES_JOINED)
        model_of(thread->joins)->place = ABSENT;
    else if (then == DIES)
        model_exit(id);
    if (then == GIVES_UP_JOIN || then == TAKES_JOINED)
        thread->joins = NOBODY;
    return then != GOES_ON;
}

/* Who runs now, after a call or at the end of an interrupt. */
static inline void model_settle(void)
{
    do {
        int best = list_best(&model.ready), id = model.running;

        if (id == NOBODY || model_of(id)->place != READY ||
            2 * model_of(best)->priority >= model_rank(id))
            model.running = best;
    } while (model.running != NOBODY && model_goes_on_inside(model.running));
}

/* What is asked of threads. */

static inline int model_suspend(int id)
{
    struct model_thread *thread = model_of(id);

    if (thread->place == ENDED)
        return -ESRCH;
    thread->suspended = true;
    if (thread->place == READY) {
        list_take(&model.ready, id);
        thread->place = STOPPED;
    }
    return 0;
}

static inline int model_resume(int id)
{
    struct model_thread *thread = model_of(id);

    if (thread->place == ENDED)
        return -ESRCH;
    thread->suspended = false;
    if (thread->place == STOPPED)
        model_make_ready(id);
    return 0;
}

static inline int model_set_priority(int id, int priority)
{
    if (model_of(id)->place == ENDED)
        return -ESRCH;
    model_of(id)->base = priority;
    model_inherit(id);
    return 0;
}

static inline bool model_waits_for_mutex(const struct model_thread *thread)
{
    return thread->place == WAITING && thread->queue >= QUEUE_MUTEX(0) &&
           thread->queue < QUEUE_END(0);
}

static inline int model_interrupt(int id)
{
    struct model_thread *thread = model_of(id);

    if (thread->place != WAITING || model_waits_for_mutex(thread))
        return -EAGAIN;
    model_wake(id, -EINTR);
    return 0;
}

static inline int model_cancel(int id)
{
    struct model_thread *thread = model_of(id);

    if (thread->place == ENDED)
        return -ESRCH;
    thread->cancelled = true;
    if (thread->place == WAITING && !model_waits_for_mutex(thread) && !thread->uncancellable) {
        model_wake(id, -ECANCELED);
        thread->then = DIES;
    }
    return 0;
}

/* Deadlines that have passed, the first first. */
static inline void model_expire(int64_t now)
{
    for (;;) {
        int first = NOBODY;

        for (int id = 0; id < MODEL_THREADS; id++)
            if (model_of(id)->place == WAITING && model_of(id)->deadline <= now &&
                (first == NOBODY || model_of(id)->deadline < model_of(first)->deadline))
                first = id;
        if (first == NOBODY)
            return;
        bool sleeps = model_of(first)->queue == QUEUE_END(first);

        model_wake(first, sleeps ? 0 : -ETIMEDOUT);
    }
}

/* What the running thread does with semaphores and mutexes. */

static inline int model_semaphore_try(int semaphore)
{
    if (model.count[semaphore] == 0)
        return -EAGAIN;
    model.count[semaphore]--;
    return 0;
}

static inline void model_semaphore_post(int semaphore)
{
    int best = list_best(&model.queues[semaphore]);

    if (best == NOBODY)
        model.count[semaphore]++;
    else
        model_wake(best, 0);
}

static inline int model_mutex_try(int mutex)
{
    if (model.owner[mutex] != NOBODY)
        return -EBUSY;
    model.owner[mutex] = model.running;
    return 0;
}

static inline void model_mutex_wait(int mutex, int64_t deadline)
{
    model_of(model.running)->wants = mutex;
    model.was_waited_for[mutex] = true;
    model_wait(QUEUE_MUTEX(mutex), deadline, false);
    model_inherit(model.owner[mutex]);
}

static inline void model_mutex_unlock(int mutex)
{
    int best = list_best(&model.queues[QUEUE_MUTEX(mutex)]), self = model.running;

    model.owner[mutex] = best;
    if (!model.was_waited_for[mutex])
        return;
    if (best != NOBODY) {
        list_take(&model.queues[QUEUE_MUTEX(mutex)], best);
        model_of(best)->wants = NOBODY;
        model_of(best)->queue = NOBODY;
        model_of(best)->deadline = MODEL_NEVER;
        model_of(best)->result = 0;
    }
    model.was_waited_for[mutex] = model.queues[QUEUE_MUTEX(mutex)].count > 0;
    model_inherit(self);
    if (best != NOBODY)
        model_make_ready(best);
}

/* 0: it has been taken back; -EINPROGRESS: the running thread waits. */
static inline int model_join(int id, int64_t deadline, bool may_wait)
{
    struct model_thread *thread = model_of(id);

    if (id == model.running)
        return -EDEADLK;
    if (thread->detached || thread->joiner != NOBODY)
        return -EINVAL;
    if (thread->place == ENDED) {
        thread->place = ABSENT;
        return 0;
    }
    if (!may_wait)
        return -EBUSY;
    thread->joiner = model.running;
    model_of(model.running)->joins = id;
    model_wait(QUEUE_END(id), deadline, true);
    return -EINPROGRESS;
}

static inline int model_detach(int id)
{
    struct model_thread *thread = model_of(id);

    if (thread->detached || thread->joiner != NOBODY)
        return -EINVAL;
    thread->detached = true;
    if (thread->place == ENDED)
        thread->place = ABSENT;
    return 0;
}

static inline void model_create(int id, int priority, int threshold)
{
    *model_of(id) = (struct model_thread){
        .base = priority,
        .priority = priority,
        .threshold = threshold,
        .queue = NOBODY,
        .wants = NOBODY,
        .joins = NOBODY,
        .joiner = NOBODY,
        .deadline = MODEL_NEVER,
    };
}

/* The thread 0 runs, and there is no other. */
static inline void model_begin(int priority)
{
    memset(&model, 0, sizeof(model));
    for (int mutex = 0; mutex < MODEL_MUTEXES; mutex++)
        model.owner[mutex] = NOBODY;
    model_create(0, priority, 0);
    model_make_ready(0);
    model.running = 0;
}

#endif
