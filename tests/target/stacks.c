/*
 * Stacks: ten thousand small ones, guards on both sides, reuse, and that all memory comes back. Of
 * several CPUs each makes its own. An argument chooses an access that has to end in a panic; 'one'
 * is a short test.
 */
#include <errno.h>
#include <kiln.h>
#include <stdlib.h>
#include <string.h>
#include "page_entries.h"
#include "run_on_cpu.h"
#include "run_on_stack.h"
#include "runtime_function.h"
#include "tap.h"

#define PAGE   ((size_t)4096)
#define STACKS 10000
#define SOME   24
#define MIB    ((size_t)1 << 20)

static struct kiln_stack stacks[STACKS];

static bool is_mapped(uintptr_t address)
{
    unsigned shift;
    return entry_of((const void *)address, &shift) != 0;
}

static int depth;

static __attribute__((noinline)) int recurse(int levels)
{
    volatile char space[256];
    space[levels % 256] = (char)levels;
    return levels ? recurse(levels - 1) + space[levels % 256] : 0;
}

static void use_stack(void)
{
    depth = recurse(8) != 0;
}

static void overflow(void)
{
    depth = recurse(100000);
}

static void test_one(void)
{
    struct kiln_stack stack, again;
    TAP_EQUAL(kiln_stack_create(0, "none", &stack), -EINVAL);
    TAP_EQUAL(kiln_stack_create(KILN_STACK_BYTES_MOST + 1, "huge", &stack), -EINVAL);
    TAP_NEED(kiln_stack_create(3 * PAGE - 5, "worker", &stack) == 0);
    TAP_EQUAL(stack.top - stack.bottom, 3 * PAGE);
    tap_check(is_mapped(stack.bottom) && is_mapped(stack.top - 1), "the stack is mapped");
    tap_check(!is_mapped(stack.bottom - 1) && !is_mapped(stack.top), "its guards are not");
    run_on_stack(&stack, use_stack);
    TAP_EQUAL(depth, 1);
    TAP_CHECK(strcmp(kiln_stack_name((void *)stack.bottom), "worker") == 0);
    TAP_CHECK(strcmp(kiln_stack_name((void *)(stack.bottom - 1)), "worker") == 0);
    TAP_CHECK(kiln_stack_name(&stack) == NULL && kiln_stack_name((void *)stack.top) == NULL);
    kiln_stack_destroy(&stack);
    TAP_CHECK(kiln_stack_name((void *)stack.bottom) == NULL);
    TAP_NEED(kiln_stack_create(3 * PAGE, "next", &again) == 0);
    tap_check(again.bottom == stack.bottom, "the next one of the size is the same");
    kiln_stack_destroy(&again);
}

/* How many of one page there can be. */
static size_t create_all(size_t most)
{
    size_t count = 0;
    while (count < most && kiln_stack_create(PAGE, "one of many", &stacks[count]) == 0) {
        *(uintptr_t *)stacks[count].bottom = count;
        count++;
    }
    return count;
}

/* How many hold something else than they should. */
static size_t destroy_all(size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        wrong += *(uintptr_t *)stacks[i].bottom != i || is_mapped(stacks[i].bottom - 1) ||
                 is_mapped(stacks[i].top);
        kiln_stack_destroy(&stacks[i]);
    }
    return wrong;
}

/* Pages that are there when everybody has given back what he can. */
static size_t count_pages(void)
{
    size_t count = 0;
    uintptr_t *list = NULL;
    for (uintptr_t *page; (page = kiln_page_alloc(0, KILN_PAGE_WAIT)) != NULL; count++) {
        *page = (uintptr_t)list;
        list = page;
    }
    while (list) {
        uintptr_t *next = (uintptr_t *)*list;
        kiln_page_free(list, 0);
        list = next;
    }
    return count;
}

/* What the sizes used here keep for good: bitmaps and tables of the upper levels. */
static void warm_up(void)
{
    static const size_t sizes[] = {PAGE, MIB};
    struct kiln_stack stack;
    for (unsigned i = 0; i < 2; i++) {
        TAP_NEED(kiln_stack_create(sizes[i], "first", &stack) == 0);
        kiln_stack_destroy(&stack);
    }
}

static void test_many(void)
{
    size_t before = count_pages();
    TAP_NEED(create_all(STACKS) == STACKS);
    TAP_EQUAL(destroy_all(STACKS), 0);
    TAP_NEED(create_all(STACKS) == STACKS); /* once more, out of the cache */
    TAP_EQUAL(destroy_all(STACKS), 0);
    TAP_EQUAL(count_pages(), before);
    printf("# %zu pages\n", before);
}

/* All memory in large stacks, and the rest in small ones. */
static void test_exhaustion(void)
{
    static struct kiln_stack large[1024];
    size_t before = count_pages(), count = 0;
    while (count < 1024 && kiln_stack_create(MIB, "large", &large[count]) == 0)
        count++;
    size_t small = create_all(STACKS);
    tap_check(count > 10 && count < 1024 && small < STACKS, "memory is used up");
    TAP_EQUAL(kiln_stack_create(PAGE, "one too many", &stacks[small]), -ENOMEM);
    TAP_EQUAL(destroy_all(small), 0);
    while (count)
        kiln_stack_destroy(&large[--count]);
    TAP_EQUAL(count_pages(), before);
}

static uint32_t failures; /* atomic */
static size_t (*reclaim)(size_t pages);

/* Each CPU has stacks of its own, of sizes that change, and now and then frees what is kept. */
static void use_stacks(unsigned cpu)
{
    struct kiln_stack mine[SOME];
    uint32_t wrong = 0;
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < SOME; i++) {
            if (kiln_stack_create((1 + (i + round) % 5) * PAGE, "mine", &mine[i])) {
                __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
                return;
            }
            *(size_t *)mine[i].bottom = i * CPUS + cpu;
        }
        for (size_t i = 0; i < SOME; i++) {
            wrong += *(size_t *)mine[i].bottom != i * CPUS + cpu;
            kiln_stack_destroy(&mine[i]);
        }
        reclaim(100 * (round % 3));
    }
    __atomic_add_fetch(&failures, wrong, __ATOMIC_RELAXED);
}

static void test_cpus(void)
{
    *(void **)&reclaim = runtime_function("page_reclaim");
    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++)
        run_on_cpu(cpu, use_stacks);
    use_stacks(0);
    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++)
        wait_for_cpu(cpu);
    TAP_EQUAL(failures, 0);
}

static void crash(const char *how)
{
    struct kiln_stack stack;
    TAP_EQUAL(kiln_stack_create(PAGE, "worker", &stack), 0);
    if (strcmp(how, "overflow") == 0)
        run_on_stack(&stack, overflow);
    else if (strcmp(how, "above") == 0)
        *(volatile char *)stack.top = 1;
    kiln_stack_destroy(&stack);
    if (strcmp(how, "twice") == 0)
        kiln_stack_destroy(&stack);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "one") == 0) {
        test_one();
        return tap_done();
    }
    if (argc == 2)
        crash(argv[1]);
    test_one();
    warm_up();
    test_many();
    test_exhaustion();
    test_cpus();
    return tap_done();
}
