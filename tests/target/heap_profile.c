/* The profile of the heap: call sites in order of their bytes, exact, with their backtraces. */
#include <errno.h>
#include <kiln.h>
#include <stdlib.h>
#include "tap.h"

static void *held[10];

static __attribute__((noinline)) void *take_small(void)
{
    void *block = malloc(100);

    __asm__ volatile("" ::: "memory"); /* not the last thing that it does */
    return block;
}

static __attribute__((noinline)) void *take_large(void)
{
    void *block = calloc(1, 5000);

    __asm__ volatile("" ::: "memory");
    return block;
}

static struct kiln_heap_site sites[20];
static unsigned count;

static bool note(const struct kiln_heap_site *site, void *context)
{
    (void)context;
    sites[count++] = *site;
    return count < 20;
}

/* Whether a return address is in the function; its length is not known, but short. */
static bool leads_through(const struct kiln_heap_site *site, void *(*function)(void))
{
    for (unsigned i = 0; i < site->depth; i++)
        if (site->pcs[i] - (uintptr_t)function < 64)
            return true;
    return false;
}

static bool is_in_order(void)
{
    for (unsigned i = 1; i < count; i++)
        if (sites[i].bytes > sites[i - 1].bytes)
            return false;
    return true;
}

static bool stop(const struct kiln_heap_site *site, void *context)
{
    (void)site;
    ++*(unsigned *)context;
    return false;
}

static void test_site(const struct kiln_heap_site *site, size_t blocks, size_t each,
                      size_t allocations)
{
    TAP_EQUAL(site->blocks, blocks);
    TAP_EQUAL(site->bytes, blocks * each);
    TAP_EQUAL(site->allocations, allocations);
    TAP_EQUAL(site->allocated_bytes, allocations * each);
}

int main(void)
{
    struct kiln_memory before, after;
    unsigned calls = 0;

    kiln_mem_stats(&before);
    for (unsigned i = 0; i < 10; i++)
        TAP_NEED((held[i] = take_small()) != NULL);
    for (unsigned i = 0; i < 4; i++)
        free(held[i]);
    for (unsigned i = 0; i < 3; i++)
        TAP_NEED((held[i] = take_large()) != NULL);
    free(held[0]);
    kiln_mem_stats(&after);
    TAP_EQUAL(after.heap_blocks - before.heap_blocks, 8);
    TAP_EQUAL(after.heap_bytes - before.heap_bytes, 2 * 5000 + 6 * 100);
    TAP_EQUAL(after.heap_peak_bytes - before.heap_bytes, 3 * 5000 + 6 * 100);
    TAP_EQUAL(kiln_heap_profile(note, NULL), 0);
    TAP_NEED(count >= 2);
    TAP_CHECK(is_in_order());
    test_site(&sites[0], 2, 5000, 3);
    test_site(&sites[1], 6, 100, 10);
    TAP_CHECK(leads_through(&sites[0], take_large) && leads_through(&sites[1], take_small));
    TAP_EQUAL(kiln_heap_profile(stop, &calls), 0);
    TAP_EQUAL(calls, 1);
    return tap_done();
}
