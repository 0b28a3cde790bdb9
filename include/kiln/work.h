/*
 * Deferred work: functions that a thread calls later, in the order in which they were submitted,
 * from an interrupt handler for example. Each queue has a thread of its own, which calls one
 * function at a time; a work belongs to one queue, so that it never runs twice at once. Its
 * function may wait, may submit it again, and may free it.
 */
#ifndef KILN_WORK_H
#define KILN_WORK_H

#include <kiln/api.h>
#include <kiln/thread.h>
#include <kiln/time.h>
#include <kiln/wait.h>

KILN_BEGIN

struct kiln_work;

/** A queue. Its members are the runtime's own. */
struct kiln_work_queue {
    struct kiln_wait_queue wait; /* its thread; its lock protects the queue and its works */
    struct kiln_work *first, **last;
    struct kiln_work *running; /* compared only: it may be gone */
    struct kiln_thread *thread;
    uint32_t delayed; /* works whose time has not come */
    bool has_started, is_ending;
    uint8_t priority; /* this and the rest: of a static one */
    const char *name;
    void *memory;
    size_t memory_bytes;
};

/** Bytes that a static queue takes: for its thread's stack, and the thread with its thread-local
 * data. */
#define KILN_WORK_QUEUE_BYTES (KILN_STACK_DEFAULT + 1024)

/**
 * Defines a queue `name` that is there for good and needs no heap. Its thread is made by the first
 * use, in any context; no page around its stack is unmapped.
 */
#define KILN_WORK_QUEUE(name, priority)                                                            \
    static char name##_memory[KILN_WORK_QUEUE_BYTES]                                               \
        __attribute__((section(".noinit." #name), aligned(64)));                                   \
    struct kiln_work_queue name =                                                                  \
        KILN_WORK_QUEUE_INIT(name, #name, priority, name##_memory, sizeof(name##_memory))

#define KILN_WORK_QUEUE_INIT(queue, text, priority, memory, bytes)                                 \
    {                                                                                              \
        KILN_WAIT_QUEUE_INIT("work"), NULL, &(queue).first, NULL, NULL, 0, false, false, priority, \
            text, memory, bytes                                                                    \
    }

/** The queue for whoever needs none of his own; its thread's priority is 96. */
extern struct kiln_work_queue kiln_system_work;

/** A work. Its members are the runtime's own; it must live until its function is called, or it is
 * cancelled. */
struct kiln_work {
    struct kiln_work *next, **link;
    void (*function)(void *argument);
    void *argument;
    struct kiln_work_queue *queue;
    uint32_t state;
    void *timer[5];
};

/** Defines a work `name` that calls function(argument) in a queue's thread. */
#define KILN_WORK(name, queue, function, argument)                                                 \
    struct kiln_work name = {NULL, NULL, function, argument, queue, 0, {NULL}}

/** The same for a work in other memory, that is neither submitted nor runs. Any context. */
void kiln_work_init(struct kiln_work *work, struct kiln_work_queue *queue,
                    void (*function)(void *argument), void *argument);

/**
 * Has the function called once, after what was submitted before. 0; -EALREADY: it is submitted, or
 * delayed, and stays as it is (one that runs is submitted anew); -ECANCELED: somebody waits for it
 * to end (kiln_work_cancel_and_wait), or the queue is being destroyed. Any context. About 40
 * instructions, and the switch to the queue's thread if that is above the caller.
 */
int kiln_work_submit(struct kiln_work *work);

/** Submits it when the clock reaches the deadline, or after the duration; until then it is delayed.
 * One that has passed submits it now; KILN_FOREVER never does. Errors and contexts are those of
 * kiln_work_submit(). */
int kiln_work_submit_until(struct kiln_work *work, int64_t deadline);
int kiln_work_submit_for(struct kiln_work *work, int64_t duration);

/**
 * Takes back what was submitted or delayed. 0: the function is not called for that; -EALREADY:
 * there was nothing to take back. In either case the function may be running. Any context; while
 * another CPU submits it at this moment as its time has come, it waits for that.
 */
int kiln_work_cancel(struct kiln_work *work);

/** The same, and when it returns the function does not run either. Called by the function itself it
 * does not wait. Thread context with interrupts on; no cancellation point. */
int kiln_work_cancel_and_wait(struct kiln_work *work);

/** Waits until the function has returned for what is submitted, or runs; one that is delayed is
 * not waited for. 0; -EDEADLK: called in the queue's own thread. Thread context with interrupts on;
 * no cancellation point. */
int kiln_work_flush(struct kiln_work *work);

/** Whether it is submitted or delayed, as far as is known by now. Any context. */
bool kiln_work_is_pending(const struct kiln_work *work);

/**
 * Makes a queue in other memory, with a thread that has these attributes (NULL: the defaults, with
 * the caller's priority). Errors and contexts are those of kiln_thread_create().
 */
int kiln_work_queue_create(struct kiln_work_queue *queue,
                           const struct kiln_thread_attributes *attributes);

/**
 * Ends a queue that kiln_work_queue_create() has made: what is submitted is still called, and
 * nothing can be submitted meanwhile. 0; -EBUSY: some work is delayed; -EDEADLK: called in its own
 * thread; -EINVAL: it is a static one, or being destroyed. Thread context with interrupts on; no
 * cancellation point.
 */
int kiln_work_queue_destroy(struct kiln_work_queue *queue);

/** Waits until all has been called that is submitted by now. 0 or -EDEADLK: called in its own
 * thread. Thread context with interrupts on; no cancellation point. */
int kiln_work_queue_flush(struct kiln_work_queue *queue);

KILN_END

#endif
