/* Static threads: without a heap, started, joined, started again, and given back like others. */
#include <errno.h>
#include <kiln.h>
#include "tap.h"

static KILN_SEMAPHORE(go, 0);
static unsigned runs; /* atomic */

static void *wait_then_count(void *argument)
{
    kiln_semaphore_wait(&go);
    __atomic_fetch_add(&runs, 1, __ATOMIC_RELAXED);
    return argument;
}

KILN_THREAD(joined, 4096, wait_then_count, &runs, .priority = 70);
KILN_THREAD(detached, 2048, wait_then_count, NULL, .is_detached = true, .is_painted = true);
KILN_THREAD(small, 0, wait_then_count, NULL);
KILN_THREAD(wrong, 4096, wait_then_count, NULL, .priority = 128);

static void test_joined(void)
{
    struct kiln_thread *thread = NULL;
    void *result = NULL;

    for (unsigned i = 0; i < 10; i++) {
        TAP_EQUAL(kiln_thread_start(&joined, &thread), 0);
        TAP_EQUAL(kiln_thread_start(&joined, NULL), -EBUSY);
        TAP_EQUAL(kiln_thread_priority(thread), 70);
        kiln_semaphore_post(&go);
        TAP_EQUAL(kiln_thread_join(thread, &result), 0);
        TAP_CHECK(result == &runs);
    }
    TAP_EQUAL(runs, 10);
}

/* Who is started again has ended. */
static void test_detached(void)
{
    unsigned threads = kiln_thread_list_info(NULL, 0);

    for (unsigned i = 0; i < 10; i++) {
        int error;

        while ((error = kiln_thread_start(&detached, NULL)) == -EBUSY)
            kiln_sleep_for(KILN_MICROSECONDS(100));
        TAP_EQUAL(error, 0);
        TAP_EQUAL(kiln_thread_start(&detached, NULL), -EBUSY);
        kiln_semaphore_post(&go);
    }
    while (kiln_thread_list_info(NULL, 0) > threads)
        kiln_sleep_for(KILN_MICROSECONDS(100));
    TAP_EQUAL(runs, 20);
}

/* More threads end than are kept: static ones are not freed, and start again. */
static void test_among_others(void)
{
    struct kiln_thread *threads[8], *thread;

    for (unsigned i = 0; i < 8; i++)
        TAP_NEED(kiln_thread_create(&threads[i], NULL, wait_then_count, NULL) == 0);
    for (unsigned i = 0; i < 8; i++)
        kiln_semaphore_post(&go);
    for (unsigned i = 0; i < 8; i++)
        kiln_thread_join(threads[i], NULL);
    TAP_EQUAL(kiln_thread_start(&joined, &thread), 0);
    kiln_semaphore_post(&go);
    TAP_EQUAL(kiln_thread_join(thread, NULL), 0);
    TAP_EQUAL(runs, 29);
}

static size_t used_bytes(void)
{
    struct kiln_heap_stats stats;

    kiln_heap_get_stats(&stats);
    return stats.used_bytes;
}

int main(void)
{
    size_t used = used_bytes();

    TAP_EQUAL(kiln_thread_start(&small, NULL), -ENOMEM);
    TAP_EQUAL(kiln_thread_start(&wrong, NULL), -EINVAL);
    test_joined();
    test_detached();
    TAP_EQUAL(used_bytes(), used);
    test_among_others();
    return tap_done();
}
