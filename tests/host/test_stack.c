/*
 * Stacks against a model that knows each that is alive: random calls on a machine with little
 * memory, and CPUs with TLBs that use what they got.
 */
#include <errno.h>
#include <kiln/stack.h>
#define WINDOW_START (mmu_limit(VA_BITS) - mmu_limit(VA_BITS) / MM_STACKS_SHARE)
#define VA_BITS      39
#include "vm_machine.h"

#define MOST  4000
#define STEPS 60000

struct model {
    struct kiln_stack stack;
    char name[8];
};
static struct model live[MOST];
static size_t count;
static size_t results[3]; /* created, no memory, reclaimed */

static enum arch_mapping kind_at(uintptr_t address)
{
    return arch_mmu_query(&arch_boot_space, address).kind;
}

/* The word at an address, by way of a CPU's TLB, where it remembers the address. */
static uint32_t *word_at(uintptr_t address)
{
    size_t page = (address - WINDOW_START) / PAGE;
    struct arch_mapping_info info = arch_mmu_query(&arch_boot_space, address);
    if (page < WINDOW) {
        struct arch_mapping_info *entry = &tlb[test_below(CPUS)][page];
        if (entry->kind == ARCH_MAP_NONE)
            *entry = info;
        info = *entry;
    }
    return (uint32_t *)info.physical;
}

/* Each page begins with a word that says whose it is. */
static void write_all(const struct model *one)
{
    for (uintptr_t at = one->stack.bottom; at < one->stack.top; at += PAGE)
        *word_at(at) = (uint32_t)(at >> 12);
}

static void check(const struct model *one)
{
    for (uintptr_t at = one->stack.bottom; at < one->stack.top; at += PAGE) {
        TEST_HOLDS(kind_at(at) == ARCH_MAP_DATA, "0x%zx is not mapped", at);
        TEST_HOLDS(*word_at(at) == (uint32_t)(at >> 12), "0x%zx was overwritten", at);
    }
    TEST_HOLDS(kind_at(one->stack.bottom - 1) == ARCH_MAP_NONE, "no guard below");
    TEST_HOLDS(kind_at(one->stack.top) == ARCH_MAP_NONE, "no guard above");
    TEST_HOLDS(kiln_stack_name((void *)one->stack.bottom) == one->name &&
                   kiln_stack_name((void *)(one->stack.top - 1)) == one->name &&
                   kiln_stack_name((void *)(one->stack.bottom - 1)) == one->name,
               "%s has another name", one->name);
}

static size_t random_bytes(void)
{
    static const size_t most[] = {1, 1, 2, 3, 9, 40, 700};
    return 1 + test_below(most[test_below(7)] * PAGE);
}

static void create(size_t bytes)
{
    struct model *one = &live[count];
    if (count == MOST)
        return;
    snprintf(one->name, sizeof(one->name), "t%zu", count);
    int error = kiln_stack_create(bytes, one->name, &one->stack);
    results[error != 0]++;
    TEST_HOLDS(error == 0 || error == -ENOMEM, "error %d", error);
    TEST_HOLDS(error == 0 || page_memory.zones[0].free_pages < 900, "%zu pages are free",
               page_memory.zones[0].free_pages);
    if (error)
        return;
    TEST_HOLDS(one->stack.top - one->stack.bottom >= bytes, "%zu bytes",
               one->stack.top - one->stack.bottom);
    count++;
    write_all(one);
    check(one);
}

static void destroy(size_t which)
{
    check(&live[which]);
    kiln_stack_destroy(&live[which].stack);
    TEST_HOLDS(kiln_stack_name((void *)live[which].stack.bottom) == NULL, "a name is left");
    live[which].stack = live[--count].stack;
    /* Names stay where they are: the moved stack is known by the other's. */
    struct kiln_stack moved = live[which].stack;
    if (which == count)
        return;
    page_of(arch_mmu_query(&arch_boot_space, moved.top - PAGE).physical)->owner = live[which].name;
}

/* Each slot size once, so that tables of the upper levels and bitmaps are there. */
static void warm_up(void)
{
    struct kiln_stack stack;
    for (size_t pages = 1; pages <= 8192; pages *= 2)
        if (kiln_stack_create(pages * PAGE, "first", &stack) == 0)
            kiln_stack_destroy(&stack);
    page_reclaim(SIZE_MAX);
}

static void step(void)
{
    static bool is_growing;
    host_cpu.id = (unsigned)test_below(CPUS);
    if (test_below(300) == 0)
        is_growing = !is_growing;
    if (test_below(8) < (is_growing ? 6 : 3))
        create(random_bytes());
    else if (count)
        destroy(test_below(count));
    if (test_below(100) == 0)
        results[2] += page_reclaim(1 + test_below(200));
}

static void run(void)
{
    machine_begin(VA_BITS, 4000);
    warm_up();
    size_t before = machine_free_pages();
    for (unsigned i = 0; i < STEPS; i++) {
        step();
        if (i % 100 == 0) {
            machine_check_tlbs();
            for (size_t one = 0; one < count; one++)
                check(&live[one]);
        }
        if (i % 10000 == 9999) {
            while (count)
                destroy(count - 1);
            page_reclaim(SIZE_MAX);
            TEST_HOLDS(machine_free_pages() == before, "%zu pages are free instead of %zu",
                       machine_free_pages(), before);
        }
    }
    TEST_HOLDS(deadlocks == 0, "%u times", deadlocks);
    test_property("stacks are whole, apart, guarded and named, and all pages come back");
    printf("# %zu created, %zu times no memory, %zu pages reclaimed\n", results[0], results[1],
           results[2]);
    TAP_CHECK(results[0] > 10000 && results[1] > 100 && results[2] > 1000);
}

/* What a second use of the same slot finds. */
static void test_cache(void)
{
    struct kiln_stack stack, again;
    TAP_EQUAL(kiln_stack_create(3 * PAGE, "one", &stack), 0);
    uintptr_t physical = arch_mmu_query(&arch_boot_space, stack.bottom).physical;
    kiln_stack_destroy(&stack);
    size_t free = machine_free_pages();
    TAP_EQUAL(kiln_stack_create(2 * PAGE + 1, "two", &again), 0);
    tap_check(machine_free_pages() == free && again.top == stack.top &&
                  again.bottom == stack.bottom &&
                  arch_mmu_query(&arch_boot_space, stack.bottom).physical == physical,
              "a stack out of the cache is as it was");
    kiln_stack_destroy(&again);
    TAP_EQUAL(kiln_stack_create(3 * PAGE, "three", &stack), 0);
    TAP_EQUAL(stack.top - stack.bottom, 3 * PAGE);
    kiln_stack_destroy(&stack);
}

static void test_errors(void)
{
    struct kiln_stack stack;
    TAP_EQUAL(kiln_stack_create(0, "none", &stack), -EINVAL);
    TAP_EQUAL(kiln_stack_create(KILN_STACK_BYTES_MOST + 1, "huge", &stack), -EINVAL);
    TAP_EQUAL(kiln_stack_create(SIZE_MAX, "huge", &stack), -EINVAL);
    TAP_EQUAL(kiln_stack_create(KILN_STACK_BYTES_MOST, "large", &stack), -ENOMEM);
    TAP_CHECK(kiln_stack_name(&stack) == NULL);
}

static char said[100];

static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(said, sizeof(said), format, arguments);
    va_end(arguments);
}

static bool is_explained(uintptr_t address, uintptr_t fp, const char *words)
{
    struct arch_frame frame = {.is_access = true, .address = address, .fp = fp};
    said[0] = 0;
    return !mm_fault_hook(&frame, say) && !mm_fault_hook(&frame, NULL) && strcmp(said, words) == 0;
}

static void test_words(void)
{
    struct kiln_stack lower, upper;
    void *range;
    TAP_EQUAL(kiln_stack_create(PAGE, "low", &lower), 0);
    TAP_EQUAL(kiln_stack_create(PAGE, "high", &upper), 0);
    TAP_EQUAL(upper.bottom, lower.top + PAGE);
    TAP_CHECK(is_explained(lower.bottom - 8, lower.bottom + 64,
                           "stack overflow of thread low: its stack has 4096 bytes; "));
    TAP_CHECK(is_explained(lower.top, lower.top - 64, "above the stack of thread low: "));
    TAP_CHECK(is_explained(lower.top, upper.bottom + 64,
                           "stack overflow of thread high: its stack has 4096 bytes; "));
    TAP_CHECK(is_explained(upper.top - 8, 0, ""));
    TAP_CHECK(is_explained(upper.top, 0, "no stack: "));
    TAP_EQUAL(kiln_vm_reserve(PAGE, 0, &range), 0);
    TAP_CHECK(is_explained((uintptr_t)range, 0, "reserved, but not mapped: "));
    TAP_CHECK(is_explained(4096, 0, ""));
    TAP_EQUAL(kiln_vm_release(range, PAGE), 0);
    kiln_stack_destroy(&lower);
    TAP_CHECK(is_explained(lower.bottom - 8, 0, "no stack: "));
    kiln_stack_destroy(&upper);
}

int main(int argc, char **argv)
{
    static const unsigned top_leaves[] = FORMAT_TOP_LEAVES;
    test_begin(argc, argv, 1);
    format_set_top_leaf(top_leaves[0]);
    format_set_physical_bits(48); /* the memory is the host's */
    run();
    test_cache();
    test_errors();
    test_words();
    return tap_done();
}
