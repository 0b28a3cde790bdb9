/*
 * The mapper on the live tables: what is mapped elsewhere is seen there by every CPU, though each
 * has the old translation in its TLB. Single pages, and a page out of the midst of a block.
 */
#include <kiln.h>
#include <stdlib.h>
#include <arch/mmu.h>
#include "page_entries.h"
#include "runtime_function.h"
#include "tap.h"

#define CPUS   8
#define ROUNDS 20
#define PAGE   4096u
#define BLOCK  (UINT64_C(2) << 20)

/* Addresses at which no machine has anything. */
#define ALIAS ((uintptr_t)3 << 36)

static int (*map)(struct arch_space *, uintptr_t, uintptr_t, size_t, enum arch_mapping);
static int (*unmap_page)(struct arch_space *, uintptr_t);

static uintptr_t new_page(void)
{
    return (uintptr_t)aligned_alloc(PAGE, PAGE);
}

static struct arch_space space;
static uint32_t seen[CPUS];

static KILN_INTERRUPT_HANDLER void look(void *at)
{
    seen[kiln_cpu_id()] = *(const volatile uint32_t *)at;
}

/* How many CPUs see something else there. */
static unsigned count_others(uintptr_t at, uint32_t want)
{
    unsigned others = 0;
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++) {
        kiln_cpu_call(cpu, look, (void *)at);
        others += seen[cpu] != want;
    }
    return others;
}

/* Two pages that each start with their own address. */
static uint32_t *pages[2];

static void test_page(void)
{
    unsigned wrong = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t *page = pages[round % 2];
        if (map(&space, ALIAS, (uintptr_t)page, PAGE, ARCH_MAP_DATA) != 0)
            TAP_NEED(!"a page can be mapped");
        wrong += count_others(ALIAS, (uint32_t)(uintptr_t)page);
        wrong += unmap_page(&space, ALIAS) != 0;
    }
    tap_check(wrong == 0, "all CPUs see a page where it was mapped last");
}

/* The block that the first page lies in, at another address; of it one page becomes the second. */
static void test_block(void)
{
    uintptr_t block = ALIAS + BLOCK;
    uintptr_t physical = (uintptr_t)pages[0] & -BLOCK;
    uintptr_t at = block + ((uintptr_t)pages[0] - physical);
    unsigned shift;
    TAP_NEED(map(&space, block, physical, BLOCK, ARCH_MAP_DATA) == 0);
    entry_of((const void *)at, &shift);
    TAP_EQUAL(shift, 21);
    TAP_EQUAL(count_others(at, (uint32_t)(uintptr_t)pages[0]), 0);
    TAP_NEED(unmap_page(&space, at) == 0);
    TAP_EQUAL(entry_of((const void *)at, &shift), 0);
    TAP_EQUAL(shift, 12);
    TAP_NEED(map(&space, at, (uintptr_t)pages[1], PAGE, ARCH_MAP_DATA) == 0);
    TAP_EQUAL(count_others(at, (uint32_t)(uintptr_t)pages[1]), 0);
    tap_check(count_others(at + PAGE, *(uint32_t *)((uintptr_t)pages[0] + PAGE)) == 0,
              "the next page is as before");
    TAP_EQUAL(unmap_page(&space, at + PAGE), 0);
    TAP_EQUAL(entry_of((const void *)(at + PAGE), &shift), 0);
}

int main(void)
{
    space = (struct arch_space){
        .root = (uint64_t *)root_table(),
        .source = new_page,
        .va_bits = top_shift() + 9,
    };
    *(void **)&map = runtime_function("arch_mmu_map");
    *(void **)&unmap_page = runtime_function("arch_mmu_unmap_page");
    for (int i = 0; i < 2; i++) {
        TAP_NEED((pages[i] = (uint32_t *)new_page()) != NULL);
        pages[i][0] = (uint32_t)(uintptr_t)pages[i];
    }
    printf("# %u CPUs\n", kiln_cpu_count());
    test_page();
    test_block();
    return tap_done();
}
