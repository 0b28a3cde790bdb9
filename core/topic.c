/* Topics. Values are put into subscriptions under the topic's lock, as from an interrupt handler.
 */
#include <kiln/topic.h>

#include <errno.h>
#include <core/wait.h>
#include <kiln/time.h>
#include <string.h>

static inline uintptr_t enter(struct kiln_topic *topic)
{
    uintptr_t state = arch_irq_save();

    core_lock(&topic->waiters.lock);
    return state;
}

static inline int leave(struct kiln_topic *topic, int result, uintptr_t state)
{
    core_unlock(&topic->waiters.lock);
    arch_irq_restore(state);
    return result;
}

static bool is_gone(const struct kiln_topic *topic)
{
    return core_wait_is_gone(topic->waiters.first);
}

static int refuse(struct kiln_topic *topic, uintptr_t state)
{
    leave(topic, 0, state);
    return core_wait_refuse(&topic->waiters);
}

int kiln_topic_publish(struct kiln_topic *topic, const void *value)
{
    uintptr_t state = enter(topic);
    struct kiln_thread *list;

    if (is_gone(topic))
        return refuse(topic, state);
    memcpy(topic->value, value, topic->bytes);
    topic->generation++;
    for (struct kiln_subscription *each = topic->subscriptions; each; each = each->next) {
        if (kiln_queue_try_send(&each->queue, value))
            each->missed++;
    }
    list = core_wait_take_all(&topic->waiters);
    core_unlock(&topic->waiters.lock);
    core_wake_list(0, list, state);
    return 0;
}

int kiln_topic_read(struct kiln_topic *topic, void *value, uint64_t *generation)
{
    uintptr_t state = enter(topic);

    if (is_gone(topic))
        return refuse(topic, state);
    if (topic->generation == 0)
        return leave(topic, -EAGAIN, state);
    memcpy(value, topic->value, topic->bytes);
    if (generation)
        *generation = topic->generation;
    return leave(topic, 0, state);
}

int kiln_topic_wait(struct kiln_topic *topic, void *value, uint64_t *generation, int64_t deadline)
{
    for (;;) {
        uintptr_t state = enter(topic);
        int error;

        if (is_gone(topic))
            return refuse(topic, state);
        if (topic->generation != *generation) {
            memcpy(value, topic->value, topic->bytes);
            *generation = topic->generation;
            return leave(topic, 0, state);
        }
        if (deadline == KILN_NOWAIT)
            return leave(topic, -EAGAIN, state);
        error = core_wait_until(&topic->waiters, deadline, state);
        if (error)
            return error;
    }
}

int kiln_topic_subscribe(struct kiln_topic *topic, struct kiln_subscription *subscription)
{
    uintptr_t state = enter(topic);

    if (is_gone(topic))
        return refuse(topic, state);
    if (subscription->queue.item_bytes != topic->bytes)
        return leave(topic, -EINVAL, state);
    if (subscription->topic)
        return leave(topic, -EBUSY, state);
    subscription->topic = topic;
    subscription->next = topic->subscriptions;
    topic->subscriptions = subscription;
    return leave(topic, 0, state);
}

int kiln_topic_unsubscribe(struct kiln_subscription *subscription)
{
    struct kiln_topic *topic = subscription->topic;
    struct kiln_subscription **place;
    uintptr_t state;

    if (!topic)
        return -EINVAL;
    state = enter(topic);
    for (place = &topic->subscriptions; *place != subscription;)
        place = &(*place)->next;
    *place = subscription->next;
    subscription->topic = NULL;
    return leave(topic, 0, state);
}

uint32_t kiln_subscription_missed(struct kiln_subscription *subscription)
{
    struct kiln_topic *topic = subscription->topic;
    uintptr_t state;
    uint32_t missed;

    if (!topic) {
        missed = subscription->missed;
        subscription->missed = 0;
        return missed;
    }
    state = enter(topic);
    missed = subscription->missed;
    subscription->missed = 0;
    leave(topic, 0, state);
    return missed;
}

void kiln_topic_destroy(struct kiln_topic *topic)
{
    uintptr_t state = enter(topic);

    for (struct kiln_subscription *each = topic->subscriptions; each; each = each->next)
        each->topic = NULL;
    topic->subscriptions = NULL;
    core_wait_destroy(&topic->waiters, state);
}

void kiln_topic_init(struct kiln_topic *topic, void *value, size_t bytes)
{
    *topic = (struct kiln_topic){KILN_WAIT_QUEUE_INIT("topic"), 0, value, bytes, NULL};
}
