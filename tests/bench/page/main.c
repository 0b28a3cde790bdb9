/*
 * Prints the instructions of allocating and freeing pages, on virt-aarch64: with QEMU's -icount,
 * one takes one nanosecond. A single page is a hot one. A block of order 9 is half of one of order
 * 10, and makes that whole again; for one of order 1, nine blocks are split and nine merged: the
 * most there is. The loop's own two instructions are in.
 */
#include <inttypes.h>
#include <kiln.h>
#include <stdio.h>

#define RUNS 10000

static void measure(const char *what, unsigned order)
{
    uint64_t from = kiln_time_counter();

    for (unsigned left = RUNS; left > 0; left--)
        kiln_page_free(kiln_page_alloc(order, 0), order);
    uint64_t ns = (kiln_time_counter() - from) * 1000000000u / kiln_time_counter_hz();

    printf("%s-instructions %" PRIu64 "\n", what, (ns + RUNS / 2) / RUNS);
}

/* Takes what there is below the top order, until the next block is split off one of the top order,
 * and so begins where that one did. */
static void use_up(void)
{
    uintptr_t top = (uintptr_t)kiln_page_alloc(KILN_PAGE_ORDER_TOP, 0), block;

    kiln_page_free((void *)top, KILN_PAGE_ORDER_TOP);
    do
        block = (uintptr_t)kiln_page_alloc(1, 0);
    while (block != top);
    kiln_page_free((void *)block, 1);
}

int main(void)
{
    kiln_page_free(kiln_page_alloc(0, 0), 0);
    use_up();
    measure("page", 0);
    measure("block", 9);
    measure("split", 1);
    return 0;
}
