/*
 * Memory of any size is used up in each way there is, and all pages come back. A machine's size in
 * MiB is the argument. The largest blocks are not touched, but for the last 128 MiB: so a large
 * machine needs little of its host.
 */
#include <kiln.h>
#include <stdlib.h>
#include <string.h>
#include "free_pages.h"
#include "tap.h"

#define PAGE        ((size_t)KILN_PAGE_BYTES)
#define BLOCK       (PAGE << KILN_PAGE_ORDER_TOP)
#define LEFT_BYTES  ((size_t)128 << 20)
#define TOPS        4096
#define RANGES      64
#define STACK_BYTES (64 * 1024 - PAGE)

/* A block begins with the address of the next one, and what it has to hold behind that. */
struct block {
    struct block *next;
    uintptr_t number;
};

static struct block *push(struct block *list, void *memory)
{
    struct block *block = memory;
    block->next = list;
    block->number = list ? list->number + 1 : 1;
    return block;
}

/* How many blocks of a list hold something else. */
static size_t count_wrong(const struct block *list)
{
    size_t wrong = 0;
    uintptr_t number = list ? list->number : 0;
    for (; list; list = list->next)
        wrong += list->number != number--;
    return wrong + number;
}

static struct block *take_blocks(unsigned order)
{
    struct block *list = NULL;
    for (void *block; (block = kiln_page_alloc(order, KILN_PAGE_WAIT)) != NULL;)
        list = push(list, block);
    return list;
}

static void free_blocks(struct block *list, unsigned order)
{
    while (list) {
        struct block *next = list->next;
        kiln_page_free(list, order);
        list = next;
    }
}

static uintptr_t tops[TOPS];

/* Blocks of the largest order. Returns how many. */
static size_t take_tops(size_t most)
{
    size_t count = 0;
    while (count < most &&
           (tops[count] = (uintptr_t)kiln_page_alloc(KILN_PAGE_ORDER_TOP, KILN_PAGE_WAIT)) != 0)
        count++;
    return count;
}

/* Frees them. Returns how many were not aligned, or taken twice. */
static size_t free_tops(size_t count)
{
    static unsigned char seen[4 * TOPS];
    size_t wrong = 0;
    memset(seen, 0, sizeof(seen));
    for (size_t i = 0; i < count; i++) {
        wrong += tops[i] % BLOCK != 0 || seen[tops[i] / BLOCK]++;
        kiln_page_free((void *)tops[i], KILN_PAGE_ORDER_TOP);
    }
    return wrong;
}

/* All pages in blocks of each order, the largest first. */
static void use_pages(size_t free)
{
    struct block *lists[KILN_PAGE_ORDER_TOP];
    size_t count = take_tops(TOPS), taken = count << KILN_PAGE_ORDER_TOP;
    size_t reserve = free / 32 + 16, wrong = 0;
    for (unsigned order = KILN_PAGE_ORDER_TOP; order-- > 0;) {
        lists[order] = take_blocks(order);
        taken += lists[order] ? lists[order]->number << order : 0;
    }
    tap_check(kiln_page_alloc(0, KILN_PAGE_WAIT) == NULL, "no page is left");
    for (unsigned order = 0; order < KILN_PAGE_ORDER_TOP; order++) {
        wrong += count_wrong(lists[order]);
        free_blocks(lists[order], order);
    }
    TAP_EQUAL(wrong + free_tops(count), 0);
    tap_check(taken <= free && taken + reserve >= free, "all but the reserve was there");
    printf("# %zu of %zu pages\n", taken, free);
}

/* Blocks of malloc's of each size, the largest first. */
static void use_heap(void)
{
    struct block *lists[24] = {0};
    size_t bytes = (size_t)16 << 20, wrong = 0, count = 0;
    for (unsigned i = 0; i < 24 && bytes >= sizeof(struct block); i++, bytes /= 2)
        for (void *block; (block = malloc(bytes)) != NULL; count++)
            lists[i] = push(lists[i], block);
    tap_check(count > 0 && malloc(PAGE) == NULL, "malloc has nothing left");
    for (unsigned i = 0; i < 24; i++) {
        wrong += count_wrong(lists[i]);
        while (lists[i]) {
            struct block *next = lists[i]->next;
            free(lists[i]);
            lists[i] = next;
        }
    }
    TAP_EQUAL(wrong, 0);
}

static char *ranges[RANGES];

/* Maps ranges until there is no memory. Returns how many. */
static size_t map_ranges(size_t bytes)
{
    size_t count = 0, errors = 0;
    for (size_t i = 0; i < RANGES; i++)
        errors += kiln_vm_reserve(bytes, 0, (void **)&ranges[i]) != 0;
    while (count < RANGES &&
           kiln_vm_map(ranges[count], bytes, KILN_VM_WRITE, KILN_VM_POPULATE) == 0)
        count++;
    TAP_EQUAL(errors, 0);
    return count;
}

static size_t count_not_zero(const char *start, size_t bytes)
{
    size_t wrong = 0;
    for (size_t at = 0; at < bytes; at += PAGE)
        wrong += start[at] != 0;
    return wrong;
}

/* Ranges with memory, a large one on demand as far as there is some, and its snapshot. */
static void use_ranges(void)
{
    static struct kiln_vm_version snapshot;
    size_t bytes = LEFT_BYTES / 32, wrong = 0, errors = 0, count = map_ranges(bytes);
    tap_check(count > 0 && count < RANGES, "ranges get all memory");
    for (size_t i = 0; i < count; i++) {
        wrong += count_not_zero(ranges[i], bytes);
        memset(ranges[i], 1, PAGE);
    }
    errors += kiln_vm_snapshot(&snapshot, ranges[0], bytes) != 0;
    errors += kiln_vm_unmap(ranges[count - 1], bytes) != 0 && count > 1;
    if (count > 1) {
        memset(ranges[0], 2, PAGE);
        errors += kiln_vm_rollback(&snapshot) != 0;
        wrong += ranges[0][0] != 1;
    }
    errors += kiln_vm_snapshot_end(&snapshot) != 0;
    for (size_t i = 0; i < RANGES; i++)
        errors += kiln_vm_release(ranges[i], bytes) != 0;
    TAP_EQUAL(wrong, 0);
    TAP_EQUAL(errors, 0);
}

/* Stacks, until there is no memory. */
static void use_stacks(void)
{
    static struct kiln_stack stacks[4096];
    size_t count = 0;
    while (count < 4096 && kiln_stack_create(STACK_BYTES, "one", &stacks[count]) == 0)
        count++;
    tap_check(count > 10 && count < 4096, "stacks get all memory");
    while (count)
        kiln_stack_destroy(&stacks[--count]);
}

int main(int argc, char **argv)
{
    size_t mebibytes = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
    struct kiln_stack first; /* tables of upper levels stay */
    TAP_EQUAL(kiln_stack_create(STACK_BYTES, "first", &first), 0);
    kiln_stack_destroy(&first);
    size_t before = count_free_pages(), left = LEFT_BYTES / BLOCK;
    tap_check(before * PAGE <= mebibytes << 20 && before * PAGE >= (mebibytes << 20) * 3 / 4,
              "the machine has the size that it should have");
    use_pages(before);
    TAP_EQUAL(count_free_pages(), before);
    size_t held = before * PAGE > LEFT_BYTES ? take_tops(before * PAGE / BLOCK - left) : 0;
    size_t rest = count_free_pages();
    use_heap();
    TAP_EQUAL(count_free_pages(), rest);
    use_ranges();
    TAP_EQUAL(count_free_pages(), rest);
    use_stacks();
    TAP_EQUAL(count_free_pages(), rest);
    TAP_EQUAL(free_tops(held), 0);
    TAP_EQUAL(count_free_pages(), before);
    return tap_done();
}
