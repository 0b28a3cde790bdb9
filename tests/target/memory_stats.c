/* Numbers to look at: each changes by exactly what was allocated, and the texts say the same. */
#include <kiln.h>
#include <stdlib.h>
#include <string.h>
#include "free_pages.h"
#include "tap.h"

#define PAGE       KILN_VM_PAGE
#define TEXT_BYTES 8192

static char text[TEXT_BYTES];

static void append(void *context, const char *line)
{
    char *into = context;

    strncat(into, line, TEXT_BYTES - 1 - strlen(into));
}

static bool has_line(const char *line)
{
    const char *found = strstr(text, line);

    return found && (found == text || found[-1] == '\n') && found[strlen(line)] == '\n';
}

/* As they are when nobody keeps anything at hand. */
static struct kiln_memory now(void)
{
    struct kiln_memory stats;

    count_free_pages();
    kiln_mem_stats(&stats);
    return stats;
}

static size_t sum(const struct kiln_memory *stats, size_t (*of)(const struct kiln_mem_zone *))
{
    return of(&stats->zone[0]) + of(&stats->zone[1]);
}

static size_t exact_of(const struct kiln_mem_zone *zone)
{
    return zone->exact_pages;
}

static size_t order_3_of(const struct kiln_mem_zone *zone)
{
    return zone->orders[3].used_blocks;
}

static bool adds_up(const struct kiln_mem_zone *zone)
{
    size_t used = zone->exact_pages, free = zone->unopened_pages;

    for (unsigned order = 0; order < KILN_MEM_ORDERS; order++) {
        used += zone->orders[order].used_blocks << order;
        free += zone->orders[order].free_blocks << order;
    }
    return free == zone->free_pages && used + free + zone->hot_pages == zone->total_pages;
}

static void test_sums(void)
{
    struct kiln_memory stats = now();
    size_t managed =
        stats.total_pages + stats.zone[0].descriptor_pages + stats.zone[1].descriptor_pages;

    TAP_EQUAL(stats.ram_bytes, kiln_ram_bytes());
    TAP_EQUAL(stats.boot_bytes + managed * PAGE, stats.ram_bytes);
    TAP_EQUAL(stats.free_pages + stats.used_pages, stats.total_pages);
    TAP_EQUAL(stats.slab_pages + stats.large_pages + stats.range_pages + stats.other_pages,
              stats.used_pages);
    TAP_EQUAL(stats.zone[0].total_pages + stats.zone[1].total_pages, stats.total_pages);
    TAP_CHECK(adds_up(&stats.zone[0]) && adds_up(&stats.zone[1]));
    TAP_CHECK(stats.zones_used >= 1 && stats.zone[0].min_pages < stats.zone[0].low_pages &&
              stats.zone[0].low_pages < stats.zone[0].high_pages);
}

static void test_pages(void)
{
    struct kiln_memory before = now(), with, after;
    void *pages = kiln_page_alloc_exact(7, 0), *block = kiln_page_alloc(3, 0);

    TAP_NEED(pages && block);
    with = now();
    TAP_EQUAL(with.used_pages - before.used_pages, 15);
    TAP_EQUAL(with.other_pages - before.other_pages, 15);
    TAP_EQUAL(before.free_pages - with.free_pages, 15);
    TAP_EQUAL(sum(&with, exact_of) - sum(&before, exact_of), 7);
    TAP_EQUAL(sum(&with, order_3_of) - sum(&before, order_3_of), 1);
    kiln_page_free_exact(pages, 7);
    kiln_page_free(block, 3);
    after = now();
    TAP_EQUAL(after.free_pages, before.free_pages);
    TAP_EQUAL(after.other_pages, before.other_pages);
}

/* Nothing but what is left over for good is between them: a CPU's magazines. */
static void test_heap(void)
{
    void *volatile first = malloc(100); /* or the compiler leaves it out */
    free(first);
    struct kiln_memory before = now(), with, after;
    void *small = malloc(100), *large = malloc(100000);

    TAP_NEED(small && large);
    kiln_mem_stats(&with);
    TAP_EQUAL(with.heap_blocks - before.heap_blocks, 2);
    TAP_EQUAL(with.heap_bytes - before.heap_bytes, 112 + 25 * PAGE);
    TAP_EQUAL(with.large_pages - before.large_pages, 25);
    TAP_EQUAL(with.slab_pages - before.slab_pages, 1);
    TAP_EQUAL(with.cache_objects - before.cache_objects, 1);
    TAP_EQUAL(with.other_pages, before.other_pages);
    TAP_EQUAL(with.heap_peak_bytes, 0);
    free(small);
    free(large);
    after = now();
    TAP_EQUAL(after.heap_blocks, before.heap_blocks);
    TAP_EQUAL(after.heap_bytes, before.heap_bytes);
    TAP_EQUAL(after.slab_pages, before.slab_pages);
    TAP_EQUAL(after.free_pages, before.free_pages);
}

static KILN_CACHE(things, char[200], NULL);

static size_t count_caches(void)
{
    size_t count = 0;

    for (struct kiln_cache *cache = NULL; (cache = kiln_cache_next(cache)) != NULL;)
        count++;
    return count;
}

/* 19 objects of 208 bytes are a slab, which they leave by eight, the last three together: so four
 * more than 42 are out, with this CPU. */
static void test_cache(void)
{
    struct kiln_memory before = now(), with;
    size_t caches = count_caches();
    void *held[42];

    TAP_EQUAL(before.caches, caches);
    for (unsigned i = 0; i < 42; i++)
        TAP_NEED((held[i] = kiln_cache_allocate(&things)) != NULL);
    kiln_mem_stats(&with);
    TAP_EQUAL(with.caches, caches + 1);
    TAP_CHECK(kiln_cache_next(NULL) == &things);
    TAP_EQUAL(with.cache_objects - before.cache_objects, 42);
    TAP_EQUAL(with.slab_pages - before.slab_pages, 3);
    text[0] = 0;
    kiln_slabinfo(append, text);
    TAP_CHECK(has_line("cache                     bytes  objects  at hand     room    /slab  pages"
                       "  slabs    unused"));
    tap_check(has_line("things                      200       42        4       57      19      1"
                       "      3      3888"),
              "the line of a cache");
    TAP_CHECK(strstr(text, "\nheap-112 ") != NULL);
    for (unsigned i = 0; i < 42; i++)
        kiln_cache_free(&things, held[i]);
    kiln_cache_trim(&things);
    text[0] = 0;
    kiln_slabinfo(append, text);
    tap_check(has_line("things                      200        0        0        0      19      1"
                       "      0         0"),
              "the line of an empty cache");
}

static void test_ranges(void)
{
    struct kiln_memory before = now(), with, after;
    void *start;

    TAP_NEED(kiln_vm_reserve(16 * PAGE, 0, &start) == 0);
    TAP_NEED(kiln_vm_map(start, 8 * PAGE, KILN_VM_WRITE, KILN_VM_ON_DEMAND) == 0);
    for (unsigned i = 0; i < 3; i++)
        ((char *)start)[2 * i * PAGE] = 1;
    kiln_mem_stats(&with);
    TAP_EQUAL(with.ranges - before.ranges, 2);
    TAP_EQUAL(with.reserved_bytes - before.reserved_bytes, 16 * PAGE);
    TAP_EQUAL(with.mapped_bytes - before.mapped_bytes, 8 * PAGE);
    TAP_EQUAL(with.range_pages - before.range_pages, 3);
    TAP_EQUAL(kiln_vm_protect(start, 8 * PAGE, KILN_VM_NO_ACCESS), 0);
    kiln_mem_stats(&with);
    TAP_EQUAL(with.range_pages - before.range_pages, 3);
    TAP_EQUAL(kiln_vm_release(start, 16 * PAGE), 0);
    after = now();
    TAP_EQUAL(after.ranges, before.ranges);
    TAP_EQUAL(after.range_pages, before.range_pages);
    TAP_EQUAL(after.free_pages, before.free_pages);
}

static void check_kib(const char *name, size_t kib, const char *what)
{
    char line[100];

    snprintf(line, sizeof(line), "%-12s %10zu KiB  %s", name, kib, what);
    tap_check(has_line(line), name);
}

static void test_text(void)
{
    struct kiln_memory stats = now();
    char line[120];

    text[0] = 0;
    kiln_meminfo(append, text);
    check_kib("ram:", stats.ram_bytes / 1024, "boot + descriptors + total");
    check_kib("boot:", stats.boot_bytes / 1024, "the image, and what boot took");
    check_kib("descriptors:", 4 * (stats.zone[0].descriptor_pages + stats.zone[1].descriptor_pages),
              "of pages");
    check_kib("total:", 4 * stats.total_pages, "free + used");
    check_kib("free:", 4 * stats.free_pages, "nobody's");
    check_kib("used:", 4 * stats.used_pages, "slabs + large + ranges + other");
    check_kib("slabs:", 4 * stats.slab_pages, "of caches, the heap's too");
    check_kib("large:", 4 * stats.large_pages, "blocks of the heap");
    check_kib("ranges:", 4 * stats.range_pages, "of virtual memory");
    check_kib("other:", 4 * stats.other_pages, "pages, tables");
    check_kib("reserved:", stats.reserved_bytes / 1024, "addresses");
    check_kib("mapped:", stats.mapped_bytes / 1024, "addresses");
    snprintf(line, sizeof(line), "heap:        %10zu bytes in %zu blocks", stats.heap_bytes,
             stats.heap_blocks);
    tap_check(has_line(line), "heap:");
    const struct kiln_mem_zone *zone = &stats.zone[0];
    snprintf(line, sizeof(line),
             "zone 0: %zu pages, %zu free, %zu of them unopened, %zu hot, %zu exact",
             zone->total_pages, zone->free_pages, zone->unopened_pages, zone->hot_pages,
             zone->exact_pages);
    tap_check(has_line(line), "zone 0:");
    TAP_CHECK(has_line("  order               0      1      2      3      4      5      6      7"
                       "      8      9     10"));
    size_t at = (size_t)snprintf(line, sizeof(line), "  %-14s", "free");
    for (unsigned order = 0; order < KILN_MEM_ORDERS; order++)
        at +=
            (size_t)snprintf(line + at, sizeof(line) - at, "%7zu", zone->orders[order].free_blocks);
    tap_check(has_line(line), "free blocks of each order");
}

int main(void)
{
    test_sums();
    test_pages();
    test_heap();
    test_cache();
    test_ranges();
    test_text();
    test_sums();
    printf("%s", text);
    return tap_done();
}
