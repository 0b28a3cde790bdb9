/*
 * A machine for tests of virtual memory: RAM for the real page allocator, tables for the real
 * mapper, and CPUs whose TLBs remember what they have seen of a window of addresses.
 */
#ifndef VM_MACHINE_H
#define VM_MACHINE_H

#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <board.h>
#include <isa/host.h>
#include <isa/mmu.h>
#include <kiln/cpu.h>
#include <kiln/panic.h>
#include <mm/early.h>
#include <mm/vm.h>
#include <kiln/fault.h>
#include <page_memory.h>
#include <table_format.h>
#include <vm_space.h>
#include "test.h"

#define PAGE      ARCH_PAGE_BYTES
#define RAM_PAGES ((size_t)16384)
#define TOP_BYTES (PAGE << PAGE_ORDER_TOP)
#define WINDOW    ((size_t)3072) /* pages that TLBs remember */
#define CPUS      3

struct board_facts model_facts __asm__("board_facts");
struct arch_space arch_boot_space;

_Noreturn void kiln_panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    printf("Bail out! panic: ");
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
    abort();
}

_Noreturn void kiln_assert_failed(const char *expression, const char *file, int line,
                                  const char *function)
{
    kiln_panic("%s:%d: %s: %s", file, line, function, expression);
}

unsigned kiln_cpu_count(void)
{
    return CPUS;
}

unsigned kiln_cpu_id(void)
{
    return host_cpu.id;
}

int kiln_cpu_call(unsigned cpu, void (*function)(void *argument), void *argument)
{
    unsigned self = host_cpu.id;

    host_cpu.id = cpu;
    host_cpu.irqs_off = true;
    function(argument);
    host_cpu.irqs_off = false;
    host_cpu.id = self;
    return 0;
}

/* Where those begin: the first address that can be reserved, or a test's own. */
#ifndef WINDOW_START
#define WINDOW_START vm.floor
#endif

/* What isa/mmu.h wants; a TLB entry for each page of the window. */
static struct arch_mapping_info tlb[CPUS][WINDOW];
static unsigned deadlocks; /* flushes that interrupt a CPU which may wait, masked, for a lock */

void arch_table_fill(uint64_t *entries, uint64_t value, uint64_t step, size_t count)
{
    for (size_t i = 0; i < count; i++)
        entries[i] = value + i * step;
}

void arch_table_clear(uint64_t *table)
{
    memset(table, 0, PAGE);
}

void arch_table_publish(uint64_t *entry, uint64_t value)
{
    *entry = value;
}

void arch_table_barrier(void)
{
}

static void tlb_forget(unsigned cpu, uintptr_t va, size_t bytes)
{
    uintptr_t end = va + bytes;

    if (end > WINDOW_START + WINDOW * PAGE)
        end = WINDOW_START + WINDOW * PAGE;
    for (uintptr_t at = va; at < end; at += PAGE)
        if ((at - WINDOW_START) / PAGE < WINDOW)
            tlb[cpu][(at - WINDOW_START) / PAGE].kind = ARCH_MAP_NONE;
}

void arch_tlb_flush(uintptr_t va, size_t bytes)
{
    deadlocks += FLUSH_INTERRUPTS && host_cpu.irqs_off;
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        tlb_forget(cpu, va, bytes);
}

void arch_tlb_flush_here(uintptr_t va, size_t bytes)
{
    tlb_forget(host_cpu.id, va, bytes);
}

/* A machine with so many pages, as it is before the first use. */
static inline void machine_begin(unsigned va_bits, size_t pages)
{
    static uintptr_t memory;
    if (!memory) {
        void *mapped = mmap(NULL, RAM_PAGES * PAGE + TOP_BYTES, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED)
            exit(1);
        memory = ((uintptr_t)mapped + TOP_BYTES - 1) & -TOP_BYTES;
    }
    memset(&page_memory, 0, sizeof(page_memory));
    memset(page_regions, 0, sizeof(page_regions));
    memset(page_hot_of, 0, sizeof(page_hot_of));
    memset(&host_cpu, 0, sizeof(host_cpu));
    memset(tlb, 0, sizeof(tlb));
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        for (size_t page = 0; page < WINDOW; page++)
            tlb[cpu][page].kind = ARCH_MAP_NONE;
    mm_early_begin(0);
    memset((void *)memory, 0xA5, pages * PAGE);
    mm_early_add_range(memory, pages * PAGE);
    static _Alignas(4096) uint64_t root[512];
    memset(root, 0, sizeof(root));
    arch_boot_space = (struct arch_space){.root = root, .va_bits = mmu_table_bits(va_bits)};
    vm.limit = 0;
    uintptr_t first = page_alloc(0, 0);
    page_free(first, 0);
    void *start;
    kiln_vm_reserve(PAGE, 0, &start);
    kiln_vm_release(start, PAGE);
}

/* No TLB may know what the tables do not say any more. */
static inline void machine_check_tlbs(void)
{
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        for (size_t page = 0; page < WINDOW; page++) {
            struct arch_mapping_info *entry = &tlb[cpu][page];
            if (entry->kind == ARCH_MAP_NONE)
                continue;
            struct arch_mapping_info is =
                arch_mmu_query(&arch_boot_space, WINDOW_START + page * PAGE);
            bool is_weaker = entry->kind == ARCH_MAP_READ_ONLY && is.kind == ARCH_MAP_DATA;
            TEST_HOLDS(entry->physical == is.physical && (entry->kind == is.kind || is_weaker),
                       "CPU %u sees page %zu at %zx, kind %u", cpu, page, entry->physical,
                       entry->kind);
        }
}

static inline size_t machine_free_pages(void)
{
    size_t free = page_memory.zones[0].free_pages;
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        free += page_hot_of[cpu].count;
    return free;
}

/* With FAULT_INJECTION: how many allocations had failed before this step. */
static uint64_t machine_failures;

static uint64_t machine_count_failures(void)
{
    struct kiln_fault_counts counts = {0};
    if (KILN_CONFIG_FAULT_INJECTION)
        kiln_fault_get_counts(&counts);
    return counts.failures;
}

/* Some of the next allocations fail, or none. */
static inline void machine_let_fail(void)
{
    static const uint64_t counts[] = {0, 0, 1, 1, 2, KILN_FAIL_ALL};
    machine_failures = machine_count_failures();
    if (KILN_CONFIG_FAULT_INJECTION)
        kiln_fail_allocations(1 + test_below(6), counts[test_below(6)]);
}

static inline void machine_let_succeed(void)
{
    if (KILN_CONFIG_FAULT_INJECTION)
        kiln_fail_allocations(0, 0);
}

/* Whether what is wanted may not be there. */
static inline bool machine_is_short(void)
{
    return page_memory.zones[0].free_pages <= page_memory.zones[0].min + 2 ||
           machine_count_failures() != machine_failures;
}

#endif
