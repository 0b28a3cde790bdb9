/*
 * A ring of bytes between one producer and one consumer, which may be an interrupt and a thread,
 * also on different CPUs: no lock. The positions run freely and wrap at 2^32; `head` is stored by
 * the producer alone and `tail` by the consumer alone, each with release order after the byte has
 * been stored or read. Any context.
 */
#ifndef LIB_RING_H
#define LIB_RING_H

#include <stdbool.h>
#include <stdint.h>

struct ring {
    uint8_t *data;
    uint32_t mask; /* capacity - 1 */
    uint32_t head; /* bytes ever put; the producer's */
    uint32_t tail; /* bytes ever taken; the consumer's */
};

/* An empty ring over an array of bytes whose size is a power of two (not 1 GiB or more). */
#define RING_INIT(array)                                                                           \
    {                                                                                              \
        (array), (uint32_t)sizeof(array) - 1, 0, 0                                                 \
    }

/* Bytes that wait in the ring: the consumer can take as many at least, and the producer knows that
 * there are as many at most. */
static inline uint32_t ring_count(const struct ring *ring)
{
    uint32_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

    return __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) - tail;
}

/* Adds a byte; false when the ring is full. Producer. */
static inline bool ring_put(struct ring *ring, uint8_t byte)
{
    uint32_t head = ring->head;

    if (head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) > ring->mask)
        return false;
    ring->data[head & ring->mask] = byte;
    __atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
    return true;
}

/* Takes the oldest byte; false when the ring is empty. Consumer. */
static inline bool ring_take(struct ring *ring, uint8_t *byte)
{
    uint32_t tail = ring->tail;

    if (__atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) == tail)
        return false;
    *byte = ring->data[tail & ring->mask];
    __atomic_store_n(&ring->tail, tail + 1, __ATOMIC_RELEASE);
    return true;
}

#endif
