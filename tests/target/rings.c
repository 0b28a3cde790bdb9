/*
 * Rings: order, room, positions that come round, a producer in interrupt handlers, and everybody at
 * once on all CPUs that there are.
 */
#include "thread_order.h"

#define CAPACITY 4

KILN_SPSC_RING(narrow, CAPACITY);
KILN_RING(wide, CAPACITY);

static char letters[] = "abcdefgh";

static void test_one_to_one(void)
{
    void *item = NULL;

    TAP_CHECK(!kiln_spsc_ring_take(&narrow, &item));
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < CAPACITY; i++)
            TAP_CHECK(kiln_spsc_ring_put(&narrow, &letters[i]));
        TAP_CHECK(!kiln_spsc_ring_put(&narrow, letters));
        TAP_EQUAL(kiln_spsc_ring_count(&narrow), CAPACITY);
        TAP_CHECK(kiln_spsc_ring_take(&narrow, &item));
        note(*(char *)item);
        TAP_CHECK(kiln_spsc_ring_put(&narrow, &letters[CAPACITY]));
        while (kiln_spsc_ring_take(&narrow, &item))
            note(*(char *)item);
        check_order("abcde");
        TAP_EQUAL(kiln_spsc_ring_count(&narrow), 0);
    }
}

static void test_any_to_any(void)
{
    void *item = NULL;

    TAP_CHECK(!kiln_ring_take(&wide, &item));
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < CAPACITY; i++)
            TAP_CHECK(kiln_ring_put(&wide, &letters[i]));
        TAP_CHECK(!kiln_ring_put(&wide, letters));
        TAP_EQUAL(kiln_ring_count(&wide), CAPACITY);
        TAP_CHECK(kiln_ring_take(&wide, &item));
        note(*(char *)item);
        TAP_CHECK(kiln_ring_put(&wide, &letters[CAPACITY]));
        while (kiln_ring_take(&wide, &item))
            note(*(char *)item);
        check_order("abcde");
        TAP_EQUAL(kiln_ring_count(&wide), 0);
    }
}

#define TIMES 200

static struct kiln_timer timer;
static uintptr_t put_narrow, put_wide;

/* The next numbers into both. */
static KILN_INTERRUPT_HANDLER void put_both(void *unused)
{
    (void)unused;
    while (put_narrow < TIMES && kiln_spsc_ring_put(&narrow, (void *)(put_narrow + 1)))
        put_narrow++;
    while (put_wide < TIMES && kiln_ring_put(&wide, (void *)(put_wide + 1)))
        put_wide++;
}

/* Takes while the handler may come anywhere. */
static void test_handler(void)
{
    uintptr_t took_narrow = 0, took_wide = 0, wrong = 0;
    void *item;

    kiln_timer_init(&timer, put_both, NULL);
    TAP_EQUAL(kiln_timer_start_periodic(&timer, kiln_time_after(KILN_MICROSECONDS(50)),
                                        KILN_MICROSECONDS(50)),
              0);
    while (took_narrow < TIMES || took_wide < TIMES) {
        if (kiln_spsc_ring_take(&narrow, &item))
            wrong += (uintptr_t)item != ++took_narrow;
        if (kiln_ring_take(&wide, &item))
            wrong += (uintptr_t)item != ++took_wide;
    }
    kiln_timer_stop(&timer);
    TAP_EQUAL(wrong, 0);
}

static void *tests(void *unused)
{
    test_one_to_one();
    test_any_to_any();
    test_handler();
    return unused;
}

#define EACH  2000
#define SIDES 3

static uint64_t sum; /* atomic */

static void *puts_many(void *unused)
{
    for (uintptr_t i = 1; i <= EACH; i++) {
        while (!kiln_ring_put(&wide, (void *)i))
            kiln_thread_yield();
    }
    return unused;
}

static void *takes_many(void *unused)
{
    for (unsigned i = 0; i < EACH; i++) {
        void *item;

        while (!kiln_ring_take(&wide, &item))
            kiln_thread_yield();
        __atomic_fetch_add(&sum, (uintptr_t)item, __ATOMIC_RELAXED);
    }
    return unused;
}

static void *puts_one_by_one(void *unused)
{
    for (uintptr_t i = 1; i <= EACH; i++) {
        while (!kiln_spsc_ring_put(&narrow, (void *)i))
            kiln_thread_yield();
    }
    return unused;
}

/* Each pointer comes once; of one producer and one consumer also in its order. */
static void test_many(void)
{
    struct kiln_thread *threads[2 * SIDES + 1];
    unsigned wrong = 0;

    for (unsigned i = 0; i < 2 * SIDES; i++)
        threads[i] =
            begin_thread(i < SIDES ? puts_many : takes_many, NULL, KILN_THREAD_ATTRIBUTES());
    threads[2 * SIDES] = begin_thread(puts_one_by_one, NULL, KILN_THREAD_ATTRIBUTES());
    for (uintptr_t i = 1; i <= EACH; i++) {
        void *item;

        while (!kiln_spsc_ring_take(&narrow, &item))
            kiln_thread_yield();
        wrong += (uintptr_t)item != i;
    }
    TAP_EQUAL(wrong, 0);
    for (unsigned i = 0; i <= 2 * SIDES; i++)
        check_end(threads[i]);
    TAP_EQUAL(sum, (uint64_t)SIDES * EACH * (EACH + 1) / 2);
    TAP_EQUAL(kiln_ring_count(&wide), 0);
}

int main(void)
{
    test_many();
    return run_on_first_cpu(tests);
}
