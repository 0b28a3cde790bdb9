/*
 * The rings of pointers between threads without a lock, under ThreadSanitizer: what a pointer leads
 * to is plain memory, which only the ring's order makes safe to read. Then against a model: any
 * sequence of puts and takes, with positions that are about to wrap.
 */
#include <kiln/ring.h>
#include <pthread.h>
#include <sched.h>
#include "test.h"

#define EACH   30000u
#define SIDES  2u
#define PLACES 8u

static struct kiln_ring_place places[PLACES];
static struct kiln_ring wide = KILN_RING_INIT(places);
static void *slots[PLACES];
static struct kiln_spsc_ring narrow = KILN_SPSC_RING_INIT(slots);

struct item {
    unsigned producer, number;
};
static struct item items[SIDES][EACH], narrow_items[EACH];

static void *produce(void *number)
{
    unsigned producer = (unsigned)(uintptr_t)number;

    for (unsigned i = 0; i < EACH; i++) {
        items[producer][i] = (struct item){producer, i + 1};
        while (!kiln_ring_put(&wide, &items[producer][i]))
            sched_yield();
    }
    return NULL;
}

static unsigned taken[SIDES][SIDES]; /* of each producer by each consumer */

static void *consume(void *number)
{
    unsigned last[SIDES] = {0}, *counts = taken[(uintptr_t)number];
    void *found;

    for (unsigned i = 0; i < EACH; i++) {
        while (!kiln_ring_take(&wide, &found))
            sched_yield();
        const struct item *item = found;

        TEST_HOLDS(item->number > last[item->producer], "item %u after %u", item->number,
                   last[item->producer]);
        last[item->producer] = item->number;
        counts[item->producer]++;
    }
    return NULL;
}

static void *produce_narrow(void *unused)
{
    for (unsigned i = 0; i < EACH; i++) {
        narrow_items[i].number = i;
        while (!kiln_spsc_ring_put(&narrow, &narrow_items[i]))
            sched_yield();
    }
    return unused;
}

static void test_threads(void)
{
    pthread_t threads[2 * SIDES + 1];
    void *found;

    for (uintptr_t i = 0; i < 2 * SIDES; i++)
        TAP_CHECK(pthread_create(&threads[i], NULL, i < SIDES ? produce : consume,
                                 (void *)(i % SIDES)) == 0);
    TAP_CHECK(pthread_create(&threads[2 * SIDES], NULL, produce_narrow, NULL) == 0);
    for (unsigned i = 0; i < EACH; i++) {
        while (!kiln_spsc_ring_take(&narrow, &found))
            sched_yield();
        TEST_HOLDS(((struct item *)found)->number == i, "item %u", i);
    }
    for (unsigned i = 0; i <= 2 * SIDES; i++)
        pthread_join(threads[i], NULL);
    test_property("every item arrives once, and those of one producer in order");
    for (unsigned producer = 0; producer < SIDES; producer++)
        TAP_EQUAL(taken[0][producer] + taken[1][producer], EACH);
    TAP_EQUAL(kiln_ring_count(&wide), 0);
    TAP_EQUAL(kiln_spsc_ring_count(&narrow), 0);
}

/* From a position on, which may be about to wrap. */
static void start_at(uint64_t position)
{
    wide.put = position;
    wide.taken = position;
    for (unsigned i = 0; i < PLACES; i++)
        places[i].turn = (position + (PLACES - 1 - i)) & ~(uint64_t)(PLACES - 1);
    narrow.put = position;
    narrow.taken = position;
    narrow.taken_seen = position;
}

static void test_model(uint64_t position)
{
    uintptr_t put = 0, took = 0;
    uint64_t random = position | 1;

    start_at(position);
    for (unsigned i = 0; i < 20000; i++) {
        void *found = NULL, *next = (void *)(put + 1);
        bool has_room = put - took < PLACES, has_some = put != took;

        random = random * 6364136223846793005u + 1442695040888963407u;
        if (random >> 62 & 1) {
            TEST_HOLDS(kiln_ring_put(&wide, next) == has_room, "put %u", i);
            TEST_HOLDS(kiln_spsc_ring_put(&narrow, next) == has_room, "put %u", i);
            put += has_room;
        } else {
            TEST_HOLDS(kiln_ring_take(&wide, &found) == has_some, "take %u", i);
            TEST_HOLDS(!has_some || found == (void *)(took + 1), "took %u", i);
            TEST_HOLDS(kiln_spsc_ring_take(&narrow, &found) == has_some, "take %u", i);
            TEST_HOLDS(!has_some || found == (void *)(took + 1), "took %u", i);
            took += has_some;
        }
        TEST_HOLDS(kiln_ring_count(&wide) == put - took, "count %u", i);
    }
    test_property("as a queue does, from any position on");
}

int main(void)
{
    test_threads();
    test_model(0);
    test_model(UINT64_MAX - 3000);
    test_model(UINT64_MAX / 2 - 3001);
    return tap_done();
}
