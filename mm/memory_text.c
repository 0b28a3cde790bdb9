/* Numbers to look at, as text. */
#include <kiln/memory.h>

#include <lib/format.h>
#include <mm/page.h>

#define LINE       120
#define KIB        1024
#define PAGES(n)   ((n) * (ARCH_PAGE_BYTES / KIB))
#define NAME_BYTES 24

/* Where lines go. */
struct text {
    kiln_line_writer_t write;
    void *context;
};

static void print_kib(const struct text *text, const char *name, size_t kib, const char *what)
{
    char line[LINE];

    format_to(line, sizeof(line), "%-12s %10zu KiB  %s\n", name, kib, what);
    text->write(text->context, line);
}

static void print_sums(const struct text *text, const struct kiln_memory *stats)
{
    size_t descriptors = stats->zone[0].descriptor_pages + stats->zone[1].descriptor_pages;

    print_kib(text, "ram:", stats->ram_bytes / KIB, "boot + descriptors + total");
    print_kib(text, "boot:", stats->boot_bytes / KIB, "the image, and what boot took");
    print_kib(text, "descriptors:", PAGES(descriptors), "of pages");
    print_kib(text, "total:", PAGES(stats->total_pages), "free + used");
    print_kib(text, "free:", PAGES(stats->free_pages), "nobody's");
    print_kib(text, "used:", PAGES(stats->used_pages), "slabs + large + ranges + other");
    print_kib(text, "slabs:", PAGES(stats->slab_pages), "of caches, the heap's too");
    print_kib(text, "large:", PAGES(stats->large_pages), "blocks of the heap");
    print_kib(text, "ranges:", PAGES(stats->range_pages), "of virtual memory");
    print_kib(text, "other:", PAGES(stats->other_pages), "pages, tables");
    print_kib(text, "reserved:", stats->reserved_bytes / KIB, "addresses");
    print_kib(text, "mapped:", stats->mapped_bytes / KIB, "addresses");
}

static void print_heap(const struct text *text, const struct kiln_memory *stats)
{
    char line[LINE];

    format_to(line, sizeof(line), "heap:        %10zu bytes in %zu blocks", stats->heap_bytes,
              stats->heap_blocks);
    text->write(text->context, line);
    if (stats->heap_peak_bytes)
        format_to(line, sizeof(line), ", %zu at most\n", stats->heap_peak_bytes);
    else
        format_to(line, sizeof(line), "\n");
    text->write(text->context, line);
    format_to(line, sizeof(line), "caches:      %10u with %zu objects\n", stats->caches,
              stats->cache_objects);
    text->write(text->context, line);
}

/* One number of each order. */
static void print_row(const struct text *text, const char *name, const struct kiln_mem_zone *zone,
                      size_t (*number)(const struct kiln_mem_zone *zone, unsigned order))
{
    char line[LINE];
    size_t at = format_to(line, sizeof(line), "  %-14s", name);

    for (unsigned order = 0; order < KILN_MEM_ORDERS; order++)
        at += format_to(line + at, sizeof(line) - at, "%7zu", number(zone, order));
    format_to(line + at, sizeof(line) - at, "\n");
    text->write(text->context, line);
}

static size_t order_itself(const struct kiln_mem_zone *zone, unsigned order)
{
    (void)zone;
    return order;
}

static size_t free_of(const struct kiln_mem_zone *zone, unsigned order)
{
    return zone->orders[order].free_blocks;
}

static size_t used_of(const struct kiln_mem_zone *zone, unsigned order)
{
    return zone->orders[order].used_blocks;
}

static size_t fragmentation_of(const struct kiln_mem_zone *zone, unsigned order)
{
    return zone->orders[order].fragmentation;
}

static void print_zone(const struct text *text, unsigned number, const struct kiln_mem_zone *zone)
{
    char line[LINE];

    format_to(line, sizeof(line),
              "zone %u: %zu pages, %zu free, %zu of them unopened, %zu hot, %zu exact\n", number,
              zone->total_pages, zone->free_pages, zone->unopened_pages, zone->hot_pages,
              zone->exact_pages);
    text->write(text->context, line);
    format_to(line, sizeof(line), "  watermarks: min %zu, low %zu, high %zu\n", zone->min_pages,
              zone->low_pages, zone->high_pages);
    text->write(text->context, line);
    print_row(text, "order", zone, order_itself);
    print_row(text, "free", zone, free_of);
    print_row(text, "used", zone, used_of);
    print_row(text, "fragmentation", zone, fragmentation_of);
}

void kiln_meminfo(kiln_line_writer_t write, void *context)
{
    struct text text = {write, context};
    struct kiln_memory stats;

    kiln_mem_stats(&stats);
    print_sums(&text, &stats);
    print_heap(&text, &stats);
    for (unsigned i = 0; i < stats.zones_used; i++)
        print_zone(&text, i, &stats.zone[i]);
}

static bool is_heaps(const char *name)
{
    return name[0] == 'h' && name[1] == 'e' && name[2] == 'a' && name[3] == 'p' && !name[4];
}

/* The heap's caches have one name, and are told apart by the size of their blocks. */
static void print_cache(const struct text *text, struct kiln_cache *cache)
{
    struct kiln_cache_stats stats;
    char name[NAME_BYTES], line[LINE];

    kiln_cache_get_stats(cache, &stats);
    if (is_heaps(cache->name))
        format_to(name, sizeof(name), "heap-%u", (unsigned)stats.stride_bytes);
    else
        format_to(name, sizeof(name), "%s", cache->name);
    format_to(line, sizeof(line), "%-23s %7zu %8zu %8zu %8zu %7zu %6zu %6zu %9zu\n", name,
              stats.object_bytes, stats.objects, stats.at_hand, stats.slabs * stats.slab_objects,
              stats.slab_objects, stats.slab_bytes / ARCH_PAGE_BYTES, stats.slabs,
              stats.slabs * stats.slab_bytes - stats.objects * stats.object_bytes);
    text->write(text->context, line);
}

void kiln_slabinfo(kiln_line_writer_t write, void *context)
{
    struct text text = {write, context};

    write(context, "cache                     bytes  objects  at hand     room    /slab  pages  "
                   "slabs    unused\n");
    for (struct kiln_cache *cache = NULL; (cache = kiln_cache_next(cache)) != NULL;)
        print_cache(&text, cache);
}
