/*
 * A machine whose devices do not see its caches. What CPUs see of RAM is the process's own memory;
 * what devices see, the DRAM, is another. A line of 64 bytes gets from one to the other when the
 * runtime cleans or invalidates it, and whenever the machine likes: dirty lines are written back,
 * clean ones are fetched anew. So a maintenance operation that is missing, or that comes at the
 * wrong time, is seen sooner or later. Which pages may be cached is asked of the real page tables,
 * as a TLB does it: when it is flushed.
 */
#ifndef DMA_MACHINE_H
#define DMA_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <arch/cache.h>
#include <board.h>
#include <isa/host.h>
#include <isa/mmu.h>
#include <kiln/cpu.h>
#include <kiln/fault.h>
#include <kiln/panic.h>
#include <mm/early.h>
#include <page_memory.h>
#include "test.h"

#define PAGE      ARCH_PAGE_BYTES
#define RAM_PAGES ((size_t)6144)
#define RAM_BYTES (RAM_PAGES * PAGE)
#define TOP_BYTES (PAGE << PAGE_ORDER_TOP)
#define LINE      ((size_t)64)
#define LINES     (RAM_BYTES / LINE)
#define WINDOW    ((size_t)48) /* pages at addresses of their own */
#define RECENT    512
#define ARENA     ((size_t)40)  /* pages at their own addresses */
#define BELOW     ((size_t)100) /* pages that limited devices reach beside those */
#define DEVICES   7

struct board_facts model_facts __asm__("board_facts");
const struct kiln_dma_device board_dma = KILN_DMA_VIDEOCORE;
struct arch_space arch_boot_space;
struct host_cpu host_cpu = {.counter_hz = 62500000};

static jmp_buf machine_panic_exit;
static bool machine_panic_expected;
static char machine_panic_text[200];

_Noreturn void kiln_panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(machine_panic_text, sizeof(machine_panic_text), format, arguments);
    va_end(arguments);
    if (machine_panic_expected)
        longjmp(machine_panic_exit, 1);
    printf("Bail out! panic: %s\n", machine_panic_text);
    fflush(stdout);
    abort();
}

_Noreturn void kiln_assert_failed(const char *expression, const char *file, int line,
                                  const char *function)
{
    kiln_panic("%s:%d: %s: %s", file, line, function, expression);
}

_Noreturn void host_halt(void)
{
    abort();
}

unsigned kiln_cpu_count(void)
{
    return 1;
}

unsigned kiln_cpu_id(void)
{
    return 0;
}

int kiln_cpu_call(unsigned cpu, void (*function)(void *argument), void *argument)
{
    (void)cpu;
    function(argument);
    return 0;
}

/* RAM as CPUs see it, at its physical address; as devices see it; and what a clean line holds. A
 * page that may not be cached any more may have left lines behind. */
static char *ram, *dram, *clean, *left;
static uint8_t has_left[LINES]; /* 1: a clean line, 2: a dirty one */
static uint8_t kind[RAM_PAGES]; /* enum arch_mapping, as the TLB has it */
static uint8_t *window;         /* addresses of its own, where pages of RAM are mapped */
static uintptr_t window_pages[WINDOW];
static size_t recent[RECENT];        /* lines that somebody has touched */
static unsigned machine_maintenance; /* operations on lines */
static int ram_file;
static char *arena;
static struct kiln_dma_device devices[DEVICES];

static bool is_same(const char *a, const char *b, size_t line)
{
    return memcmp(a + line * LINE, b + line * LINE, LINE) == 0;
}

static void copy(char *to, const char *from, size_t line)
{
    memcpy(to + line * LINE, from + line * LINE, LINE);
}

static void touch(size_t line)
{
    recent[test_below(RECENT)] = line;
}

static bool is_cached(size_t line)
{
    return kind[line * LINE / PAGE] <= ARCH_MAP_DATA;
}

/* A line that is not cached: who has written to it? */
static void settle(size_t line)
{
    if (!is_same(ram, clean, line))
        copy(dram, ram, line);
    copy(ram, dram, line);
    copy(clean, dram, line);
}

static void write_back(size_t line)
{
    if (is_cached(line)) {
        if (!is_same(ram, clean, line))
            copy(dram, ram, line);
        copy(clean, ram, line);
    } else if (has_left[line] == 2) {
        copy(dram, left, line);
        copy(ram, dram, line);
        copy(clean, dram, line);
        has_left[line] = 0;
    }
}

static void drop(size_t line)
{
    has_left[line] = 0;
    if (!is_cached(line))
        return;
    copy(ram, dram, line);
    copy(clean, dram, line);
}

/* What caches do by themselves to some line. */
static void wander(void)
{
    size_t line = recent[test_below(RECENT)];

    if (is_cached(line) && is_same(ram, clean, line))
        drop(line);
    else if (is_cached(line) || has_left[line] == 2)
        write_back(line);
    else if (has_left[line]) /* found by a read that should go to the DRAM */
        copy(ram, left, line), copy(clean, left, line);
}

static uintptr_t physical_of(const void *address)
{
    struct arch_mapping_info info = arch_mmu_query(&arch_boot_space, (uintptr_t)address);

    TEST_HOLDS(info.kind < ARCH_MAP_DEVICE, "maintenance of %p", address);
    return info.physical;
}

static void maintain(const void *start, size_t bytes, bool cleans, bool invalidates)
{
    uintptr_t at = (uintptr_t)start & -LINE, end = (uintptr_t)start + bytes;

    for (; at < end; at += LINE) {
        size_t line = (physical_of((void *)at) - (uintptr_t)ram) / LINE;
        wander();
        if (cleans)
            write_back(line);
        if (invalidates)
            drop(line);
        touch(line);
        machine_maintenance++;
    }
}

void arch_cache_clean(const void *start, size_t bytes)
{
    maintain(start, bytes, true, false);
}

void arch_cache_invalidate(void *start, size_t bytes)
{
    maintain(start, bytes, false, true);
}

void arch_cache_clean_invalidate(void *start, size_t bytes)
{
    maintain(start, bytes, true, true);
}

/* What isa/mmu.h wants. */

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

/* A page is cached from now on, or is not: then lines may stay behind. */
static void change_line(size_t line, uint8_t from, uint8_t to)
{
    bool was_cached = from <= ARCH_MAP_DATA, is_to_be = to <= ARCH_MAP_DATA;

    if (from == ARCH_MAP_UNCACHED)
        settle(line);
    if (was_cached == is_to_be)
        return;
    if (is_to_be)
        TEST_HOLDS(!has_left[line], "line %zu of another time is found", line);
    bool is_dirty = !is_same(ram, clean, line);
    has_left[line] = !was_cached ? 0 : is_dirty ? 2 : (uint8_t)test_below(2);
    if (has_left[line])
        copy(left, ram, line);
    copy(ram, dram, line);
    copy(clean, dram, line);
    if (has_left[line])
        touch(line);
}

void arch_tlb_flush(uintptr_t va, size_t bytes)
{
    for (uintptr_t at = va; at < va + bytes; at += PAGE) {
        size_t page = (at - (uintptr_t)ram) / PAGE;
        if (page >= RAM_PAGES)
            continue;
        uint8_t to = (uint8_t)arch_mmu_query(&arch_boot_space, at).kind;
        uint8_t from = kind[page];
        for (size_t line = page * PAGE / LINE; line < (page + 1) * PAGE / LINE; line++)
            change_line(line, from, to);
        kind[page] = to;
        wander();
    }
}

void arch_tlb_flush_here(uintptr_t va, size_t bytes)
{
    arch_tlb_flush(va, bytes);
}

/* A device reads and writes DRAM; one that sees caches does so through them. */
static inline void device_access(const struct kiln_dma_device *device, uint64_t bus, char *bytes,
                                 size_t count, bool writes)
{
    size_t at = (size_t)(bus - device->offset - (uintptr_t)ram);

    TEST_HOLDS(at < RAM_BYTES && count <= RAM_BYTES - at, "0x%zx is no RAM", at);
    if (at >= RAM_BYTES || count > RAM_BYTES - at)
        return;
    for (size_t line = at / LINE; line <= (at + count - 1) / LINE; line++) {
        if (!is_cached(line))
            settle(line);
        else if (device->is_coherent)
            write_back(line);
        touch(line);
    }
    if (!writes) {
        memcpy(bytes, dram + at, count);
        return;
    }
    memcpy(dram + at, bytes, count);
    for (size_t line = at / LINE; line <= (at + count - 1) / LINE; line++)
        if (device->is_coherent || !is_cached(line))
            copy(ram, dram, line), copy(clean, dram, line);
}

static uintptr_t machine_table(void)
{
    static _Alignas(4096) char tables[64][4096];
    static unsigned used;

    return used < 64 ? (uintptr_t)tables[used++] : 0;
}

static char *new_memory(void)
{
    void *mapped =
        mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (mapped == MAP_FAILED)
        exit(1);
    return mapped;
}

/* RAM is a file, so that it can be mapped once more at the window. */
static void make_memory(void)
{
    ram_file = memfd_create("ram", 0);
    void *room = mmap(NULL, RAM_BYTES + TOP_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ram_file < 0 || ftruncate(ram_file, RAM_BYTES) || room == MAP_FAILED)
        exit(1);
    ram = mmap((void *)(((uintptr_t)room + TOP_BYTES - 1) & -TOP_BYTES), RAM_BYTES,
               PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, ram_file, 0);
    window = mmap(NULL, WINDOW * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ram == MAP_FAILED || window == MAP_FAILED)
        exit(1);
    dram = new_memory();
    clean = new_memory();
    left = new_memory();
    if (arch_space_init(&arch_boot_space, 48, machine_table) ||
        arch_mmu_map(&arch_boot_space, (uintptr_t)ram, (uintptr_t)ram, RAM_BYTES, ARCH_MAP_DATA))
        exit(1);
}

/* Puts a page of RAM into the window. */
static void machine_map_window(size_t page, uintptr_t physical)
{
    uint8_t *at = window + page * PAGE;

    window_pages[page] = physical;
    if (mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, ram_file,
             (off_t)(physical - (uintptr_t)ram)) != at ||
        arch_mmu_map_page(&arch_boot_space, (uintptr_t)at, physical, ARCH_MAP_DATA))
        exit(1);
}

/* A machine with so many pages, as it is before the first use. */
static void machine_begin(size_t pages)
{
    if (!ram)
        make_memory();
    arch_mmu_unmap(&arch_boot_space, (uintptr_t)window, WINDOW * PAGE);
    arch_mmu_protect(&arch_boot_space, (uintptr_t)ram, RAM_BYTES, ARCH_MAP_DATA);
    memset(&page_memory, 0, sizeof(page_memory));
    memset(page_regions, 0, sizeof(page_regions));
    memset(page_hot_of, 0, sizeof(page_hot_of));
    memset(has_left, 0, sizeof(has_left));
    memset(kind, ARCH_MAP_DATA, sizeof(kind));
    memset(ram, 0xA5, RAM_BYTES);
    memcpy(dram, ram, RAM_BYTES);
    memcpy(clean, ram, RAM_BYTES);
    mm_early_begin(0);
    mm_early_add_range((uintptr_t)ram, pages * PAGE);
    page_free(page_alloc(0, 0), 0);
    arch_boot_space.source = machine_table; /* not RAM, which the next machine clears */
}

/* With FAULT_INJECTION: some of the next allocations fail, or none; or none any more. */
static inline void machine_let_fail(void)
{
    static const uint64_t counts[] = {0, 0, 1, 1, 2, KILN_FAIL_ALL};

    if (KILN_CONFIG_FAULT_INJECTION)
        kiln_fail_allocations(1 + test_below(4), counts[test_below(6)]);
}

static inline void machine_let_succeed(void)
{
    if (KILN_CONFIG_FAULT_INJECTION)
        kiln_fail_allocations(0, 0);
}

static size_t machine_free_pages(void)
{
    return page_memory.zones[0].free_pages + page_hot_of[0].count;
}

static void machine_devices(void)
{
    uint64_t limit = (uintptr_t)arena + 17 * PAGE;

    devices[0] = (struct kiln_dma_device){.is_coherent = true};
    devices[1] = (struct kiln_dma_device){.offset = 0xC0000000};
    devices[2] = (struct kiln_dma_device){.limit = limit, .offset = -(uint64_t)0x10000};
    devices[3] = (struct kiln_dma_device){.limit = limit, .is_coherent = true};
    devices[4] = (struct kiln_dma_device){.boundary = 4 * PAGE};
    devices[5] = (struct kiln_dma_device){.boundary = 2048, .limit = limit, .offset = 1 << 20};
    devices[6] = (struct kiln_dma_device){.boundary = 2 * PAGE, .limit = limit};
}

/* Pages for a test's buffers: with free ones below them, and each fourth part of the window with
 * pages side by side. */
static void machine_arena(void)
{
    uintptr_t block = page_alloc(8, 0), end = block + 256 * PAGE;
    page_split(block, 8);
    for (size_t page = 0; page < BELOW; page++)
        page_free(block + page * PAGE, 0);
    arena = (char *)block + BELOW * PAGE;
    for (size_t page = 0; page < WINDOW; page++)
        window_pages[page] = end - (page + 1) * PAGE;
    for (size_t page = 0; page < WINDOW; page++) { /* mostly apart, some side by side */
        size_t other = page / 4 * 4 + test_below(page % 3 ? 1 : 4);
        uintptr_t physical = window_pages[page];
        if (other < page) {
            window_pages[page] = window_pages[other];
            window_pages[other] = physical;
        }
    }
    for (size_t page = 0; page < WINDOW; page++)
        machine_map_window(page, window_pages[page]);
    machine_devices();
}

#endif
