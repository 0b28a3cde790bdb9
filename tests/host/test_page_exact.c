/*
 * Exact allocations on the host: how full they make memory, and random ones that grow and shrink,
 * with everything checked after each step.
 */
#include "page_sequence.h"

#define STEPS 1500

/* However many pages a block has, blocks of that size fill memory, and leave no hole that is large
 * enough for another one. */
static void test_filling(void)
{
    struct page_stats stats;

    for (size_t pages = 1; pages <= 64; pages++) {
        uintptr_t first = 0, block;
        size_t taken = 0;

        sequence_machine(0);
        for (; (block = page_alloc_exact(pages, PAGE_RESERVE)) != 0; taken += pages, first = block)
            *(uintptr_t *)block = first;
        page_stats(&stats);
        TEST_HOLDS(taken * 100 >= stats.zones[0].total_pages * 87,
                   "%zu of %zu pages are used by blocks of %zu", taken, stats.zones[0].total_pages,
                   pages);
        for (; first; first = block) {
            block = *(uintptr_t *)first;
            page_free_exact(first, pages);
        }
        sequence_recover();
    }
    test_property("exact blocks of 1 to 64 pages fill memory");
}

/* Blocks of a size are taken and freed at random while memory is nearly full: what is left cannot
 * hold one only because it is in pieces. */
static void test_refilling(void)
{
    static uintptr_t blocks[3000];
    struct page_stats stats;

    for (size_t pages = 3; pages <= 64; pages += 6) {
        unsigned count = 0;

        sequence_machine(0);
        for (unsigned i = 0; i < 20000; i++)
            if (count && test_below(100) < 48) {
                unsigned place = (unsigned)test_below(count);
                page_free_exact(blocks[place], pages);
                blocks[place] = blocks[--count];
            } else if ((blocks[count] = page_alloc_exact(pages, PAGE_RESERVE)) != 0) {
                count++;
            }
        while ((blocks[count] = page_alloc_exact(pages, PAGE_RESERVE)) != 0)
            count++;
        page_stats(&stats);
        TEST_HOLDS(count * pages * 100 >= stats.zones[0].total_pages * 83,
                   "%zu of %zu pages are used by blocks of %zu", count * pages,
                   stats.zones[0].total_pages, pages);
    }
    test_property("and still do after many were freed");
}

static void test_sequences(void)
{
    static const uint8_t kinds[] = {STEP_EXACT, STEP_RESIZE, STEP_FREE, STEP_SINGLE};
    static struct step steps[STEPS];

    for (unsigned machine = 0; machine < MACHINES; machine++) {
        for (unsigned i = 0; i < STEPS; i++)
            steps[i] = (struct step){kinds[test_below(4)], 0, (uint16_t)test_random()};
        TEST_HOLDS(sequence_run(machine, steps, STEPS), "machine %u", machine);
    }
    test_property("random steps");
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_filling();
    test_refilling();
    test_sequences();
    return tap_done();
}
