/* Mailboxes: queues of buffers' addresses. */
#include <kiln/mailbox.h>

#include <arch/irq.h>
#include <core/lock.h>
#include <kiln/panic.h>
#include <kiln/time.h>

/* Whether a buffer is in the mailbox. */
static bool has(struct kiln_mailbox *mailbox, const void *buffer)
{
    struct kiln_queue *queue = &mailbox->queue;
    const struct kiln_mailbox_item *item;
    bool found = false;
    uintptr_t state = arch_irq_save();

    core_lock(&queue->waiters.lock);
    item = (const void *)queue->out;
    for (uint32_t i = 0; queue->capacity && i < queue->count && !found; i++) {
        found = item->buffer == buffer;
        item = (const void *)(item + 1) == queue->end ? (const void *)queue->places : item + 1;
    }
    core_unlock(&queue->waiters.lock);
    arch_irq_restore(state);
    return found;
}

/* The caller gives away what it has. */
static inline void check_owner(struct kiln_mailbox *mailbox, const void *buffer)
{
    if (KILN_CONFIG_CHECKS && has(mailbox, buffer))
        kiln_panic("buffer %p is put into mailbox %p, where it is already", buffer,
                   (void *)mailbox);
}

int kiln_mailbox_put(struct kiln_mailbox *mailbox, void *buffer, size_t bytes)
{
    struct kiln_mailbox_item item = {buffer, bytes};

    check_owner(mailbox, buffer);
    return kiln_queue_send(&mailbox->queue, &item);
}

int kiln_mailbox_put_until(struct kiln_mailbox *mailbox, void *buffer, size_t bytes,
                           int64_t deadline)
{
    struct kiln_mailbox_item item = {buffer, bytes};

    check_owner(mailbox, buffer);
    return kiln_queue_send_until(&mailbox->queue, &item, deadline);
}

int kiln_mailbox_try_put(struct kiln_mailbox *mailbox, void *buffer, size_t bytes)
{
    return kiln_mailbox_put_until(mailbox, buffer, bytes, KILN_NOWAIT);
}

static inline int tell(int error, const struct kiln_mailbox_item *item, void **buffer,
                       size_t *bytes)
{
    if (__builtin_expect(error == 0, 1)) {
        *buffer = item->buffer;
        *bytes = item->bytes;
    }
    return error;
}

int kiln_mailbox_take(struct kiln_mailbox *mailbox, void **buffer, size_t *bytes)
{
    struct kiln_mailbox_item item;
    int error = kiln_queue_receive(&mailbox->queue, &item);

    return tell(error, &item, buffer, bytes);
}

int kiln_mailbox_take_until(struct kiln_mailbox *mailbox, void **buffer, size_t *bytes,
                            int64_t deadline)
{
    struct kiln_mailbox_item item;
    int error = kiln_queue_receive_until(&mailbox->queue, &item, deadline);

    return tell(error, &item, buffer, bytes);
}

int kiln_mailbox_try_take(struct kiln_mailbox *mailbox, void **buffer, size_t *bytes)
{
    return kiln_mailbox_take_until(mailbox, buffer, bytes, KILN_NOWAIT);
}

size_t kiln_mailbox_count(const struct kiln_mailbox *mailbox)
{
    return kiln_queue_count(&mailbox->queue);
}

void kiln_mailbox_destroy(struct kiln_mailbox *mailbox)
{
    kiln_queue_destroy(&mailbox->queue);
}

void kiln_mailbox_init(struct kiln_mailbox *mailbox, struct kiln_mailbox_item *places,
                       size_t capacity)
{
    kiln_queue_init(&mailbox->queue, places, sizeof(*places), capacity);
}
