/*
 * Reads the live page tables as the CPU's table walker does: what may be executed cannot be
 * written, each part of the image has just the access it needs, and what must not be mapped is not.
 */
#include <kiln.h>
#include <stdlib.h>
#include "page_entries.h"
#include "tap.h"

#define PAGE 4096u

/* From the linker script. */
extern char __image_start[], __text_end[], __rodata_start[], __rodata_end[], __data_start[];
extern char __irq_stack_guard[], __irq_stack_bottom[], __irq_stack_top[];

static const char constant[] = "constant";
static char variable[16];

static struct {
    unsigned leaves;
    unsigned large;
    unsigned writable_and_executable;
    unsigned executable;
    unsigned executable_outside_text;
    unsigned not_settled;
    unsigned odd_memory_type;
    unsigned closed_tables;
} found;

/* On a PC: the text screen's, or a framebuffer between RAM and 4 GiB or above RAM. */
static bool is_video_memory(uintptr_t va)
{
#ifdef __x86_64__
    return (va >= 0xA0000 && va < 0xC0000) || va >= 0x80000000;
#else
    (void)va;
    return false;
#endif
}

static void look_at_leaf(uint64_t entry, uintptr_t va, unsigned shift)
{
    enum memory_type type = memory_type(entry, shift);
    found.leaves++;
    found.large += shift > 12;
    found.not_settled += !is_settled(entry);
    found.odd_memory_type +=
        type != WRITE_BACK && type != DEVICE && !(type == UNCACHED && is_video_memory(va));
    if (!may_execute(entry))
        return;
    found.executable++;
    found.writable_and_executable += may_write(entry);
    found.executable_outside_text +=
        va < (uintptr_t)__image_start || va + ((uintptr_t)1 << shift) > (uintptr_t)__rodata_start;
}

static void walk(const uint64_t *table, uintptr_t va, unsigned shift)
{
    for (uintptr_t i = 0; i < 512; i++) {
        uintptr_t here = va + (i << shift);
        if (!is_valid(table[i]))
            continue;
        if (is_table(table[i], shift)) {
            found.closed_tables += !is_open_table(table[i]);
            walk((const uint64_t *)table_address(table[i]), here, shift - 9);
        } else {
            look_at_leaf(table[i], here, shift);
        }
    }
}

static bool is_mapped(const volatile void *pointer)
{
    unsigned shift;
    return entry_of(pointer, &shift) != 0;
}

#ifdef __x86_64__

enum { EAX, EBX, ECX, EDX };

static bool has(uint32_t leaf, unsigned reg, unsigned bit)
{
    uint32_t is[4], last, unused;
    __asm__("cpuid" : "=a"(last), "=c"(unused) : "a"(leaf & 0x80000000), "c"(0) : "rbx", "rdx");
    __asm__("cpuid" : "=a"(is[0]), "=b"(is[1]), "=c"(is[2]), "=d"(is[3]) : "a"(leaf), "c"(0));
    return leaf <= last && is[reg] >> bit & 1;
}

static void test_registers(void)
{
    uint64_t cr4 = READ_REGISTER("movq %%cr4, %0");
    tap_check(READ_REGISTER("movq %%cr0, %0") >> 16 & 1, "read-only holds for the supervisor");
    tap_check(read_msr(0xC0000080) >> 11 & 1, "what is not executable is not executed");
    tap_check(cr4 >> 7 & 1, "global pages are on");
    TAP_EQUAL(cr4 >> 11 & 1, has(7, ECX, 2));  /* UMIP */
    TAP_EQUAL(cr4 >> 20 & 1, has(7, EBX, 7));  /* SMEP */
    TAP_EQUAL(cr4 >> 21 & 1, has(7, EBX, 20)); /* SMAP */
}

/* The RAM of a large machine is mapped by the largest pages that the CPU has. */
static void test_large(void)
{
    unsigned shift;
    bool has_1_gib = has(0x80000001, EDX, 26);
    if (kiln_ram_bytes() < UINT64_C(5) << 30)
        return;
    entry_of((const void *)(UINT64_C(5) << 30), &shift);
    printf("# CPU %s pages of 1 GiB\n", has_1_gib ? "has" : "has no");
    TAP_EQUAL(shift, has_1_gib ? 30 : 21);
}

#else

static void test_registers(void)
{
    uint64_t sctlr = READ_REGISTER("mrs %0, sctlr_el1");
    tap_check(sctlr & 1 << 19, "WXN is on");
    tap_check((sctlr & 0x1005) == 0x1005, "MMU and caches are on");
}

/* Blocks of 1 GiB are there always, and RAM may be less than one. */
static void test_large(void)
{
}

#endif

static void test_all(void)
{
    walk(root_table(), 0, top_shift());
    tap_check(found.leaves > 20, "the tables map something");
    tap_check(found.large > 0, "RAM is mapped by blocks");
    tap_check(found.writable_and_executable == 0, "nothing is writable and executable");
    tap_check(found.executable > 0 && found.executable_outside_text == 0,
              "only code is executable");
    tap_check(found.not_settled == 0, "all are accessed, and of the supervisor alone");
    tap_check(found.closed_tables == 0, "no table forbids what its entries allow");
    tap_check(found.odd_memory_type == 0, "memory is write-back, video memory or a device's");
}

static void test_kind(const char *name, const volatile void *at, bool write, bool execute)
{
    unsigned shift;
    uint64_t entry = entry_of(at, &shift);
    printf("# %s\n", name);
    tap_check(entry != 0 && memory_type(entry, shift) == WRITE_BACK, "is normal memory");
    tap_check(entry && may_write(entry) == write, write ? "is writable" : "is not writable");
    tap_check(entry && may_execute(entry) == execute,
              execute ? "is executable" : "is not executable");
}

int main(void)
{
    volatile char local = 0;
    void *block = malloc(100);
    test_all();
    test_registers();
    test_large();
    test_kind("the header", __image_start, false, true);
    test_kind("code", (const void *)(uintptr_t)main, false, true);
    test_kind("the C library's code", (const void *)(uintptr_t)malloc, false, true);
    test_kind("a constant", constant, false, false);
    test_kind("the end of the constants", __rodata_end - 1, false, false);
    test_kind("a variable", variable, true, false);
    test_kind("the stack", &local, true, false);
    test_kind("the heap", block, true, false);
    test_kind("the interrupt stack", __irq_stack_top - 1, true, false);
    tap_check(!is_mapped(NULL), "page 0 is not mapped");
    tap_check(!is_mapped(__irq_stack_guard), "the guard of the interrupt stack is not mapped");
    uintptr_t guard = (uintptr_t)&local & ~(uintptr_t)(PAGE - 1);
    while (is_mapped((void *)guard) && guard > PAGE)
        guard -= PAGE;
    tap_check((uintptr_t)&local - guard <= 256 * 1024 + PAGE,
              "an unmapped page lies below the stack");
    free(block);
    return tap_done();
}
