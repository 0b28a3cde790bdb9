/* Work queues. A queue's lock is that of the wait queue in which its thread waits for work. */
#include <kiln/work.h>

#include <errno.h>
#include <arch/spin.h>
#include <core/thread_create.h>
#include <core/timer.h>
#include <core/wait.h>

/* kiln_work.state: one of these, and above them how many wait for its end. The queue's lock. */
#define IDLE            0u
#define QUEUED          1u
#define DELAYED         2u
#define STOPPING        3u /* cancelled; another CPU is about to submit it, and makes it IDLE */
#define PLACE           3u
#define CANCELLER       4u

#define SYSTEM_PRIORITY 96

_Static_assert(sizeof(((struct kiln_work *)0)->timer) == sizeof(struct core_timer),
               "kiln/work.h knows how large a timer of core's is");

KILN_WORK_QUEUE(kiln_system_work, SYSTEM_PRIORITY);

static inline uintptr_t lock(struct kiln_work_queue *queue)
{
    uintptr_t state = arch_irq_save();

    core_lock(&queue->wait.lock);
    return state;
}

static inline void unlock(struct kiln_work_queue *queue, uintptr_t state)
{
    core_unlock(&queue->wait.lock);
    arch_irq_restore(state);
}

static inline struct core_timer *timer_of(struct kiln_work *work)
{
    return (struct core_timer *)work->timer;
}

static inline bool is_own_thread(const struct kiln_work_queue *queue)
{
    return queue->thread == arch_thread_self();
}

/* Atomic, for who looks without the lock. */
static inline void set_state(struct kiln_work *work, uint32_t state)
{
    __atomic_store_n(&work->state, state, __ATOMIC_RELEASE);
}

static inline void set_place(struct kiln_work *work, uint32_t place)
{
    set_state(work, (work->state & ~PLACE) | place);
}

static inline void insert(struct kiln_work_queue *queue, struct kiln_work **link,
                          struct kiln_work *work)
{
    work->next = *link;
    work->link = link;
    *link = work;
    if (work->next)
        work->next->link = &work->next;
    else
        queue->last = &work->next;
    set_place(work, QUEUED);
}

static inline void take_out(struct kiln_work_queue *queue, struct kiln_work *work)
{
    *work->link = work->next;
    if (work->next)
        work->next->link = work->link;
    else
        queue->last = work->link;
    set_place(work, IDLE);
}

/* The thread's side. */

/* The next work, as the thread runs it; NULL: the queue ends. */
static bool take_next(struct kiln_work_queue *queue, void (**function)(void *argument),
                      void **argument)
{
    uintptr_t state = lock(queue);
    struct kiln_work *work;

    queue->running = NULL;
    while (!(work = queue->first) && !queue->is_ending) {
        core_wait(&queue->wait, state);
        state = lock(queue);
    }
    if (work) {
        take_out(queue, work);
        queue->running = work;
        *function = work->function;
        *argument = work->argument;
    }
    unlock(queue, state);
    return work;
}

static void *serve(void *argument)
{
    struct kiln_work_queue *queue = argument;
    void (*function)(void *argument);

    kiln_thread_set_cancellable(false);
    while (take_next(queue, &function, &argument))
        function(argument);
    return NULL;
}

static __attribute__((noinline)) void start(struct kiln_work_queue *queue, uintptr_t state)
{
    const struct kiln_thread_attributes attributes = {
        .name = queue->name, .priority = queue->priority, .is_detached = true};

    queue->has_started = true;
    queue->thread =
        core_thread_prepare(queue->memory, queue->memory_bytes, &attributes, serve, queue);
    core_unlock(&queue->wait.lock);
    core_thread_start(queue->thread, state);
}

/* Something has been inserted. The lock, which is released. */
static inline void wake(struct kiln_work_queue *queue, uintptr_t state)
{
    struct kiln_thread *thread = core_wait_take(&queue->wait);

    if (__builtin_expect(thread != NULL, 1)) {
        core_unlock(&queue->wait.lock);
        core_wake(0, thread, state);
    } else if (__builtin_expect(!queue->has_started, 0)) {
        start(queue, state);
    } else {
        unlock(queue, state);
    }
}

/* Submitting. */

static __attribute__((noinline)) int refuse(struct kiln_work *work, uintptr_t state)
{
    int error = (work->state & PLACE) != IDLE ? -EALREADY : -ECANCELED;

    unlock(work->queue, state);
    return error;
}

int kiln_work_submit(struct kiln_work *work)
{
    struct kiln_work_queue *queue = work->queue;
    uintptr_t state = lock(queue);

    if (__builtin_expect(work->state || queue->is_ending, 0))
        return refuse(work, state);
    insert(queue, queue->last, work);
    wake(queue, state);
    return 0;
}

/* The work's time has come; up to now it was delayed, or somebody cancels it. */
static void submit_delayed(struct core_timer *timer)
{
    struct kiln_work *work =
        (struct kiln_work *)((char *)timer - offsetof(struct kiln_work, timer));
    struct kiln_work_queue *queue = work->queue;
    uintptr_t state = lock(queue);

    queue->delayed--;
    if (KILN_CONFIG_SMP && (work->state & PLACE) == STOPPING) {
        set_place(work, IDLE);
        unlock(queue, state);
        return;
    }
    insert(queue, queue->last, work);
    wake(queue, state);
}

int kiln_work_submit_until(struct kiln_work *work, int64_t deadline)
{
    struct kiln_work_queue *queue = work->queue;
    uintptr_t state;

    if (deadline <= kiln_time_now())
        return kiln_work_submit(work);
    state = lock(queue);
    if (work->state || queue->is_ending)
        return refuse(work, state);
    set_place(work, DELAYED);
    queue->delayed++;
    timer_of(work)->expired = submit_delayed;
    core_timer_start(timer_of(work), core_clock_deadline(deadline));
    unlock(queue, state);
    return 0;
}

int kiln_work_submit_for(struct kiln_work *work, int64_t duration)
{
    return kiln_work_submit_until(work, kiln_time_after(duration));
}

/* Cancelling. */

/* The lock. */
static int take_back(struct kiln_work_queue *queue, struct kiln_work *work)
{
    switch (work->state & PLACE) {
    case QUEUED:
        take_out(queue, work);
        return 0;
    case DELAYED:
        if (core_timer_stop(timer_of(work))) {
            queue->delayed--;
            set_place(work, IDLE);
        } else {
            set_place(work, STOPPING);
        }
        return 0;
    default:
        return -EALREADY;
    }
}

/* Until nobody but who has it may use the work any more. */
static inline void wait_until_stopped(const struct kiln_work *work)
{
    while (KILN_CONFIG_SMP && (__atomic_load_n(&work->state, __ATOMIC_ACQUIRE) & PLACE) == STOPPING)
        arch_spin_relax();
}

int kiln_work_cancel(struct kiln_work *work)
{
    struct kiln_work_queue *queue = work->queue;
    uintptr_t state = lock(queue);
    int result = take_back(queue, work);

    unlock(queue, state);
    wait_until_stopped(work);
    return result;
}

/* Waiting for others: a work of one's own tells that those before it have ended. */

struct milestone {
    struct kiln_work work;
    struct kiln_wait_queue passed; /* its lock protects the rest */
    bool is_passed;
};

/* Who waits takes the lock before it goes on, and with it what this stands in. */
static void pass(void *argument)
{
    struct milestone *milestone = argument;
    uintptr_t state = arch_irq_save();
    struct kiln_thread *thread;

    core_lock(&milestone->passed.lock);
    milestone->is_passed = true;
    thread = core_wait_take(&milestone->passed);
    core_unlock(&milestone->passed.lock);
    if (thread)
        core_wake(0, thread, state);
    else
        arch_irq_restore(state);
}

static void wait_until_passed(struct milestone *milestone)
{
    bool was_cancellable = kiln_thread_set_cancellable(false);
    uintptr_t state = arch_irq_save();

    core_lock(&milestone->passed.lock);
    while (!milestone->is_passed) {
        core_wait(&milestone->passed, state);
        state = arch_irq_save();
        core_lock(&milestone->passed.lock);
    }
    core_unlock(&milestone->passed.lock);
    arch_irq_restore(state);
    kiln_thread_set_cancellable(was_cancellable);
}

/* Waits until all has ended that is before a place in the queue. The lock, which is released. */
static void wait_at(struct kiln_work_queue *queue, struct kiln_work **link, uintptr_t state)
{
    struct milestone milestone = {.passed = KILN_WAIT_QUEUE_INIT("end of work")};

    kiln_work_init(&milestone.work, queue, pass, &milestone);
    insert(queue, link, &milestone.work);
    wake(queue, state);
    wait_until_passed(&milestone);
}

/* The queue's thread does not wait for itself: what the caller runs in is the work, or the work
 * does not run. */
int kiln_work_cancel_and_wait(struct kiln_work *work)
{
    struct kiln_work_queue *queue = work->queue;
    uintptr_t state = lock(queue);
    int result = take_back(queue, work);

    core_assert_may_wait(state);
    if (queue->running != work || is_own_thread(queue)) {
        unlock(queue, state);
        wait_until_stopped(work);
        return result;
    }
    set_state(work, work->state + CANCELLER);
    wait_at(queue, &queue->first, state);
    wait_until_stopped(work);
    state = lock(queue);
    set_state(work, work->state - CANCELLER);
    unlock(queue, state);
    return result;
}

int kiln_work_flush(struct kiln_work *work)
{
    struct kiln_work_queue *queue = work->queue;
    uintptr_t state = lock(queue);

    core_assert_may_wait(state);
    if (is_own_thread(queue)) {
        unlock(queue, state);
        return -EDEADLK;
    }
    if ((work->state & PLACE) == QUEUED)
        wait_at(queue, &work->next, state);
    else if (queue->running == work)
        wait_at(queue, &queue->first, state);
    else
        unlock(queue, state);
    return 0;
}

bool kiln_work_is_pending(const struct kiln_work *work)
{
    uint32_t place = __atomic_load_n(&work->state, __ATOMIC_ACQUIRE) & PLACE;

    return place == QUEUED || place == DELAYED;
}

void kiln_work_init(struct kiln_work *work, struct kiln_work_queue *queue,
                    void (*function)(void *argument), void *argument)
{
    *work = (struct kiln_work){.function = function, .argument = argument, .queue = queue};
}

/* Queues. */

int kiln_work_queue_create(struct kiln_work_queue *queue,
                           const struct kiln_thread_attributes *attributes)
{
    struct kiln_thread_attributes joinable;

    if (attributes) {
        joinable = *attributes;
        joinable.is_detached = false;
        attributes = &joinable;
    }
    *queue = (struct kiln_work_queue)KILN_WORK_QUEUE_INIT(*queue, NULL, 0, NULL, 0);
    queue->has_started = true;
    return kiln_thread_create(&queue->thread, attributes, serve, queue);
}

/* 0: nothing can be submitted any more, and the thread is to end. The lock. */
static int begin_end(struct kiln_work_queue *queue)
{
    if (queue->memory || queue->is_ending)
        return -EINVAL;
    if (is_own_thread(queue))
        return -EDEADLK;
    if (queue->delayed)
        return -EBUSY;
    queue->is_ending = true;
    return 0;
}

static void join_firmly(struct kiln_thread *thread)
{
    bool was_cancellable = kiln_thread_set_cancellable(false);

    while (kiln_thread_join(thread, NULL) == -EINTR)
        continue;
    kiln_thread_set_cancellable(was_cancellable);
}

int kiln_work_queue_destroy(struct kiln_work_queue *queue)
{
    uintptr_t state = lock(queue);
    int error = begin_end(queue);

    core_assert_may_wait(state);
    if (error) {
        unlock(queue, state);
        return error;
    }
    wake(queue, state);
    join_firmly(queue->thread);
    return 0;
}

int kiln_work_queue_flush(struct kiln_work_queue *queue)
{
    uintptr_t state = lock(queue);

    core_assert_may_wait(state);
    if (is_own_thread(queue)) {
        unlock(queue, state);
        return -EDEADLK;
    }
    if (queue->first || queue->running)
        wait_at(queue, queue->last, state);
    else
        unlock(queue, state);
    return 0;
}
