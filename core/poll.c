/*
 * Sets of objects. An item is in its object's list until that can be used, then in its set's, to be
 * looked at by who waits: if the object cannot be used any more, it goes back. The set's lock is
 * taken under an object's.
 */
#include <core/poll.h>

#include <errno.h>
#include <arch/step.h>
#include <core/lock.h>
#include <core/priority.h>
#include <core/wait.h>
#include <kiln/time.h>

/* Behind the others of the set. Its lock. */
static void append(struct kiln_poll_set *set, struct kiln_poll_item *item)
{
    item->next = NULL;
    item->link = set->last;
    *set->last = item;
    set->last = &item->next;
}

static void unlink_from_set(struct kiln_poll_set *set, struct kiln_poll_item *item)
{
    *item->link = item->next;
    if (item->next)
        item->next->link = item->link;
    else
        set->last = item->link;
}

/* The object can be used: all items of its list. Its lock. */
static struct kiln_thread *tell_all(struct kiln_poll_item **pollers)
{
    struct kiln_thread *list = NULL;
    struct kiln_poll_item *item;

    while ((item = *pollers) != NULL) {
        struct kiln_poll_set *set = item->set;
        struct kiln_thread *thread;

        *pollers = item->next;
        if (item->next)
            item->next->link = pollers;
        item->is_told = true;
        core_lock(&set->queue.lock);
        append(set, item);
        thread = core_wait_take(&set->queue);
        core_unlock(&set->queue.lock);
        if (thread) {
            thread->next = list;
            list = thread;
        }
    }
    return list;
}

/* The object cannot be used: the item is to be told. Its lock. */
static int arm(struct kiln_poll_item *item, struct kiln_poll_item **pollers)
{
    item->next = *pollers;
    item->link = pollers;
    if (item->next)
        item->next->link = &item->next;
    *pollers = item;
    item->is_told = false;
    return 0;
}

/* What each kind of object is looked at with returns 1: it can be used; -EIDRM: it was destroyed;
 * or what arm() returns. */
static int look_at_semaphore(struct kiln_poll_item *item)
{
    struct kiln_semaphore *semaphore = item->object;
    uint64_t *word = (uint64_t *)&semaphore->count, count;

    if (core_wait_is_gone(semaphore->queue.first))
        return -EIDRM;
    do {
        count = arch_step_begin(word);
        if ((int64_t)count > 0)
            return 1;
    } while (!arch_step_end(word, count, UINT64_MAX));
    return arm(item, &semaphore->pollers);
}

static int look_at_events(struct kiln_poll_item *item)
{
    struct kiln_events *events = item->object;
    uint64_t word;

    if (core_wait_is_gone(events->queue.first))
        return -EIDRM;
    do {
        word = arch_step_begin(&events->flags);
        if (word & item->flags)
            return 1;
    } while (!arch_step_end(&events->flags, word, word | ~KILN_EVENTS_ALL_FLAGS));
    return arm(item, &events->pollers);
}

static int look_at_queue(struct kiln_poll_item *item)
{
    struct kiln_queue *queue = item->object;

    if (!queue->capacity)
        return -EIDRM;
    if (queue->count)
        return 1;
    queue->send_below = 0;
    return arm(item, &queue->pollers);
}

static int look_at_pipe(struct kiln_poll_item *item)
{
    struct kiln_pipe *pipe = item->object;

    if (core_wait_is_gone(pipe->waiters.first))
        return -EIDRM;
    return pipe->bytes.count ? 1 : arm(item, &pipe->pollers);
}

static int look_at_message_buffer(struct kiln_poll_item *item)
{
    struct kiln_message_buffer *buffer = item->object;

    if (core_wait_is_gone(buffer->waiters.first))
        return -EIDRM;
    return buffer->bytes.count ? 1 : arm(item, &buffer->pollers);
}

static int look_at_channel(struct kiln_poll_item *item)
{
    struct kiln_channel *channel = item->object;

    if (channel->is_gone)
        return -EIDRM;
    if (channel->clients.queue.first && !channel->has_call)
        return 1;
    return arm(item, &channel->pollers);
}

static int look_at_thread(struct kiln_poll_item *item)
{
    struct kiln_thread *thread = item->object;

    if (thread->state >= THREAD_GONE)
        return 1;
    thread->is_detached |= THREAD_IS_POLLED;
    return arm(item, &thread->pollers);
}

static void add(struct kiln_poll_set *set, struct kiln_poll_item *item, void *object,
                struct kiln_spinlock *lock, int (*look)(struct kiln_poll_item *item))
{
    uintptr_t state = arch_irq_save();

    item->object = object;
    item->set = set;
    item->look = look;
    item->tell = tell_all;
    item->lock = lock;
    item->is_told = true;
    core_lock(&set->queue.lock);
    append(set, item);
    core_unlock(&set->queue.lock);
    arch_irq_restore(state);
}

void kiln_poll_add_semaphore(struct kiln_poll_set *set, struct kiln_poll_item *item,
                             struct kiln_semaphore *semaphore)
{
    add(set, item, semaphore, &semaphore->queue.lock, look_at_semaphore);
}

void kiln_poll_add_events(struct kiln_poll_set *set, struct kiln_poll_item *item,
                          struct kiln_events *events, uint64_t flags)
{
    item->flags = flags & KILN_EVENTS_ALL_FLAGS;
    add(set, item, events, &events->queue.lock, look_at_events);
}

void kiln_poll_add_queue(struct kiln_poll_set *set, struct kiln_poll_item *item,
                         struct kiln_queue *queue)
{
    add(set, item, queue, &queue->waiters.lock, look_at_queue);
}

void kiln_poll_add_mailbox(struct kiln_poll_set *set, struct kiln_poll_item *item,
                           struct kiln_mailbox *mailbox)
{
    kiln_poll_add_queue(set, item, &mailbox->queue);
}

void kiln_poll_add_pipe(struct kiln_poll_set *set, struct kiln_poll_item *item,
                        struct kiln_pipe *pipe)
{
    add(set, item, pipe, &pipe->waiters.lock, look_at_pipe);
}

void kiln_poll_add_message_buffer(struct kiln_poll_set *set, struct kiln_poll_item *item,
                                  struct kiln_message_buffer *buffer)
{
    add(set, item, buffer, &buffer->waiters.lock, look_at_message_buffer);
}

void kiln_poll_add_channel(struct kiln_poll_set *set, struct kiln_poll_item *item,
                           struct kiln_channel *channel)
{
    add(set, item, channel, &core_inheritance_lock, look_at_channel);
}

void kiln_poll_add_thread(struct kiln_poll_set *set, struct kiln_poll_item *item,
                          struct kiln_thread *thread)
{
    add(set, item, thread, &thread->finished.lock, look_at_thread);
}

void kiln_poll_remove(struct kiln_poll_item *item)
{
    struct kiln_poll_set *set = item->set;
    uintptr_t state;

    if (!set)
        return;
    state = arch_irq_save();
    core_lock(item->lock);
    if (item->is_told) {
        core_lock(&set->queue.lock);
        unlink_from_set(set, item);
        core_unlock(&set->queue.lock);
    } else {
        *item->link = item->next;
        if (item->next)
            item->next->link = item->link;
    }
    core_unlock(item->lock);
    arch_irq_restore(state);
    item->set = NULL;
}

/* The first that is to be looked at, which is in no list then. NULL: none. The set's lock. */
static struct kiln_poll_item *take_first(struct kiln_poll_set *set)
{
    struct kiln_poll_item *item = set->first;

    if (item)
        unlink_from_set(set, item);
    return item;
}

/* Looks at its object, and puts it where it is to be. */
static int look(struct kiln_poll_set *set, struct kiln_poll_item *item)
{
    int found;

    core_lock(item->lock);
    found = item->look(item);
    core_unlock(item->lock);
    if (found > 0) {
        core_lock(&set->queue.lock);
        append(set, item);
        core_unlock(&set->queue.lock);
    }
    return found;
}

int kiln_poll_wait_until(struct kiln_poll_set *set, struct kiln_poll_item **ready, int64_t deadline)
{
    for (;;) {
        uintptr_t state = arch_irq_save();
        struct kiln_poll_item *item;
        int found, error;

        core_lock(&set->queue.lock);
        item = take_first(set);
        if (!item && deadline != KILN_NOWAIT) {
            error = core_wait_until(&set->queue, deadline, state);
            if (error)
                return error;
            continue;
        }
        core_unlock(&set->queue.lock);
        found = item ? look(set, item) : -EAGAIN;
        arch_irq_restore(state);
        if (found == 0)
            continue;
        *ready = item;
        if (found == -EIDRM)
            item->set = NULL;
        return found > 0 ? 0 : found;
    }
}

int kiln_poll_wait(struct kiln_poll_set *set, struct kiln_poll_item **ready)
{
    return kiln_poll_wait_until(set, ready, KILN_FOREVER);
}

void kiln_poll_set_init(struct kiln_poll_set *set)
{
    *set = (struct kiln_poll_set)KILN_POLL_SET_INIT(*set);
}
