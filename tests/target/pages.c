/*
 * Pages on the target: blocks are aligned, zeroed on request and within devices' reach; all memory
 * can be used up, by every CPU at once, and comes back whole. With an argument: misuse, which
 * panics.
 */
#include <kiln.h>
#include <string.h>
#include "free_pages.h"
#include "run_on_cpu.h"
#include "tap.h"

#define HELD   32
#define ROUNDS 4000

/* Blocks of the top order that there are: takes all, which hold the address of the one before each,
 * and gives them back. */
static unsigned count_top(void)
{
    void *last = NULL, *block;
    unsigned count = 0;

    for (; (block = kiln_page_alloc(KILN_PAGE_ORDER_TOP, KILN_PAGE_WAIT)) != NULL;
         count++, last = block)
        *(void **)block = last;
    for (; last; last = block) {
        block = *(void **)last;
        kiln_page_free(last, KILN_PAGE_ORDER_TOP);
    }
    return count;
}

static bool is_all(const char *bytes, size_t count, char value)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static void test_blocks(void)
{
    bool is_aligned = true, is_zero = true;

    for (unsigned order = 0; order <= 8; order++) {
        size_t bytes = (size_t)KILN_PAGE_BYTES << order;
        char *block = kiln_page_alloc(order, 0);
        if (!block)
            TAP_NEED(!"there is a block");
        is_aligned = is_aligned && (uintptr_t)block % bytes == 0;
        memset(block, 0x5A, bytes);
        kiln_page_free(block, order);
        block = kiln_page_alloc(order, KILN_PAGE_ZERO | KILN_PAGE_WAIT);
        if (!block)
            TAP_NEED(!"there is a block of zeros");
        is_zero = is_zero && is_all(block, bytes, 0);
        kiln_page_free(block, order);
    }
    TAP_CHECK(is_aligned);
    TAP_CHECK(is_zero);
    TAP_CHECK(kiln_page_alloc(KILN_PAGE_ORDER_TOP + 1, 0) == NULL);
}

static void test_exact(void)
{
    char *pages = kiln_page_alloc_exact(5, KILN_PAGE_ZERO);
    char *single = kiln_page_alloc(0, 0);

    TAP_NEED(pages && single && is_all(pages, 5 * KILN_PAGE_BYTES, 0));
    TAP_CHECK(single < pages || single >= pages + 5 * KILN_PAGE_BYTES);
    kiln_page_free_exact(pages, 5);
    kiln_page_free(single, 0);
    pages = kiln_page_alloc_exact(2500, KILN_PAGE_WAIT);
    TAP_NEED(pages != NULL);
    memset(pages, 1, (size_t)2500 * KILN_PAGE_BYTES);
    kiln_page_free_exact(pages, 2500);
}

static void test_reach(void)
{
    char *block = kiln_page_alloc(4, KILN_PAGE_DMA);
    bool is_pi = strncmp(kiln_board_name(), "raspi", 5) == 0;

    TAP_NEED(block && (!is_pi || (uintptr_t)block + 16 * KILN_PAGE_BYTES <= 0x40000000));
    kiln_page_free(block, 4);
}

/* On each CPU: its own number stands in all that it holds. */
static uint32_t mixed;

static void hammer(unsigned cpu)
{
    struct {
        unsigned *block;
        unsigned order;
    } held[HELD] = {{NULL, 0}};
    unsigned self = cpu + 1, number = self;

    for (unsigned left = ROUNDS / kiln_cpu_count(); left > 0; left--) {
        number = number * 1103515245u + 12345u;
        unsigned place = number >> 16 & (HELD - 1);
        if (held[place].block) {
            if (*held[place].block != self)
                __atomic_store_n(&mixed, 1, __ATOMIC_RELAXED);
            kiln_page_free(held[place].block, held[place].order);
            held[place].block = NULL;
            continue;
        }
        held[place].order = number >> 24 & 1 ? 0 : number >> 25 & 3;
        held[place].block = kiln_page_alloc(held[place].order, KILN_PAGE_WAIT);
        if (held[place].block)
            *held[place].block = self;
    }
    for (unsigned i = 0; i < HELD; i++)
        if (held[i].block)
            kiln_page_free(held[i].block, held[i].order);
}

static void on_all(void (*function)(unsigned cpu))
{
    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++)
        run_on_cpu(cpu, function);
    function(0);
    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++)
        wait_for_cpu(cpu);
}

/* Until all are there: their stacks, which are kept for the next threads, are so many then. */
static void meet(unsigned cpu)
{
    static uint32_t count; /* atomic */

    (void)cpu;
    __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&count, __ATOMIC_RELAXED) < kiln_cpu_count())
        relax();
}

static void test_cpus(void)
{
    unsigned before = count_top();

    on_all(hammer);
    TAP_EQUAL(mixed, 0);
    TAP_EQUAL(count_top(), before);
}

/* Down to the last page, then all of it again. */
static void test_exhaustion(void)
{
    unsigned before = count_top();
    void *last = NULL, *page;
    size_t pages = 0;

    TAP_CHECK(before > 0);
    for (; (page = kiln_page_alloc(0, 0)) != NULL; pages++, last = page)
        *(void **)page = last;
    TAP_NEED(pages > (size_t)before << KILN_PAGE_ORDER_TOP);
    page = kiln_page_alloc(8, KILN_PAGE_WAIT);
    tap_check(page == NULL, "nothing larger is left");
    if (page)
        kiln_page_free(page, 8);
    page = kiln_page_alloc(0, KILN_PAGE_RESERVE);
    TAP_NEED(page != NULL);
    kiln_page_free(page, 0);
    for (; last; last = page) {
        page = *(void **)last;
        kiln_page_free(last, 0);
    }
    TAP_EQUAL(count_top(), before);
}

static void misuse(const char *what)
{
    void *block = kiln_page_alloc(2, 0);

    printf("block %p\n", block);
    fflush(stdout);
    if (strcmp(what, "twice") == 0)
        kiln_page_free(block, 2);
    kiln_page_free(block, strcmp(what, "order") == 0 ? 3 : 2);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        misuse(argv[1]);
        return 1;
    }
    on_all(meet);
    size_t before = count_free_pages();
    test_blocks();
    test_exact();
    test_reach();
    test_cpus();
    test_exhaustion();
    TAP_BALANCES(count_free_pages(), before);
    return tap_done();
}
