/*
 * Earliest deadline first. A thread may run for its runtime in each period, and is to have done so
 * by its deadline. A CPU takes on only as much as it can do, and who has used up its runtime waits
 * for its next period, so that it makes nobody else miss a deadline.
 */
#include <core/policy.h>

#define LOAD_MOST    (POLICY_LOAD_ONE / 32 * 31) /* the rest is for switches and interrupts */
#define LONGEST      (1ull << 38)                /* so that products fit */
#define RELEASE_MOST 4u                          /* at once; the alarm comes again for the rest */

static void deadline_init(struct policy_queue *queue, uint64_t now)
{
    (void)now;
    *queue = (struct policy_queue){0};
}

/* The first period starts when the thread is first ready. */
static bool deadline_begin(struct policy_thread *thread)
{
    uint64_t runtime = thread->deadline.runtime, relative = thread->deadline.relative;
    if (runtime == 0 || runtime > relative || relative > thread->deadline.period ||
        thread->deadline.period > LONGEST)
        return false;
    thread->deadline.budget = 0;
    thread->deadline.next = 0;
    thread->deadline.is_done = true;
    thread->deadline.load = (uint32_t)((runtime * POLICY_LOAD_ONE + relative - 1) / relative);
    return true;
}

bool policy_deadline_has_room(const struct policy_queue *queue, uint32_t load)
{
    return __atomic_load_n(&queue->deadline.load, __ATOMIC_RELAXED) + load <= LOAD_MOST;
}

static bool deadline_join(struct policy_queue *queue, struct policy_thread *thread)
{
    if (!policy_deadline_has_room(queue, thread->deadline.load))
        return false;
    queue->deadline.load += thread->deadline.load;
    return true;
}

static void deadline_leave(struct policy_queue *queue, struct policy_thread *thread)
{
    queue->deadline.load -= thread->deadline.load;
}

static bool deadline_rests(const struct policy_thread *thread)
{
    return thread->deadline.budget == 0;
}

static uint64_t due_time(const struct policy_thread *thread)
{
    return thread->deadline.next - thread->deadline.period + thread->deadline.relative;
}

bool policy_deadline_is_late(const struct policy_thread *thread, uint64_t now)
{
    return now > thread->deadline.job_due;
}

static void start_period(struct policy_thread *thread, uint64_t start)
{
    thread->deadline.budget = thread->deadline.runtime;
    thread->deadline.next = start + thread->deadline.period;
    if (thread->deadline.is_done)
        thread->deadline.job_due = due_time(thread);
    thread->deadline.is_done = false;
}

/* The next period has come; those that have passed whole are left out. */
static void release(struct policy_thread *thread, uint64_t now)
{
    uint64_t late = now - thread->deadline.next;
    start_period(thread, now - late % thread->deadline.period);
}

/* Who was blocked may have kept more runtime than it may use until its deadline without making
 * others miss theirs. */
static void wake(struct policy_thread *thread, uint64_t now)
{
    uint64_t due = due_time(thread);
    if (now >= thread->deadline.next) {
        thread->deadline.is_done = true;
        start_period(thread, now);
        return;
    }
    uint64_t most = due > now ? (due - now) * thread->deadline.load / POLICY_LOAD_ONE : 0;
    if (thread->deadline.budget > most)
        thread->deadline.budget = most;
}

static void wait_ready(struct policy_queue *queue, struct policy_thread *thread)
{
    heap_add(&queue->deadline.ready, &thread->heap, due_time(thread));
}

static void deadline_add(struct policy_queue *queue, struct policy_thread *thread,
                         enum policy_why why, uint64_t now)
{
    if (why == POLICY_WOKEN)
        wake(thread, now);
    if (why == POLICY_JOB_IS_DONE) {
        thread->deadline.is_done = true;
        thread->deadline.budget = 0;
    }
    if (thread->deadline.budget == 0 && now >= thread->deadline.next)
        release(thread, now);
    if (thread->deadline.budget == 0)
        heap_add(&queue->deadline.throttled, &thread->heap, thread->deadline.next);
    else
        wait_ready(queue, thread);
}

/* A thread that has used up its runtime is not among the ready ones, and no other has. */
static void deadline_remove(struct policy_queue *queue, struct policy_thread *thread)
{
    bool is_ready = thread->deadline.budget != 0;
    heap_remove(is_ready ? &queue->deadline.ready : &queue->deadline.throttled, &thread->heap);
}

static void release_some(struct policy_queue *queue, uint64_t now)
{
    for (unsigned i = 0; i < RELEASE_MOST; i++) {
        struct heap_node *first = heap_first(&queue->deadline.throttled);
        if (!first || first->key > now)
            return;
        heap_remove(&queue->deadline.throttled, first);
        struct policy_thread *thread = list_entry(first, struct policy_thread, heap);
        release(thread, now);
        wait_ready(queue, thread);
    }
}

static struct policy_thread *deadline_take(struct policy_queue *queue, uint64_t now)
{
    release_some(queue, now);
    struct heap_node *first = heap_take_first(&queue->deadline.ready);
    return first ? list_entry(first, struct policy_thread, heap) : NULL;
}

static void deadline_charge(struct policy_queue *queue, struct policy_thread *thread, uint64_t ran,
                            uint64_t now)
{
    (void)queue;
    (void)now;
    thread->deadline.budget -= ran < thread->deadline.budget ? ran : thread->deadline.budget;
}

static bool deadline_due(struct policy_queue *queue, struct policy_thread *taken, uint64_t now)
{
    release_some(queue, now);
    const struct heap_node *first = heap_first(&queue->deadline.ready);
    return taken->deadline.budget == 0 || (first && first->key < due_time(taken));
}

static uint64_t deadline_alarm(struct policy_queue *queue, const struct policy_thread *taken,
                               uint64_t now)
{
    const struct heap_node *first = heap_first(&queue->deadline.throttled);
    uint64_t at = first ? first->key : POLICY_NEVER;
    if (taken && now + taken->deadline.budget < at)
        at = now + taken->deadline.budget;
    return at;
}

const struct policy policy_deadline = {
    .name = "deadline",
    .init = deadline_init,
    .begin = deadline_begin,
    .join = deadline_join,
    .leave = deadline_leave,
    .rests = deadline_rests,
    .add = deadline_add,
    .remove = deadline_remove,
    .take = deadline_take,
    .charge = deadline_charge,
    .due = deadline_due,
    .alarm = deadline_alarm,
};
