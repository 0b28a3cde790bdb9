/*
 * Rings of pointers, without locks and without waiting: between threads, CPUs and interrupt
 * handlers. The first kind is for one producer and one consumer, the second for any number of each.
 * Who wants to wait uses a queue (kiln/queue.h), or posts a semaphore beside.
 */
#ifndef KILN_RING_H
#define KILN_RING_H

#include <kiln/api.h>

KILN_BEGIN

#define KILN_RING_LINE 64 /* bytes that CPUs take from each other as one */

/** A ring between one producer and one consumer. Its members are the runtime's own. Positions count
 * on and on, and wrap. */
struct kiln_spsc_ring {
    void **places;
    uint64_t mask; /* of places; a power of two less 1 */

    /* The producer's: how many it has ever put, which is atomic, and how many it knows to have been
     * taken. */
    uint64_t put __attribute__((aligned(KILN_RING_LINE)));
    uint64_t taken_seen;

    /* The consumer's: how many it has ever taken; atomic. */
    uint64_t taken __attribute__((aligned(KILN_RING_LINE)));
};

/** An empty one over an array of pointers, whose length is a power of two. */
#define KILN_SPSC_RING_INIT(array)                                                                 \
    {                                                                                              \
        (array), sizeof(array) / sizeof((array)[0]) - 1, 0, 0, 0                                   \
    }

/** Defines an empty one `name` for up to `capacity` pointers, a power of two, and their memory. */
#define KILN_SPSC_RING(name, capacity)                                                             \
    static void                                                                                    \
        *name##_places[(capacity) > 0 && ((capacity) & ((capacity)-1)) == 0 ? (capacity) : -1];    \
    struct kiln_spsc_ring name = KILN_SPSC_RING_INIT(name##_places)

/** Puts a pointer behind the others; false: the ring is full. The producer, in any context. 11
 * instructions. */
static inline bool kiln_spsc_ring_put(struct kiln_spsc_ring *ring, void *item)
{
    uint64_t put = ring->put;

    if (__builtin_expect(put - ring->taken_seen > ring->mask, 0)) {
        ring->taken_seen = __atomic_load_n(&ring->taken, __ATOMIC_ACQUIRE);
        if (put - ring->taken_seen > ring->mask)
            return false;
    }
    ring->places[put & ring->mask] = item;
    __atomic_store_n(&ring->put, put + 1, __ATOMIC_RELEASE);
    return true;
}

/** Takes the oldest; false: the ring is empty. The consumer, in any context. 10 instructions. */
static inline bool kiln_spsc_ring_take(struct kiln_spsc_ring *ring, void **item)
{
    uint64_t taken = ring->taken;

    if (taken == __atomic_load_n(&ring->put, __ATOMIC_ACQUIRE))
        return false;
    *item = ring->places[taken & ring->mask];
    __atomic_store_n(&ring->taken, taken + 1, __ATOMIC_RELEASE);
    return true;
}

/** How many pointers there are. Any context; it may be stale at once. */
static inline size_t kiln_spsc_ring_count(const struct kiln_spsc_ring *ring)
{
    uint64_t taken = __atomic_load_n(&ring->taken, __ATOMIC_ACQUIRE);

    return (size_t)(__atomic_load_n(&ring->put, __ATOMIC_ACQUIRE) - taken);
}

/** A place of a ring. Its members are the runtime's own. */
struct kiln_ring_place {
    uint64_t turn; /* the position whose item may be put there, without the bits that say which
                      place that is; + 1: whose item is there. Atomic */
    void *item;
};

/** A ring between any number of producers and consumers. Its members are the runtime's own. */
struct kiln_ring {
    struct kiln_ring_place *places;
    uint64_t mask;
    uint64_t put __attribute__((aligned(KILN_RING_LINE)));   /* positions that were put; atomic */
    uint64_t taken __attribute__((aligned(KILN_RING_LINE))); /* the same of those taken */
};

/** An empty one over an array of places, all zeros, whose length is a power of two above 1. */
#define KILN_RING_INIT(array)                                                                      \
    {                                                                                              \
        (array), sizeof(array) / sizeof((array)[0]) - 1, 0, 0                                      \
    }

/** Defines an empty one `name` for up to `capacity` pointers, a power of two above 1, and their
 * memory. */
#define KILN_RING(name, capacity)                                                                  \
    static struct kiln_ring_place                                                                  \
        name##_places[(capacity) > 1 && ((capacity) & ((capacity)-1)) == 0 ? (capacity) : -1];     \
    struct kiln_ring name = KILN_RING_INIT(name##_places)

/**
 * Puts a pointer behind the others, takes the oldest; false: the ring is full, or empty. A put or a
 * take that is interrupted half-way, or goes on at the same time on another CPU, keeps those back
 * that follow it: the ring is full, or empty, for them, and they do not wait. Any context. 20
 * instructions.
 */
bool kiln_ring_put(struct kiln_ring *ring, void *item);
bool kiln_ring_take(struct kiln_ring *ring, void **item);

/** How many pointers there are. Any context; it may be stale at once. */
size_t kiln_ring_count(const struct kiln_ring *ring);

KILN_END

#endif
