/* Waiting for words: those whose addresses have one hash wait in one queue. */
#include <kiln/address.h>

#include <errno.h>
#include <core/wait.h>
#include <kiln/time.h>

#define QUEUE_BITS 6

static struct kiln_wait_queue queues[1 << QUEUE_BITS];

/* Fibonacci hashing: the highest bits of a product with 2^64 over the golden ratio. */
static struct kiln_wait_queue *queue_of(const uint32_t *word)
{
    return &queues[(uintptr_t)word / sizeof(*word) * UINT64_C(0x9E3779B97F4A7C15) >>
                   (64 - QUEUE_BITS)];
}

int kiln_address_wait(const uint32_t *word, uint32_t value, int64_t deadline)
{
    struct kiln_wait_queue *queue = queue_of(word);
    uintptr_t state = arch_irq_save();

    core_lock(&queue->lock);
    if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value && deadline != KILN_NOWAIT) {
        queue->kind = "address";
        arch_thread_self()->exchange = (void *)(uintptr_t)word;
        return core_wait_until(queue, deadline, state);
    }
    core_unlock(&queue->lock);
    arch_irq_restore(state);
    return -EAGAIN;
}

/* As many as that, as a list. The lock. */
static unsigned take(struct kiln_wait_queue *queue, const uint32_t *word, unsigned count,
                     struct kiln_thread **last)
{
    struct kiln_thread *first = queue->first, *thread = first;
    struct kiln_thread *end = first ? first->previous : NULL;
    unsigned taken = 0;

    while (thread && taken < count) {
        struct kiln_thread *next = thread == end ? NULL : thread->next;

        if (thread->exchange == word) {
            core_wait_remove(queue, thread);
            *last = thread;
            last = &thread->next;
            taken++;
        }
        thread = next;
    }
    *last = NULL;
    return taken;
}

unsigned kiln_address_wake(const uint32_t *word, unsigned count)
{
    struct kiln_wait_queue *queue = queue_of(word);
    struct kiln_thread *list;
    uintptr_t state = arch_irq_save();
    unsigned taken;

    core_lock(&queue->lock);
    taken = take(queue, word, count, &list);
    core_unlock(&queue->lock);
    core_wake_list(0, list, state);
    return taken;
}
