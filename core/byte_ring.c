/* Bytes in a ring of memory. */
#include <core/byte_ring.h>

#include <string.h>

void byte_ring_put(struct kiln_byte_ring *ring, const void *data, size_t bytes)
{
    size_t behind = ring->size - ring->first; /* from the oldest byte to the end of memory */
    size_t at = ring->count < behind ? ring->first + ring->count : ring->count - behind;
    size_t part = bytes < ring->size - at ? bytes : ring->size - at;

    memcpy(ring->data + at, data, part);
    memcpy(ring->data, (const uint8_t *)data + part, bytes - part);
    ring->count += bytes;
}

void byte_ring_take(struct kiln_byte_ring *ring, void *data, size_t bytes)
{
    size_t behind = ring->size - ring->first;
    size_t part = bytes < behind ? bytes : behind;

    memcpy(data, ring->data + ring->first, part);
    memcpy((uint8_t *)data + part, ring->data, bytes - part);
    ring->first = bytes < behind ? ring->first + bytes : bytes - behind;
    ring->count -= bytes;
}
