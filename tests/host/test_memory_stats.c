/*
 * Numbers to look at, against a model: after each of many random operations on pages, caches, the
 * heap and ranges the sums hold, and every number that the model knows is exact.
 */
#include <kiln/heap.h>
#include <kiln/memory.h>
#include <kiln/system.h>
#include "vm_machine.h"

#define SLOTS 60
#define STEPS 3000

/* One thing that is allocated. pages: of a range, those that are mapped. */
struct thing {
    enum { NOTHING, PAGES, BLOCK, OBJECT, HEAP, RANGE } kind;
    void *at;
    size_t bytes, pages;
};

static struct thing things[SLOTS];

uint64_t kiln_random(void)
{
    return test_random();
}

size_t kiln_ram_bytes(void)
{
    return RAM_PAGES * PAGE;
}

static KILN_CACHE(objects, char[300], NULL);

/* What the model adds up to. */
struct sums {
    size_t pages, objects, blocks, large_pages, ranges, reserved, mapped;
};

static void add(struct sums *sums, const struct thing *thing)
{
    size_t pages = thing->bytes / PAGE;

    switch (thing->kind) {
    case PAGES:
    case BLOCK:
        sums->pages += pages;
        break;
    case OBJECT:
        sums->objects++;
        break;
    case HEAP:
        sums->blocks++;
        sums->large_pages += thing->bytes > 8192 ? (thing->bytes + PAGE - 1) / PAGE : 0;
        sums->objects += thing->bytes <= 8192;
        break;
    case RANGE:
        sums->ranges++;
        sums->reserved += thing->bytes;
        sums->mapped += thing->pages;
        break;
    default:
        break;
    }
}

static void check_zone(const struct kiln_mem_zone *zone)
{
    size_t used = zone->exact_pages, free = zone->unopened_pages;
    unsigned before = 0;

    for (unsigned order = 0; order < KILN_MEM_ORDERS; order++) {
        used += zone->orders[order].used_blocks << order;
        free += zone->orders[order].free_blocks << order;
        TEST_HOLDS(zone->orders[order].fragmentation >= before &&
                       zone->orders[order].fragmentation <= 1000,
                   "fragmentation %u of order %u", zone->orders[order].fragmentation, order);
        before = zone->orders[order].fragmentation;
    }
    TEST_HOLDS(zone->orders[0].fragmentation == 0, "%u", zone->orders[0].fragmentation);
    TEST_HOLDS(free == zone->free_pages, "%zu are free, not %zu", free, zone->free_pages);
    TEST_HOLDS(free + used + zone->hot_pages == zone->total_pages, "%zu free, %zu used", free,
               used);
}

static void check(void)
{
    struct kiln_memory now;
    struct sums sums = {0};

    for (unsigned i = 0; i < SLOTS; i++)
        add(&sums, &things[i]);
    kiln_mem_stats(&now);
    check_zone(&now.zone[0]);
    check_zone(&now.zone[1]);
    TEST_HOLDS(now.free_pages + now.used_pages == now.total_pages, "%zu", now.total_pages);
    TEST_HOLDS(now.boot_bytes + (now.total_pages + now.zone[0].descriptor_pages) * PAGE ==
                   now.ram_bytes,
               "%zu for boot", now.boot_bytes);
    TEST_HOLDS(now.slab_pages + now.large_pages + now.range_pages + now.other_pages ==
                   now.used_pages,
               "%zu used", now.used_pages);
    TEST_HOLDS(now.large_pages == sums.large_pages, "%zu, not %zu", now.large_pages,
               sums.large_pages);
    TEST_HOLDS(now.heap_blocks == sums.blocks, "%zu, not %zu", now.heap_blocks, sums.blocks);
    TEST_HOLDS(now.cache_objects == sums.objects, "%zu, not %zu", now.cache_objects, sums.objects);
    TEST_HOLDS(now.ranges == sums.ranges, "%u, not %zu", now.ranges, sums.ranges);
    TEST_HOLDS(now.reserved_bytes == sums.reserved, "%zu", now.reserved_bytes);
    TEST_HOLDS(now.range_pages == sums.mapped, "%zu, not %zu", now.range_pages, sums.mapped);
    TEST_HOLDS(now.other_pages >= sums.pages && now.other_pages <= sums.pages + 40,
               "%zu other pages, %zu allocated", now.other_pages, sums.pages);
}

static void make_range(struct thing *thing)
{
    size_t pages = 1 + test_below(20);

    thing->bytes = 32 * PAGE;
    thing->pages = pages;
    if (kiln_vm_reserve(thing->bytes, 0, &thing->at) == 0 &&
        kiln_vm_map(thing->at, thing->bytes, KILN_VM_WRITE, 0) == 0 &&
        kiln_vm_unmap(thing->at, thing->bytes) == 0 &&
        kiln_vm_map(thing->at, pages * PAGE, KILN_VM_WRITE, KILN_VM_POPULATE) == 0 &&
        kiln_vm_map((char *)thing->at + pages * PAGE, thing->bytes - pages * PAGE, KILN_VM_WRITE,
                    0) == 0 &&
        (test_below(2) || kiln_vm_protect(thing->at, thing->bytes, KILN_VM_NO_ACCESS) == 0))
        return;
    TEST_HOLDS(false, "a range of %zu pages", pages);
}

static void make(struct thing *thing)
{
    unsigned order = (unsigned)test_below(5);

    thing->kind = PAGES + (unsigned)test_below(5);
    switch (thing->kind) {
    case PAGES:
        thing->bytes = (1 + test_below(20)) * PAGE;
        thing->at = kiln_page_alloc_exact(thing->bytes / PAGE, 0);
        break;
    case BLOCK:
        thing->bytes = PAGE << order;
        thing->at = kiln_page_alloc(order, 0);
        break;
    case OBJECT:
        thing->at = kiln_cache_allocate(&objects);
        break;
    case HEAP:
        thing->bytes = test_below(2) ? test_below(4000) : 9000 + test_below(100000);
        thing->at = kiln_heap_allocate(thing->bytes);
        break;
    default:
        make_range(thing);
    }
    TEST_HOLDS(thing->at, "kind %u", thing->kind);
}

static void destroy(struct thing *thing)
{
    size_t pages = thing->bytes / PAGE;

    if (thing->kind == PAGES)
        kiln_page_free_exact(thing->at, pages);
    else if (thing->kind == BLOCK)
        kiln_page_free(thing->at, (unsigned)__builtin_ctzl(pages));
    else if (thing->kind == OBJECT)
        kiln_cache_free(&objects, thing->at);
    else if (thing->kind == HEAP)
        kiln_heap_free(thing->at);
    else if (thing->kind == RANGE)
        TEST_HOLDS(kiln_vm_release(thing->at, thing->bytes) == 0, "%p", thing->at);
    *thing = (struct thing){NOTHING, NULL, 0, 0};
}

static void run(void)
{
    for (unsigned step = 0; step < STEPS; step++) {
        struct thing *thing = &things[test_below(SLOTS)];

        if (thing->kind == NOTHING)
            make(thing);
        else
            destroy(thing);
        check();
        if (step % 100 == 99)
            page_reclaim(SIZE_MAX);
    }
    for (unsigned i = 0; i < SLOTS; i++)
        destroy(&things[i]);
    page_reclaim(SIZE_MAX);
    check();
}

int main(int argc, char **argv)
{
    static const unsigned top_leaves[] = FORMAT_TOP_LEAVES;
    struct kiln_memory first, last;

    test_begin(argc, argv, 1);
    format_set_top_leaf(top_leaves[0]);
    format_set_physical_bits(48);
    machine_begin(39, 12000);
    run();
    kiln_mem_stats(&first);
    run();
    test_property("sums hold, and numbers are the model's, after each operation");
    kiln_mem_stats(&last);
    TAP_EQUAL(last.free_pages, first.free_pages);
    TAP_EQUAL(last.slab_pages, 0);
    TAP_EQUAL(last.heap_bytes, 0);
    TAP_EQUAL(last.zones_used, 1);
    return tap_done();
}
