/*
 * Memory for devices on one machine and on several CPUs: how coherent buffers are mapped, what is
 * copied, and that all pages come back. The device is the CPU itself, which looks at physical
 * addresses. An argument chooses a misuse that has to end in a panic instead.
 */
#include <errno.h>
#include <kiln.h>
#include <string.h>
#include "page_entries.h"
#include "raise_interrupt.h"
#include "run_on_cpu.h"
#include "tap.h"

#define PAGE  ((size_t)4096)
#define BLOCK (512 * PAGE)
#define PAGES 16

static const struct kiln_dma_device snoops = KILN_DMA_COHERENT;
static const struct kiln_dma_device blind = {.offset = 0xC0000000};
static struct kiln_dma_mapping mapping, mappings[PAGES];

/* Blocks of the top order that there are. */
static unsigned count_top(void)
{
    void *last = NULL, *block;
    unsigned count = 0;

    for (; (block = kiln_page_alloc(KILN_PAGE_ORDER_TOP, KILN_PAGE_WAIT)); count++, last = block)
        *(void **)block = last;
    for (; last; last = block) {
        block = *(void **)last;
        kiln_page_free(last, KILN_PAGE_ORDER_TOP);
    }
    return count;
}

static bool is_all(const char *bytes, size_t count, char value)
{
    return bytes[0] == value && memcmp(bytes, bytes + 1, count - 1) == 0;
}

static enum memory_type type_of(const void *address)
{
    unsigned shift;
    uint64_t entry = entry_of(address, &shift);
    return entry ? memory_type(entry, shift) : ODD;
}

/* How many mappings of a physical page there are that may be cached. */
static unsigned cached_aliases(const uint64_t *table, unsigned shift, uintptr_t physical)
{
    unsigned count = 0;
    for (unsigned i = 0; i < 512; i++) {
        uint64_t entry = table[i];
        if (!is_valid(entry))
            continue;
        if (is_table(entry, shift))
            count += cached_aliases((const uint64_t *)table_address(entry), shift - 9, physical);
        else if ((table_address(entry) ^ physical) >> shift == 0)
            count += memory_type(entry, shift) == WRITE_BACK;
    }
    return count;
}

static unsigned aliases_of(const void *address)
{
    return cached_aliases(root_table(), top_shift(), (uintptr_t)address);
}

#ifdef __x86_64__
#define NOT_SEEN WRITE_BACK /* all devices see caches */
#else
#define NOT_SEEN UNCACHED
#endif

static void test_mapped_as(const struct kiln_dma_device *device, size_t bytes,
                           enum memory_type type)
{
    uint64_t bus = 0;
    char *buffer = kiln_dma_allocate(device, bytes, 0, &bus);
    bool is_type = true, is_sole = true;

    if (!tap_check(buffer != NULL, "a buffer"))
        return;
    for (size_t at = 0; at < bytes; at += PAGE) {
        is_type = is_type && type_of(buffer + at) == type;
        if (type == UNCACHED && (at < 4 * PAGE || at % BLOCK == 0))
            is_sole = is_sole && aliases_of(buffer + at) == 0;
    }
    printf("# %zu bytes at %p, bus 0x%llx\n", bytes, (void *)buffer, (unsigned long long)bus);
    tap_check(is_type, "its pages are mapped as they have to be");
    tap_check(is_sole, "and have no mapping that is cached");
    tap_check(bus == (uintptr_t)buffer + device->offset, "the bus address");
    TAP_CHECK(is_all(buffer, bytes, 0));
    memset(buffer, 0x5A, bytes);
    TAP_CHECK(is_all(buffer, bytes, 0x5A));
    kiln_dma_free(device, buffer, bytes);
    TAP_EQUAL(type_of(buffer), WRITE_BACK);
}

/* Several in a block, of which one is freed and used again. */
static void test_shared_block(void)
{
    char *buffers[8];
    uint64_t bus;
    bool is_apart = true;

    for (unsigned i = 0; i < 8; i++) {
        buffers[i] = kiln_dma_allocate(&blind, (i + 1) * PAGE - 7, 2 * PAGE, &bus);
        if (buffers[i])
            memset(buffers[i], (int)i + 1, (i + 1) * PAGE);
    }
    kiln_dma_free(&blind, buffers[5], 6 * PAGE - 7);
    buffers[5] = kiln_dma_allocate(&blind, 6 * PAGE - 7, 0, &bus);
    TAP_CHECK(buffers[5] && is_all(buffers[5], 6 * PAGE, 0));
    for (unsigned i = 0; i < 8; i++)
        is_apart = is_apart && buffers[i] &&
                   (i == 5 || (is_all(buffers[i], (i + 1) * PAGE, (char)(i + 1)) &&
                               (uintptr_t)buffers[i] % (2 * PAGE) == 0));
    TAP_CHECK(is_apart);
    for (unsigned i = 0; i < 8; i++)
        kiln_dma_free(&blind, buffers[i], (i + 1) * PAGE - 7);
}

static void test_coherent(void)
{
    uint64_t bus;
    struct kiln_dma_device narrow = {.boundary = 16 * PAGE, .is_coherent = true};

    test_mapped_as(&snoops, 3 * PAGE, WRITE_BACK);
    test_mapped_as(&blind, PAGE, NOT_SEEN);
    test_mapped_as(&blind, 3 * BLOCK + PAGE, NOT_SEEN);
    test_mapped_as(&blind, 5 * BLOCK, NOT_SEEN);
    test_shared_block();
    for (unsigned i = 0; i < 2; i++, narrow.is_coherent = false) {
        char *buffer = kiln_dma_allocate(&narrow, 11 * PAGE, 0, &bus);
        TAP_CHECK(buffer && bus / (16 * PAGE) == (bus + 11 * PAGE - 1) / (16 * PAGE));
        kiln_dma_free(&narrow, buffer, 11 * PAGE);
    }
    TAP_CHECK(kiln_dma_allocate(&narrow, 17 * PAGE, 0, &bus) == NULL);
    TAP_CHECK(kiln_dma_allocate(&snoops, 0, 0, &bus) == NULL);
    TAP_CHECK(kiln_dma_allocate(&blind, (size_t)1 << 44, 0, &bus) == NULL);
    char *board = kiln_dma_allocate(NULL, PAGE, 0, &bus);
    TAP_CHECK(board != NULL);
    kiln_dma_free(NULL, board, PAGE);
    kiln_dma_free(NULL, NULL, PAGE);
}

/* In place, or as a copy: the device's view, each way. */
static void exchange(const struct kiln_dma_device *device, char *buffer, size_t bytes, bool copies)
{
    memset(buffer, 1, bytes);
    TAP_NEED(kiln_dma_map(&mapping, device, buffer, bytes, KILN_DMA_BOTH) == 0);
    char *seen = (char *)(uintptr_t)(mapping.bus - device->offset);
    TAP_EQUAL(seen != buffer, copies);
    TAP_CHECK(is_all(seen, bytes, 1));
    memset(seen, 2, bytes);
    kiln_dma_sync_for_cpu(&mapping);
    TAP_CHECK(is_all(buffer, bytes, 2));
    memset(buffer, 3, bytes);
    kiln_dma_sync_for_device(&mapping);
    TAP_CHECK(is_all(seen, bytes, 3));
    seen[bytes - 1] = 4;
    kiln_dma_unmap(&mapping);
    TAP_CHECK(is_all(buffer, bytes - 1, 3) && buffer[bytes - 1] == 4);
}

static void test_places(void)
{
    static char aligned[4 * KILN_DMA_LINE] KILN_DMA_ALIGNED;
    char *block = kiln_page_alloc(10, KILN_PAGE_WAIT);
    struct kiln_dma_device near = {.limit = (uintptr_t)block, .is_coherent = true};

    TAP_NEED(block != NULL);
    exchange(&snoops, aligned + 1, 100, false);
    exchange(&snoops, block + 5, 5 * PAGE, false);
    exchange(&near, block + 5, 5 * PAGE, true);
    TAP_EQUAL(kiln_dma_map(&mapping, &near, block, PAGE, KILN_DMA_TO_DEVICE), 0);
    TAP_CHECK(mapping.bus + PAGE <= (uintptr_t)block);
    kiln_dma_unmap(&mapping);
    near = (struct kiln_dma_device){.boundary = 2 * PAGE, .is_coherent = true};
    exchange(&near, block, 2 * PAGE, false);
    exchange(&near, block + PAGE, 2 * PAGE, true);
#ifndef __x86_64__
    tap_check(kiln_dma_map(&mapping, &blind, aligned, 128, KILN_DMA_FROM_DEVICE) == 0 &&
                  mapping.bus == (uintptr_t)aligned + blind.offset,
              "whole lines are used in place");
    kiln_dma_unmap(&mapping);
    TAP_EQUAL(kiln_dma_map(&mapping, &blind, aligned + 8, 120, KILN_DMA_FROM_DEVICE), 0);
    tap_check(mapping.bus != (uintptr_t)aligned + 8 + blind.offset, "others are not");
    kiln_dma_unmap(&mapping);
    TAP_EQUAL(kiln_dma_map(&mapping, &blind, aligned + 8, 120, KILN_DMA_TO_DEVICE), 0);
    tap_check(mapping.bus == (uintptr_t)aligned + 8 + blind.offset, "if the device writes");
    kiln_dma_unmap(&mapping);
#endif
    kiln_page_free(block, 10);
}

/* Pages of a range that do not lie side by side. */
static void test_range(void)
{
    void *start;
    bool is_right = true;
    unsigned from = 0;

    TAP_NEED(kiln_vm_reserve(PAGES * PAGE, 0, &start) == 0);
    TAP_NEED(kiln_vm_map(start, PAGES * PAGE, KILN_VM_WRITE, 0) == 0);
    char *range = start;
    for (unsigned i = 0; i < PAGES; i++)
        range[i * 7 % PAGES * PAGE] = 1;
    exchange(&snoops, range, PAGES * PAGE, true);
    memset(range, 9, PAGES * PAGE);
    int count =
        kiln_dma_map_list(mappings, PAGES, &snoops, range + 100, PAGES * PAGE - 100, KILN_DMA_BOTH);
    TAP_CHECK(count > 1);
    for (int i = 0; i < count; i++) {
        char *seen = (char *)(uintptr_t)mappings[i].bus;
        is_right = is_right && !mappings[i].copy && is_all(seen, mappings[i].bytes, 9);
        memset(seen, 20 + i, mappings[i].bytes);
    }
    TAP_CHECK(is_right);
    for (int i = 0; i < count; i++) {
        size_t bytes = mappings[i].bytes;
        kiln_dma_unmap(&mappings[i]);
        is_right = is_right && is_all(range + 100 + from, bytes, (char)(20 + i));
        from += (unsigned)bytes;
    }
    TAP_CHECK(is_right && from == PAGES * PAGE - 100 && range[99] == 9);
    TAP_EQUAL(kiln_dma_map_list(mappings, 1, &snoops, range, PAGES * PAGE, KILN_DMA_BOTH), -ENOSPC);
    TAP_EQUAL(kiln_vm_protect(start, PAGES * PAGE, KILN_VM_READ), 0);
    TAP_EQUAL(kiln_dma_map(&mapping, &snoops, range, PAGE, KILN_DMA_TO_DEVICE), 0);
    TAP_CHECK(!mapping.copy);
    kiln_dma_unmap(&mapping);
    TAP_EQUAL(kiln_vm_release(start, PAGES * PAGE), 0);
}

static void test_errors(void)
{
    static char bytes[4];
    struct kiln_dma_device nowhere = {.limit = PAGE, .is_coherent = true};

    TAP_EQUAL(kiln_dma_map(&mapping, NULL, bytes, 0, KILN_DMA_BOTH), -EINVAL);
    TAP_EQUAL(kiln_dma_map(&mapping, NULL, bytes, SIZE_MAX, KILN_DMA_BOTH), -EINVAL);
    TAP_EQUAL(kiln_dma_map(&mapping, &nowhere, bytes, PAGE + 1, KILN_DMA_BOTH), -EINVAL);
    TAP_EQUAL(kiln_dma_map(&mapping, &nowhere, bytes, 4, KILN_DMA_TO_DEVICE), -ENOMEM);
    TAP_EQUAL(kiln_dma_map(&mapping, NULL, bytes, 4, (enum kiln_dma_direction)4), -EINVAL);
    TAP_EQUAL(kiln_dma_map_list(mappings, PAGES, NULL, bytes, 0, KILN_DMA_BOTH), -EINVAL);
#ifdef __x86_64__
    void *registers = (void *)(uintptr_t)0xFEE00000;
#else
    bool is_virt = strcmp(kiln_board_name(), "virt-aarch64") == 0;
    bool is_raspi4 = strcmp(kiln_board_name(), "raspi4") == 0;
    void *registers = (void *)(uintptr_t)(is_virt     ? 0x09000000
                                          : is_raspi4 ? 0xFE201000
                                                      : 0x3F201000);
#endif
    TAP_EQUAL(kiln_dma_map(&mapping, &snoops, registers, 4, KILN_DMA_TO_DEVICE), -EFAULT);
}

static void test_stats(uint64_t mapped)
{
    struct kiln_dma_stats stats;
    uint64_t bus;
    void *buffer = kiln_dma_allocate(&blind, 5, 0, &bus);

    kiln_dma_get_stats(&stats);
    TAP_EQUAL(stats.coherent_bytes, KILN_CONFIG_DMA_STATS ? PAGE : 0);
    TAP_CHECK(KILN_CONFIG_DMA_STATS
                  ? stats.mapped >= mapped && stats.copied > 0 && stats.copied < stats.mapped &&
                        stats.copied_bytes < stats.mapped_bytes
                  : stats.mapped == 0);
    kiln_dma_free(&blind, buffer, 5);
}

/* On each CPU: buffers of both kinds, with its number in them. */
static uint32_t mixed;

static void hammer(unsigned cpu)
{
    static struct kiln_dma_mapping own[8];
    uint64_t bus;

    for (unsigned i = 0; i < 15; i++) {
        size_t bytes = (1 + i % 5) * PAGE;
        char *first = kiln_dma_allocate(&blind, bytes, 0, &bus);
        char *second = kiln_dma_allocate(&blind, PAGE, 0, &bus);
        if (!first || !second)
            __atomic_store_n(&mixed, 2, __ATOMIC_RELAXED);
        else
            memset(first, (int)cpu + 1, bytes), memset(second, (int)cpu + 51, PAGE);
        if (first && second &&
            (kiln_dma_map(&own[cpu], &snoops, first + 1, PAGE - 2, KILN_DMA_BOTH) ||
             !is_all(first, bytes, (char)(cpu + 1)) || !is_all(second, PAGE, (char)(cpu + 51))))
            __atomic_store_n(&mixed, 1, __ATOMIC_RELAXED);
        kiln_dma_unmap(&own[cpu]);
        kiln_dma_free(&blind, first, bytes);
        kiln_dma_free(&blind, second, PAGE);
    }
}

static void nothing(unsigned cpu)
{
    (void)cpu;
}

/* Threads that have ended are kept, and so are their pages. */
static void start_threads(void)
{
    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++)
        run_on_cpu(cpu, nothing);
    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++)
        wait_for_cpu(cpu);
}

static void test_cpus(void)
{
    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++)
        run_on_cpu(cpu, hammer);
    hammer(0);
    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++)
        wait_for_cpu(cpu);
    TAP_EQUAL(mixed, 0);
}

static KILN_INTERRUPT_HANDLER void handler(void *unused)
{
    struct raised_interrupt interrupt = test_interrupt(0);
    uint64_t bus;
    (void)unused;
    silence_interrupt(&interrupt);
    kiln_dma_allocate(NULL, 1, 0, &bus);
}

static void misuse(const char *how)
{
    static char buffer[3 * KILN_DMA_LINE] KILN_DMA_ALIGNED;
    struct raised_interrupt interrupt = test_interrupt(0);
    uint64_t bus;

    kiln_dma_map(&mapping, &snoops, buffer, 100, KILN_DMA_FROM_DEVICE);
    if (strcmp(how, "twice") == 0)
        kiln_dma_map(&mapping, &snoops, buffer, 100, KILN_DMA_FROM_DEVICE);
    if (strcmp(how, "overlap") == 0)
        kiln_dma_map(&mappings[0], &snoops, buffer + 99, 10, KILN_DMA_TO_DEVICE);
    if (strcmp(how, "unmap") == 0)
        kiln_dma_unmap(&mappings[1]);
    if (strcmp(how, "size") == 0)
        kiln_dma_free(&blind, kiln_dma_allocate(&blind, 3 * PAGE, 0, &bus), 2 * PAGE);
    if (strcmp(how, "stray") == 0)
        kiln_dma_free(&blind, kiln_page_alloc(9, 0), BLOCK);
    kiln_irq_attach(interrupt.irq, handler, NULL);
    raise_interrupt(&interrupt);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        misuse(argv[1]);
        return 1;
    }
    start_threads();
    unsigned before = count_top();
    test_coherent();
    test_places();
    test_range();
    test_errors();
    test_stats(12);
    test_cpus();
    TAP_EQUAL(count_top(), before);
    return tap_done();
}
