/*
 * The heap on every CPU at once: blocks that one allocates and another frees, memory that all of
 * them use up, and every page of it back at the end.
 */
#include <kiln.h>
#include <malloc.h>
#include <stdlib.h>
#include "run_on_cpu.h"
#include "tap.h"

#define HELD       64
#define PASSED     16
#define ROUNDS     2000
#define SMALL_MOST 4096

static uint32_t without; /* CPUs that have found no more; atomic, like what follows */
static uint32_t mixed;
static unsigned char *passed[PASSED]; /* blocks that any CPU may free */

/* A request for everything has everybody give back what he can; then whole pages are counted. */
static size_t count_free_bytes(void)
{
    struct kiln_heap_stats stats;

    kiln_heap_get_stats(&stats);
    if (kiln_page_alloc_exact(stats.total_bytes / KILN_PAGE_BYTES, KILN_PAGE_WAIT))
        return 0;
    kiln_heap_get_stats(&stats);
    return stats.free_bytes;
}

/* On each CPU: its number stands at both ends of what it holds. */
static unsigned char *allocate(unsigned number, unsigned char self)
{
    size_t bytes = number % 16 ? number >> 8 & (SMALL_MOST - 1) : number >> 8 & 0xFFFF;
    unsigned char *block = malloc(bytes + 1);

    if (block)
        block[0] = block[malloc_usable_size(block) - 1] = self;
    return block;
}

static void release(unsigned char *block)
{
    if (block && block[0] != block[malloc_usable_size(block) - 1])
        __atomic_store_n(&mixed, 1, __ATOMIC_RELAXED);
    free(block);
}

static void hammer(unsigned cpu)
{
    unsigned char *held[HELD] = {NULL}, self = (unsigned char)(cpu + 1);
    unsigned number = self;

    for (unsigned i = 0; i < ROUNDS; i++) {
        number = number * 1103515245u + 12345u;
        unsigned place = number >> 24 & (HELD - 1);
        release(held[place]);
        held[place] = held[place] ? NULL : allocate(number, self);
        if (i % 4 == 0)
            release(__atomic_exchange_n(&passed[place % PASSED], allocate(number, self),
                                        __ATOMIC_ACQ_REL));
    }
    for (unsigned i = 0; i < HELD; i++)
        release(held[i]);
}

/* Blocks of 1 MiB until there are none, then of half the size, and so on; nobody gives back before
 * all have none. */
static void use_up(unsigned cpu)
{
    void **first = NULL, **block;

    (void)cpu;
    for (size_t bytes = (size_t)1 << 20; bytes >= KILN_PAGE_BYTES; bytes /= 2)
        while ((block = malloc(bytes)) != NULL) {
            *block = first;
            first = block;
        }
    __atomic_add_fetch(&without, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&without, __ATOMIC_RELAXED) < kiln_cpu_count())
        relax();
    for (; first; first = block) {
        block = *first;
        free(first);
    }
}

/* What CPUs keep for good, a magazine for each size, they get here, the rest in a first round. */
static void touch_each_size(unsigned cpu)
{
    (void)cpu;
    for (size_t bytes = 1; bytes <= SMALL_MOST; bytes += 8) {
        void *volatile block = malloc(bytes);
        free(block);
    }
}

static void on_all(void (*function)(unsigned cpu))
{
    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++)
        run_on_cpu(cpu, function);
    function(0);
    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++)
        wait_for_cpu(cpu);
}

static size_t count_blocks(void)
{
    struct kiln_heap_stats stats;

    kiln_heap_get_stats(&stats);
    return stats.blocks;
}

static void drop_passed(void)
{
    for (unsigned i = 0; i < PASSED; i++) {
        release(passed[i]);
        passed[i] = NULL;
    }
}

static void test_recovery(const char *what, void (*function)(unsigned cpu))
{
    size_t bytes = count_free_bytes(), blocks = count_blocks();

    on_all(function);
    drop_passed();
    printf("# %s\n", what);
    TAP_EQUAL(count_free_bytes(), bytes);
    TAP_EQUAL(count_blocks(), blocks);
}

int main(void)
{
    puts("# on all CPUs");
    on_all(touch_each_size);
    on_all(hammer);
    drop_passed();
    TAP_EQUAL(mixed, 0);
    TAP_CHECK(count_free_bytes() != 0);
    test_recovery("memory used up", use_up);
    test_recovery("random sizes", hammer);
    TAP_EQUAL(mixed, 0);
    return tap_done();
}
