/* The byte ring: as a queue against a model, full, empty, and where its positions wrap. */
#include <lib/ring.h>
#include "test.h"

#define CAPACITY 16

static uint8_t data[CAPACITY];

/* `start` is where both positions stand at first. */
static void run(uint32_t start)
{
    struct ring ring = RING_INIT(data);
    uint8_t put = 0, expected = 0, taken;

    ring.head = start;
    ring.tail = start;
    for (int i = 0; i < 20000; i++) {
        uint32_t count = (uint8_t)(put - expected);

        TEST_HOLDS(ring_count(&ring) == count, "%u instead of %u", ring_count(&ring), count);
        if (test_below(100) < (unsigned)(i / 100 % 100)) {
            bool done = ring_put(&ring, put);

            TEST_HOLDS(done == (count < CAPACITY), "put with %u in it", count);
            put += done;
        } else {
            bool done = ring_take(&ring, &taken);

            TEST_HOLDS(done == (count > 0), "take with %u in it", count);
            TEST_HOLDS(!done || taken == expected, "%u instead of %u", taken, expected);
            expected += done;
        }
    }
}

int main(int argc, char **argv)
{
    struct ring empty = RING_INIT(data);
    uint8_t byte = 42;

    test_begin(argc, argv, 1);
    TAP_CHECK(!ring_take(&empty, &byte) && byte == 42);
    for (int i = 0; i < CAPACITY; i++)
        TEST_HOLDS(ring_put(&empty, (uint8_t)i), "byte %d", i);
    test_property("every byte of the array is used");
    TAP_CHECK(!ring_put(&empty, 99) && ring_count(&empty) == CAPACITY);
    TAP_CHECK(ring_take(&empty, &byte) && byte == 0);
    run(0);
    test_property("a queue of 16 bytes");
    run(UINT32_MAX - 7000);
    test_property("the same while the positions wrap");
    return tap_done();
}
