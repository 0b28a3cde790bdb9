/*
 * The byte ring between two threads without a lock, under ThreadSanitizer: it reports any access
 * that acquire and release do not order.
 */
#include <lib/ring.h>
#include <pthread.h>
#include <sched.h>
#include "test.h"

#define BYTES 300000

static uint8_t data[64];
static struct ring ring = RING_INIT(data);

/* Not periodic in any power of two, so that a lost or repeated turn of the ring shows. */
static uint8_t byte_at(uint32_t position)
{
    return (uint8_t)(position * 2654435761u >> 24 ^ position);
}

static void *produce(void *unused)
{
    (void)unused;
    for (uint32_t i = 0; i < BYTES; i++)
        while (!ring_put(&ring, byte_at(i)))
            sched_yield();
    return NULL;
}

int main(void)
{
    pthread_t producer;
    uint8_t byte;

    ring.head = UINT32_MAX - BYTES / 2;
    ring.tail = UINT32_MAX - BYTES / 2;
    if (!TAP_CHECK(pthread_create(&producer, NULL, produce, NULL) == 0))
        return tap_done();
    for (uint32_t i = 0; i < BYTES; i++) {
        while (!ring_take(&ring, &byte)) {
            TEST_HOLDS(ring_count(&ring) <= sizeof(data), "%u bytes", ring_count(&ring));
            sched_yield();
        }
        TEST_HOLDS(byte == byte_at(i), "byte %u", i);
    }
    pthread_join(producer, NULL);
    test_property("every byte arrives once and in order");
    TAP_EQUAL(ring_count(&ring), 0);
    return tap_done();
}
