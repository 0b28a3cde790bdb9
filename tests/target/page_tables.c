/*
 * Reads the live page tables as the CPU's table walker does: what may be executed cannot be
 * written, each part of the image has just the access it needs, and what must not be mapped is not.
 * Descriptors: Arm ARM (DDI 0487) D8.3.
 */
#include <kiln.h>
#include <stdlib.h>
#include "tap.h"

#define VALID       1u
#define TABLE       2u
#define READ_ONLY   (UINT64_C(1) << 7)
#define ACCESSED    (UINT64_C(1) << 10)
#define NO_EXECUTE  (UINT64_C(1) << 53) /* PXN: what counts at EL1 */
#define ADDRESS     UINT64_C(0x0000FFFFFFFFF000)
#define MAIR_NORMAL 0xFFu /* write-back, read and write allocate */
#define MAIR_NGNRE  0x04u
#define PAGE        4096u

/* From the linker script. */
extern char __image_start[], __text_end[], __rodata_start[], __rodata_end[], __data_start[];
extern char __irq_stack_guard[], __irq_stack_bottom[], __irq_stack_top[];

static const char constant[] = "constant";
static char variable[16];

static struct {
    unsigned leaves;
    unsigned writable_and_executable;
    unsigned executable;
    unsigned executable_outside_text;
    unsigned not_accessed;
    unsigned odd_memory_type;
} found;

#define READ_REGISTER(name)                                                                        \
    ({                                                                                             \
        uint64_t value;                                                                            \
        __asm__("mrs %0, " #name : "=r"(value));                                                   \
        value;                                                                                     \
    })

static unsigned memory_type(uint64_t entry)
{
    return READ_REGISTER(mair_el1) >> (entry >> 2 & 7) * 8 & 0xFF;
}

static void look_at_leaf(uint64_t entry, uintptr_t va, unsigned shift)
{
    unsigned type = memory_type(entry);
    found.leaves++;
    found.not_accessed += !(entry & ACCESSED);
    found.odd_memory_type += type != MAIR_NORMAL && type != MAIR_NGNRE;
    if (entry & NO_EXECUTE)
        return;
    found.executable++;
    found.writable_and_executable += !(entry & READ_ONLY);
    found.executable_outside_text +=
        va < (uintptr_t)__image_start || va + ((uintptr_t)1 << shift) > (uintptr_t)__rodata_start;
}

static unsigned top_shift(void)
{
    return 64 - (READ_REGISTER(tcr_el1) & 63) > 39 ? 39 : 30;
}

static void walk(const uint64_t *table, uintptr_t va, unsigned shift)
{
    for (uintptr_t i = 0; i < 512; i++) {
        uintptr_t here = va + (i << shift);
        if (!(table[i] & VALID))
            continue;
        if (shift > 12 && (table[i] & TABLE))
            walk((const uint64_t *)(table[i] & ADDRESS), here, shift - 9);
        else
            look_at_leaf(table[i], here, shift);
    }
}

/* The entry that maps an address, 0 if there is none. */
static uint64_t entry_of(const volatile void *pointer)
{
    uintptr_t va = (uintptr_t)pointer;
    const uint64_t *table = (const uint64_t *)(READ_REGISTER(ttbr0_el1) & ADDRESS);
    for (unsigned shift = top_shift();; shift -= 9) {
        uint64_t entry = table[va >> shift & 511];
        if (!(entry & VALID))
            return 0;
        if (shift == 12 || !(entry & TABLE))
            return entry;
        table = (const uint64_t *)(entry & ADDRESS);
    }
}

static bool may_write(uint64_t entry)
{
    return entry && !(entry & READ_ONLY);
}

static bool may_execute(uint64_t entry)
{
    return entry && !(entry & NO_EXECUTE);
}

static void test_all(void)
{
    walk((const uint64_t *)(READ_REGISTER(ttbr0_el1) & ADDRESS), 0, top_shift());
    tap_check(found.leaves > 100, "the tables map something");
    tap_check(found.writable_and_executable == 0, "nothing is writable and executable");
    tap_check(found.executable > 0 && found.executable_outside_text == 0,
              "only code is executable");
    tap_check(found.not_accessed == 0, "all have the access flag");
    tap_check(found.odd_memory_type == 0, "memory is write-back or nGnRE");
    tap_check(READ_REGISTER(sctlr_el1) & 1 << 19, "WXN is on");
    tap_check((READ_REGISTER(sctlr_el1) & 0x1005) == 0x1005, "MMU and caches are on");
}

static void test_kind(const char *name, const volatile void *at, bool write, bool execute)
{
    uint64_t entry = entry_of(at);
    printf("# %s\n", name);
    tap_check(entry != 0 && memory_type(entry) == MAIR_NORMAL, "is normal memory");
    tap_check(may_write(entry) == write, write ? "is writable" : "is not writable");
    tap_check(may_execute(entry) == execute, execute ? "is executable" : "is not executable");
}

int main(void)
{
    volatile char local = 0;
    void *block = malloc(100);
    test_all();
    test_kind("the header", __image_start, false, true);
    test_kind("code", (const void *)(uintptr_t)main, false, true);
    test_kind("the C library's code", (const void *)(uintptr_t)malloc, false, true);
    test_kind("a constant", constant, false, false);
    test_kind("the end of the constants", __rodata_end - 1, false, false);
    test_kind("a variable", variable, true, false);
    test_kind("the stack", &local, true, false);
    test_kind("the heap", block, true, false);
    test_kind("the interrupt stack", __irq_stack_top - 1, true, false);
    tap_check(entry_of(NULL) == 0, "page 0 is not mapped");
    tap_check(entry_of(__irq_stack_guard) == 0, "the guard of the interrupt stack is not mapped");
    uintptr_t guard = (uintptr_t)&local & ~(uintptr_t)(PAGE - 1);
    while (entry_of((void *)guard) && guard > PAGE)
        guard -= PAGE;
    tap_check((uintptr_t)&local - guard <= 256 * 1024 + PAGE,
              "an unmapped page lies below the stack");
    free(block);
    return tap_done();
}
