/* Whether the runtime's structures say what the model says. */
#ifndef SCHEDULE_CHECK_H
#define SCHEDULE_CHECK_H

#include <kiln/mutex.h>
#include <kiln/semaphore.h>
#include "schedule_model.h"
#include "thread_machine.h"

/* The model's threads and what they wait for; NULL: there is no such thread. */
static struct kiln_thread *threads[MODEL_THREADS];
static struct kiln_mutex mutexes[MODEL_MUTEXES];
static struct kiln_semaphore semaphores[MODEL_SEMAPHORES];

__attribute__((format(printf, 2, 3))) static inline void expect(bool holds, const char *format, ...)
{
    va_list arguments;

    if (holds)
        return;
    va_start(arguments, format);
    machine_fail(format, arguments);
}

static inline struct kiln_wait_queue *queue_of(int queue)
{
    if (queue < QUEUE_MUTEX(0))
        return &semaphores[queue].queue;
    if (queue < QUEUE_END(0))
        return &mutexes[queue - QUEUE_MUTEX(0)].queue;
    return &threads[queue - QUEUE_END(0)]->finished;
}

/* A ring's next thread, whose links go both ways; NULL: the ring is at its end. */
static inline struct kiln_thread *ring_next(const struct kiln_thread *thread,
                                            const struct kiln_thread *first)
{
    expect(thread->next->previous == thread, "a ring's links differ");
    return thread->next == first ? NULL : thread->next;
}

/* One priority's ring, and its bit. */
static inline void check_ring(int priority)
{
    struct percpu *percpu = &core_boot_percpu;
    bool is_ready = percpu->ready[priority / 64] >> priority % 64 & 1;
    struct kiln_thread *first = is_ready ? core_run_queue(percpu)->first[priority] : NULL;
    struct kiln_thread *thread = first;

    for (int i = 0; i < model.ready.count; i++) {
        int id = model.ready.ids[i];

        if (model_of(id)->priority != priority)
            continue;
        expect(thread == threads[id], "of priority %d thread %d is not where it is to be", priority,
               id);
        expect(thread->ring == &core_run_queue(percpu)->first[priority] &&
                   thread->ring_word == &percpu->ready[priority / 64] &&
                   thread->ring_bit == UINT64_C(1) << priority % 64,
               "thread %d does not know its ring", id);
        expect(thread->rank == model_rank(id) || (percpu->is_idle && thread == arch_thread_self()),
               "thread %d has rank %d, not %d", id, thread->rank, model_rank(id));
        thread = ring_next(thread, first);
    }
    expect(!thread, "of priority %d another thread is ready", priority);
}

/* The second ring: the first of each priority. */
static inline void check_levels(const struct kiln_thread *first)
{
    const struct kiln_thread *thread = first, *level = first;

    do {
        if (thread == level) {
            expect(level->next_level->previous_level == level, "levels' links differ");
            level = level->next_level;
            expect(level == first || level->priority < thread->priority, "levels are not sorted");
        } else {
            expect(!thread->next_level, "one that is not the first of its priority has a level");
        }
        expect(thread->next == first || thread->next == level ||
                   thread->next->priority == thread->priority,
               "a priority has no level");
        thread = thread->next;
    } while (thread != first);
    expect(level == first, "there is a level too many");
}

static inline void check_queue(int queue)
{
    struct model_list left = model.queues[queue];
    struct kiln_thread *first = queue_of(queue)->first, *thread = first;

    while (left.count) {
        int id = list_best(&left);

        expect(thread == threads[id], "in queue %d thread %d is not where it is to be", queue, id);
        expect(thread->queue == queue_of(queue), "thread %d does not know its queue", id);
        thread = ring_next(thread, first);
        list_take(&left, id);
    }
    expect(!thread, "in queue %d another thread waits", queue);
    if (first)
        check_levels(first);
}

static inline enum kiln_thread_state expected_state(int id)
{
    const struct model_thread *thread = model_of(id);

    if (thread->place == ENDED)
        return KILN_THREAD_FINISHED;
    if (thread->suspended)
        return KILN_THREAD_SUSPENDED;
    if (thread->place == WAITING)
        return thread->queue == QUEUE_END(id) ? KILN_THREAD_SLEEPING : KILN_THREAD_BLOCKED;
    return threads[id] == arch_thread_self() ? KILN_THREAD_RUNNING : KILN_THREAD_READY;
}

static inline void check_thread(int id)
{
    struct kiln_thread_info info;

    kiln_thread_get_info(threads[id], &info);
    if (info.state != KILN_THREAD_NEW || !model_of(id)->suspended)
        expect(info.state == expected_state(id), "thread %d is %s, not %s", id,
               kiln_thread_state_name(info.state), kiln_thread_state_name(expected_state(id)));
    if (info.state == KILN_THREAD_FINISHED)
        return;
    expect(info.priority == model_of(id)->priority, "thread %d has priority %d, not %d", id,
           info.priority, model_of(id)->priority);
    expect(kiln_thread_priority(threads[id]) == model_of(id)->base, "thread %d: base priority", id);
}

/* What holds when nobody is about to give up a wait that has ended: who holds a mutex has the
 * highest priority of those who wait for it, and no more. */
static inline void check_inheritance(void)
{
    for (int id = 0; id < MODEL_THREADS; id++)
        if (model_of(id)->then == GIVES_UP_MUTEX)
            return;
    for (int id = 0; id < MODEL_THREADS; id++)
        if (model_of(id)->place != ABSENT && model_of(id)->place != ENDED)
            expect(model_of(id)->priority == model_inherited(id), "thread %d inherits otherwise",
                   id);
}

static inline void check_all(void)
{
    for (int priority = 0; priority < KILN_PRIORITIES; priority++)
        check_ring(priority);
    for (int queue = 0; queue < QUEUE_END(0); queue++)
        check_queue(queue);
    for (int id = 0; id < MODEL_THREADS; id++)
        if (threads[id] && model_of(id)->place != ABSENT) {
            check_queue(QUEUE_END(id));
            check_thread(id);
            expect(!host_cpu.alarm_on || model_of(id)->place != WAITING ||
                       model_of(id)->deadline == MODEL_NEVER ||
                       (int64_t)host_cpu.alarm <= model_of(id)->deadline,
                   "thread %d's time comes before the alarm", id);
        }
    for (int mutex = 0; mutex < MODEL_MUTEXES; mutex++) {
        int owner = model.owner[mutex];

        expect((mutexes[mutex].owner & ~UINT64_C(1)) ==
                   (uintptr_t)(owner == NOBODY ? NULL : threads[owner]),
               "mutex %d has another owner", mutex);
        expect((mutexes[mutex].owner & 1) == model.was_waited_for[mutex],
               "mutex %d: others wait for it", mutex);
    }
    for (int semaphore = 0; semaphore < MODEL_SEMAPHORES; semaphore++)
        expect(kiln_semaphore_count(&semaphores[semaphore]) == model.count[semaphore],
               "semaphore %d has another count", semaphore);
    check_inheritance();
}

#endif
