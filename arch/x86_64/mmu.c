/* The boot space, which start.S turns on, and the TLB. */
#include <arch/mmu.h>
#include <arch/upcall.h>
#include <isa/mmu.h>
#include <kiln/config.h>

#define CR4_PGE    (1u << 7)
#define PAGES_MOST 32u /* to be forgotten one by one: more at once is quicker */

struct arch_space arch_boot_space;

_Static_assert(offsetof(struct arch_space, root) == 0, "start.S loads it at offset 0");

struct range {
    uintptr_t va;
    size_t bytes;
};

/* The tables were written through the caches, and start.S loads CR3. */
void arch_boot_space_ready(uintptr_t tables, uintptr_t tables_end)
{
    (void)tables;
    (void)tables_end;
}

/* Global pages too (Intel SDM volume 3, 4.10.4.1). */
static void forget_all(void)
{
    uint64_t cr4;

    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("movq %0, %%cr4\n\tmovq %1, %%cr4"
                     :
                     : "r"(cr4 ^ CR4_PGE), "r"(cr4)
                     : "memory");
}

static void forget(void *argument)
{
    const struct range *range = argument;

    if (range->bytes > PAGES_MOST * ARCH_PAGE_BYTES) {
        forget_all();
        return;
    }
    for (uintptr_t va = range->va; va < range->va + range->bytes; va += ARCH_PAGE_BYTES)
        __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void arch_tlb_flush(uintptr_t va, size_t bytes)
{
    struct range range = {va, bytes};

    if (KILN_CONFIG_SMP)
        core_call_all(forget, &range);
    else
        forget(&range);
}

void arch_tlb_flush_here(uintptr_t va, size_t bytes)
{
    struct range range = {va, bytes};

    forget(&range);
}

void arch_page_clear(void *page)
{
    arch_table_clear(page);
}
