/* Bytes in a ring of memory, of any size: what pipes and message buffers hold. Under their lock. */
#ifndef CORE_BYTE_RING_H
#define CORE_BYTE_RING_H

#include <kiln/byte_ring.h>

static inline size_t byte_ring_room(const struct kiln_byte_ring *ring)
{
    return ring->size - ring->count;
}

/* Puts bytes, for which there is room, behind the others. */
void byte_ring_put(struct kiln_byte_ring *ring, const void *data, size_t bytes);

/* Takes the oldest, of which there are as many. */
void byte_ring_take(struct kiln_byte_ring *ring, void *data, size_t bytes);

#endif
