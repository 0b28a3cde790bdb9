/* Raises the exceptions of an x86 CPU, one by one: those that supervisor code can. */
#include <kiln.h>
#include <stdio.h>
#include <string.h>
#include "page_entries.h"

#define RUNS(name) static void name(void)

RUNS(divide)
{
    __asm__ volatile("xorl %%edx, %%edx\n\txorl %%ecx, %%ecx\n\tdivl %%ecx"
                     :
                     :
                     : "eax", "ecx", "edx");
}

RUNS(divide_overflow)
{
    __asm__ volatile("movl $-1, %%edx\n\tmovl $1, %%ecx\n\tdivl %%ecx" : : : "eax", "ecx", "edx");
}

RUNS(single_step)
{
    __asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop" : : : "memory", "cc");
}

RUNS(overflow)
{
    __asm__ volatile("int $4");
}

RUNS(bounds)
{
    __asm__ volatile("int $5");
}

/* A selector of data that are not present: for the stack, or for anything else. */
static void load_absent(bool is_stack)
{
    static uint64_t table[4] = {0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF, 0x00CF13000000FFFF};
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } pointer = {sizeof table - 1, (uintptr_t)table};
    __asm__ volatile("lgdt %0" : : "m"(pointer) : "memory");
    if (is_stack)
        __asm__ volatile("movw %w0, %%ss" : : "r"(0x18));
    else
        __asm__ volatile("movw %w0, %%ds" : : "r"(0x18));
}

RUNS(no_segment)
{
    load_absent(false);
}

RUNS(stack)
{
    load_absent(true);
}

RUNS(no_address)
{
    *(volatile int *)(UINT64_C(1) << 60) = 1;
}

/* XCR0 without x87, which cannot be. */
RUNS(wrong_register)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"(0), "d"(0));
}

RUNS(x87)
{
    static const uint16_t all_enabled = 0x340;
    __asm__ volatile("fldcw %0\n\tfld1\n\tfldz\n\tfdivrp\n\tfwait" : : "m"(all_enabled));
}

/* QEMU's SIMD instructions raise none: the vector by itself. */
RUNS(simd)
{
    __asm__ volatile("int $19");
}

RUNS(machine_check)
{
    __asm__ volatile("int $18");
}

RUNS(reserved)
{
    __asm__ volatile("int $31");
}

/* A page of the image: its own table has an entry for it. */
static uint64_t *page_entry(uintptr_t va)
{
    const uint64_t *table = root_table();
    for (unsigned shift = top_shift(); shift > 12; shift -= 9)
        table = (const uint64_t *)table_address(table[(va >> shift) % 512]);
    return (uint64_t *)&table[(va >> 12) % 512];
}

/* The stack for faults is not there: a second exception while the CPU delivers the first. */
RUNS(double_fault)
{
    extern char __emergency_stack_top[];
    char *page = __emergency_stack_top - 4096;
    *page_entry((uintptr_t)page) = 0;
    __asm__ volatile("invlpg (%0)" : : "r"(page) : "memory");
    *(volatile int *)0 = 1;
}

static const struct {
    const char *name;
    void (*run)(void);
} exceptions[] = {
    {"divide", divide},
    {"divide-overflow", divide_overflow},
    {"step", single_step},
    {"overflow", overflow},
    {"bounds", bounds},
    {"segment", no_segment},
    {"stack", stack},
    {"address", no_address},
    {"register", wrong_register},
    {"x87", x87},
    {"simd", simd},
    {"machine", machine_check},
    {"reserved", reserved},
    {"double", double_fault},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof exceptions / sizeof exceptions[0]; i++)
        if (strcmp(argv[1], exceptions[i].name) == 0)
            exceptions[i].run();
    puts("nothing was raised");
    return 1;
}
