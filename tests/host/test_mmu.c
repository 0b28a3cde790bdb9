/*
 * The page-table mapper against a model that knows each page of a window by itself. The tables are
 * read by a walker of the test's own, and each write to them is watched. Built for each ISA, with
 * its table_format.h.
 */
#include <errno.h>
#include "table_watch.h"

#define PAGE     ((uintptr_t)4096)
#define MIB2     ((uintptr_t)1 << 21)
#define GIB      ((uintptr_t)1 << 30)
#define PAGES    (3 * GIB / PAGE) /* of the window */
#define KINDS    5
#define UNMAPPED UINT64_MAX

static struct arch_space space;
static uintptr_t window; /* first address of the model's window */

/* For each page what it maps to: physical address | kind; or UNMAPPED. */
static uint64_t model[PAGES];

/* What a walk finds: the descriptor and the span of its entry. */
struct found {
    uint64_t descriptor;
    uint64_t bytes;
    unsigned shift;
};

static struct found walk(uintptr_t va)
{
    const uint64_t *table = space.root;

    for (unsigned shift = space.va_bits - 9;; shift -= 9) {
        uint64_t descriptor = table[(va >> shift) & 511];

        if (!format_is_table(descriptor, shift))
            return (struct found){descriptor, (uint64_t)1 << shift, shift};
        table = (const uint64_t *)(uintptr_t)(descriptor & FORMAT_ADDRESS);
    }
}

/* The attributes that a descriptor of this kind has to have. */
static bool is_kind(uint64_t descriptor, enum arch_mapping kind)
{
    return format_is_kind(descriptor, kind) && !format_is_users(descriptor) &&
           format_may_write(descriptor) == (kind > ARCH_MAP_READ_ONLY) &&
           format_may_execute(descriptor) == (kind == ARCH_MAP_CODE);
}

static void check_page(size_t page)
{
    uintptr_t va = window + page * PAGE;
    struct found found = walk(va);
    struct arch_mapping_info info = arch_mmu_query(&space, va + 123);
    uint64_t want = model[page];
    uintptr_t physical =
        (found.descriptor & FORMAT_ADDRESS & -found.bytes) + (va & (found.bytes - 1));

    if (want == UNMAPPED) {
        TEST_HOLDS(!format_is_valid(found.descriptor) && info.kind == ARCH_MAP_NONE,
                   "%zx is mapped", va);
        return;
    }
    TEST_HOLDS(format_is_leaf(found.descriptor, found.shift), "%zx is not mapped", va);
    TEST_HOLDS(physical == (want & ~(PAGE - 1)), "%zx maps to %zx", va, physical);
    TEST_HOLDS(is_kind(found.descriptor, want & (PAGE - 1)), "%zx has descriptor %llx", va,
               (unsigned long long)found.descriptor);
    TEST_HOLDS((found.descriptor & FORMAT_ADDRESS & (found.bytes - 1)) == 0,
               "%zx: the block is not aligned", va);
    TEST_HOLDS(info.kind == (want & (PAGE - 1)) && info.physical == physical + 123 &&
                   info.block_bytes == found.bytes,
               "%zx is queried as kind %d at %zx", va, info.kind, info.physical);
}

static void check_all(void)
{
    for (size_t page = 0; page < PAGES; page++)
        check_page(page);
}

/* An empty space, and what the model says of it. */
static void begin(unsigned va_bits, uintptr_t first, unsigned table_pages)
{
    window = first;
    for (size_t i = 0; i < PAGES; i++)
        model[i] = UNMAPPED;
    space = (struct arch_space){0};
    TEST_HOLDS(watch_begin(&space, va_bits, table_pages) == 0, "no space");
}

/* A change of the window: pages [first, first + count). */
struct change {
    enum { MAP, UNMAP, PROTECT, PROTECT_MAPPED } action;
    size_t first;
    size_t count;
    uintptr_t physical;
    enum arch_mapping kind;
};

/* What the model says of one page after the change, or false if it is an obstacle. */
static bool model_page(const struct change *change, size_t page, uint64_t *value)
{
    uint64_t old = model[page];

    switch (change->action) {
    case MAP:
        *value = (change->physical + (page - change->first) * PAGE) | change->kind;
        return old == UNMAPPED || old == *value;
    case UNMAP:
        *value = UNMAPPED;
        return true;
    default:
        *value = old == UNMAPPED ? UNMAPPED : (old & ~(PAGE - 1)) | change->kind;
        return old != UNMAPPED || change->action == PROTECT_MAPPED;
    }
}

/* The number of pages that the change can be made to, and its result. */
static size_t model_reach(const struct change *change, int *result)
{
    size_t page = change->first;
    uint64_t value;

    while (page < change->first + change->count && model_page(change, page, &value))
        page++;
    *result = page == change->first + change->count ? 0 : change->action == MAP ? -EEXIST : -EFAULT;
    return page - change->first;
}

static void model_apply(const struct change *change, size_t pages)
{
    for (size_t page = change->first; page < change->first + pages; page++)
        model_page(change, page, &model[page]);
}

static int apply(const struct change *change)
{
    uintptr_t va = window + change->first * PAGE;
    size_t bytes = change->count * PAGE;

    switch (change->action) {
    case MAP:
        return arch_mmu_map(&space, va, change->physical, bytes, change->kind);
    case UNMAP:
        return change->count == 1 && test_below(2) ? arch_mmu_unmap_page(&space, va)
                                                   : arch_mmu_unmap(&space, va, bytes);
    case PROTECT:
        return arch_mmu_protect(&space, va, bytes, change->kind);
    default:
        return arch_mmu_protect_mapped(&space, va, bytes, change->kind);
    }
}

/* How far a change came that ran out of pages for tables: pages there already as it wants them. */
static size_t progress(const struct change *change, size_t reach)
{
    size_t page = change->first;
    uint64_t want;

    for (; page < change->first + reach; page++) {
        struct arch_mapping_info info = arch_mmu_query(&space, window + page * PAGE);
        uint64_t is = info.kind == ARCH_MAP_NONE ? UNMAPPED : info.physical | info.kind;

        model_page(change, page, &want);
        if (is != want)
            break;
    }
    return page - change->first;
}

static void check_near(const struct change *change)
{
    size_t end = change->first + change->count;

    for (size_t page = change->first > 4 ? change->first - 4 : 0; page < end + 4 && page < PAGES;
         page++)
        if (page < change->first + 600 || page + 600 > end)
            check_page(page);
    for (int i = 0; i < 500; i++)
        check_page(test_below(PAGES));
}

/* How often each result came, so that a test that only ever maps shows. */
static unsigned done, refused, out_of_pages;

static void run(const struct change *change)
{
    int want, got;
    size_t reach = model_reach(change, &want);

    got = apply(change);
    done += got == 0;
    refused += got == -EEXIST || got == -EFAULT;
    out_of_pages += got == -ENOMEM;
    if (got == -ENOMEM && watch_used == watch_limit)
        reach = progress(change, reach);
    else
        TEST_HOLDS(got == want, "action %d at page %zx gives %d instead of %d", change->action,
                   change->first, got, want);
    model_apply(change, reach);
    watch_check_settled("change");
    check_near(change);
}

/* A length that often ends on a block's border. */
static size_t random_count(size_t first)
{
    static const size_t units[] = {1, 1, 512, 512 * 16, 512 * 512};
    size_t unit = units[test_below(5)];
    size_t count = unit * (1 + test_below(8));

    if (test_below(3) == 0)
        count = (first + count) / unit * unit - first; /* up to the border */
    if (count == 0 || count > PAGES - first)
        count = 1 + test_below(PAGES - first);
    return count;
}

static struct change random_change(void)
{
    static const uintptr_t offsets[] = {0, 5 * GIB, 7 * MIB2, 3 * PAGE};
    size_t units[] = {1, 512, 512 * 512};
    size_t unit = units[test_below(3)];
    struct change change = {.action = test_below(7) / 2};

    change.first = test_below(PAGES / unit) * unit;
    change.count = random_count(change.first);
    change.kind = (enum arch_mapping)test_below(KINDS);
    /* Mostly the same place and kind, so that mappings meet what is mapped the same way. */
    if (test_below(2))
        change.kind = ARCH_MAP_DATA;
    change.physical = 64 * GIB + change.first * PAGE + offsets[test_below(2) ? 0 : test_below(4)];
    return change;
}

static void run_random(unsigned va_bits, uintptr_t first, unsigned table_pages, const char *what)
{
    begin(va_bits, first, table_pages);
    for (int i = 0; i < 1500; i++) {
        struct change change = random_change();

        run(&change);
        if (i % 250 == 249)
            check_all();
        if (i % 300 == 299 || watch_used == watch_limit)
            begin(va_bits, first, table_pages);
    }
    test_property(what);
}

static uint64_t largest = GIB; /* block */

/* The size of block that fits best at an address, of a range that ends at `end`. */
static uint64_t best_block(uintptr_t va, uintptr_t physical, uintptr_t end)
{
    static const uint64_t sizes[] = {GIB, MIB2, PAGE};

    for (int i = 0;; i++)
        if (sizes[i] <= largest && (va | physical) % sizes[i] == 0 && sizes[i] <= end - va)
            return sizes[i];
}

static void check_blocks(uintptr_t va, uintptr_t physical, size_t bytes)
{
    uintptr_t end = va + bytes;

    begin(39, 0, WATCH_PAGES);
    TEST_HOLDS(arch_mmu_map(&space, va, physical, bytes, ARCH_MAP_DATA) == 0, "map");
    while (va < end) {
        uint64_t want = best_block(va, physical, end);

        TEST_HOLDS(walk(va).bytes == want, "%zx by %llx instead of %llx", va,
                   (unsigned long long)walk(va).bytes, (unsigned long long)want);
        va += want;
        physical += want;
    }
}

static void test_largest_blocks(void)
{
    for (int i = 0; i < 40; i++) {
        uintptr_t alignments[] = {PAGE, MIB2, GIB};
        uintptr_t va = test_below(100 * GIB) & -alignments[test_below(3)];
        uintptr_t physical = test_below(100 * GIB) & -alignments[test_below(3)];

        if (test_below(2))
            physical = va + GIB;
        check_blocks(va, physical, (test_below(3 * GIB) & -alignments[test_below(2)]) + PAGE);
    }
    test_property("a fresh range is mapped by the largest blocks that fit");
    TAP_EQUAL(watch_used > 1, true);
    check_blocks(GIB - PAGE, GIB - PAGE, 2 * GIB + 2 * PAGE);
    /* Root; two tables for each end; one for each GiB between that takes smaller blocks. */
    TAP_EQUAL(watch_used, FORMAT_UPPER_TABLES + (largest == GIB ? 5 : 7));
}

static void test_arguments(unsigned va_bits)
{
    uintptr_t limit = format_limit(va_bits);

    begin(va_bits, 0, 10);
    TAP_EQUAL(arch_mmu_map(&space, 1, 0, PAGE, ARCH_MAP_DATA), -EINVAL);
    TAP_EQUAL(arch_mmu_map(&space, 0, 8, PAGE, ARCH_MAP_DATA), -EINVAL);
    TAP_EQUAL(arch_mmu_map(&space, 0, 0, PAGE + 1, ARCH_MAP_DATA), -EINVAL);
    TAP_EQUAL(arch_mmu_map(&space, limit, 0, PAGE, ARCH_MAP_DATA), -EINVAL);
    TAP_EQUAL(arch_mmu_map(&space, limit - PAGE, 0, 2 * PAGE, ARCH_MAP_DATA), -EINVAL);
    TAP_EQUAL(arch_mmu_map(&space, PAGE, 0, -2 * PAGE, ARCH_MAP_DATA), -EINVAL);
    TAP_EQUAL(arch_mmu_map(&space, 0, FORMAT_PHYSICAL, PAGE, ARCH_MAP_DATA), -EINVAL);
    TAP_EQUAL(arch_mmu_map(&space, 0, 0, FORMAT_PHYSICAL + GIB, ARCH_MAP_DATA), -EINVAL);
    TAP_EQUAL(arch_mmu_map(&space, 0, FORMAT_PHYSICAL - GIB, 2 * GIB, ARCH_MAP_DATA), -EINVAL);
    TAP_EQUAL(arch_mmu_map(&space, 0, FORMAT_PHYSICAL - limit + GIB, limit, ARCH_MAP_DATA),
              -EINVAL);
    TAP_EQUAL(arch_mmu_map(&space, 0, 0, PAGE, ARCH_MAP_NONE), -EINVAL);
    TAP_EQUAL(arch_mmu_protect(&space, 0, PAGE, ARCH_MAP_NONE), -EINVAL);
    TAP_EQUAL(arch_mmu_protect(&space, limit - PAGE, 2 * PAGE, ARCH_MAP_DATA), -EINVAL);
    TAP_EQUAL(arch_mmu_unmap(&space, 0, 5), -EINVAL);
    TAP_EQUAL(arch_mmu_unmap(&space, limit, PAGE), -EINVAL);
    TAP_EQUAL(arch_mmu_map(&space, 0, 0, 0, ARCH_MAP_DATA), 0);
    TAP_EQUAL(watch_used, 1);
    TAP_EQUAL(arch_mmu_map(&space, limit - PAGE, PAGE, PAGE, ARCH_MAP_CODE), 0);
    TAP_EQUAL(arch_mmu_query(&space, limit - 1).physical, 2 * PAGE - 1);
    TAP_EQUAL(arch_mmu_query(&space, limit).kind, ARCH_MAP_NONE);
    TAP_EQUAL(arch_mmu_query(&space, UINTPTR_MAX).kind, ARCH_MAP_NONE);
}

/* Without a page there is an error, and what was mapped stays as it was. */
static void test_out_of_pages(void)
{
    TAP_EQUAL(watch_begin(&space, 39, 0), -ENOMEM);
    begin(39, 0, FORMAT_UPPER_TABLES + 3);
    TAP_EQUAL(arch_mmu_map(&space, 0, 0, 2 * GIB, ARCH_MAP_DATA), 0);
    TAP_EQUAL(watch_used, FORMAT_UPPER_TABLES + 1);
    TAP_EQUAL(arch_mmu_unmap(&space, PAGE, PAGE), 0);
    TAP_EQUAL(watch_used, FORMAT_UPPER_TABLES + 3);
    TAP_EQUAL(arch_mmu_unmap(&space, GIB, PAGE), -ENOMEM);
    TAP_EQUAL(arch_mmu_unmap_page(&space, GIB), -ENOMEM);
    TAP_EQUAL(arch_mmu_protect(&space, GIB + PAGE, PAGE, ARCH_MAP_CODE), -ENOMEM);
    TAP_EQUAL(arch_mmu_map(&space, 4 * GIB, 0, PAGE, ARCH_MAP_CODE), -ENOMEM);
    TAP_EQUAL(arch_mmu_query(&space, GIB).block_bytes, GIB);
    TAP_EQUAL(arch_mmu_query(&space, 2 * PAGE).kind, ARCH_MAP_DATA);
    TAP_EQUAL(arch_mmu_query(&space, PAGE).kind, ARCH_MAP_NONE);
    watch_check_settled("out of pages");
    test_property("nothing is left half done");
}

/* Nothing that may be written can be executed, and nothing is open to a user mode. */
static void test_write_xor_execute(void)
{
    begin(39, 0, 10);
    for (unsigned kind = 0; kind < KINDS; kind++) {
        uint64_t descriptor;

        TAP_EQUAL(arch_mmu_map(&space, kind * PAGE, 0, PAGE, (enum arch_mapping)kind), 0);
        descriptor = walk(kind * PAGE).descriptor;
        TAP_CHECK(!format_may_write(descriptor) || !format_may_execute(descriptor));
        TAP_CHECK(!format_is_users(descriptor));
        TAP_CHECK(is_kind(descriptor, (enum arch_mapping)kind));
    }
}

/* On an empty range the same as arch_mmu_map; otherwise a build with checks panics. */
static void test_fresh(void)
{
    begin(39, 0, 20);
    TAP_EQUAL(arch_mmu_map_fresh(&space, MIB2 - PAGE, MIB2 - PAGE, GIB, ARCH_MAP_CODE), 0);
    for (size_t page = 511; page < 511 + GIB / PAGE; page++)
        model[page] = page * PAGE | ARCH_MAP_CODE;
    check_all();
    watch_check_settled("fresh");
    test_property("arch_mmu_map_fresh maps the range and nothing else");
    TAP_EQUAL(arch_mmu_map_fresh(&space, 0, 0, MIB2, ARCH_MAP_DATA), -EEXIST);
}

/* Tables that a space has given back. */
static uintptr_t released[8];
static unsigned released_count;

static void sink(uintptr_t table)
{
    if (released_count < 8)
        released[released_count] = table;
    released_count++;
}

/* A range between others: only tables that serve nothing else are given back. */
static void test_release(unsigned va_bits, unsigned levels)
{
    uintptr_t va = 5 * GIB + MIB2;
    begin(va_bits, 0, 20);
    TAP_EQUAL(arch_mmu_map_page(&space, va - PAGE, 0, ARCH_MAP_DATA), 0);
    TAP_EQUAL(arch_mmu_map_page(&space, va, PAGE, ARCH_MAP_DATA), 0);
    TAP_EQUAL(arch_mmu_map_page(&space, va + PAGE, PAGE, ARCH_MAP_CODE), 0);
    TAP_EQUAL(arch_mmu_map_page(&space, va, 2 * PAGE, ARCH_MAP_DATA), -EEXIST);
    unsigned used = watch_used;
    TAP_EQUAL(arch_mmu_unmap(&space, va, PAGE), 0);
    released_count = 0;
    arch_mmu_release_tables(&space, va, PAGE, va, va + PAGE, sink);
    TAP_EQUAL(released_count, 0);
    TAP_EQUAL(arch_mmu_unmap(&space, va + PAGE, PAGE), 0);
    arch_mmu_release_tables(&space, va + PAGE, PAGE, va, 8 * GIB, sink);
    TAP_EQUAL(released_count, 1);
    TAP_EQUAL(released[0], (uintptr_t)watch_memory[used - 1]);
    TAP_EQUAL(arch_mmu_query(&space, va).block_bytes, MIB2);
    TAP_EQUAL(arch_mmu_unmap(&space, va - PAGE, PAGE), 0);
    arch_mmu_release_tables(&space, va - PAGE, PAGE, 0, arch_mmu_limit(&space), sink);
    TAP_EQUAL(released_count, levels);
    arch_mmu_flush(0, arch_mmu_limit(&space));
    watch_check_settled("release");
}

static void test_exchange(void)
{
    begin(39, 0, 20);
    TAP_EQUAL(arch_mmu_exchange(&space, PAGE, 0, ARCH_MAP_DATA), 0);
    TAP_EQUAL(arch_mmu_map(&space, PAGE, 5 * PAGE, PAGE, ARCH_MAP_DATA), 0);
    watch_exchanges = true;
    TAP_EQUAL(arch_mmu_exchange(&space, PAGE, 7 * PAGE, ARCH_MAP_READ_ONLY), 5 * PAGE);
    watch_exchanges = false;
    TAP_EQUAL(arch_mmu_query(&space, PAGE).physical, 7 * PAGE);
    TAP_EQUAL(arch_mmu_query(&space, PAGE).kind, ARCH_MAP_READ_ONLY);
    TAP_EQUAL(arch_mmu_exchange(&space, PAGE, 0, ARCH_MAP_NONE), 7 * PAGE);
    TAP_EQUAL(arch_mmu_query(&space, PAGE).kind, ARCH_MAP_NONE);
    TAP_EQUAL(arch_mmu_map(&space, MIB2, MIB2, MIB2, ARCH_MAP_DATA), 0);
    TAP_EQUAL(arch_mmu_exchange(&space, MIB2, 0, ARCH_MAP_NONE), 0);
    TAP_EQUAL(arch_mmu_query(&space, MIB2).block_bytes, MIB2);
    watch_check_settled("exchange");
    test_property("a page is exchanged by the rules");
}

/* Whoever promises to flush later is trusted, and tables from zeroed pages are not cleared. */
static void test_promises(void)
{
    begin(39, 0, 20);
    space.flushes_later = true;
    TAP_EQUAL(arch_mmu_map(&space, 0, 0, 4 * PAGE, ARCH_MAP_DATA), 0);
    TAP_EQUAL(arch_mmu_unmap_page(&space, 0), 0);
    TAP_EQUAL(watch_dirty_count, 1);
    TAP_EQUAL(arch_mmu_protect_mapped(&space, PAGE, PAGE, ARCH_MAP_CODE), 0);
    arch_mmu_exchange(&space, 2 * PAGE, 0, ARCH_MAP_NONE);
    arch_mmu_flush_here(0, 2 * PAGE);
    TAP_EQUAL(watch_dirty_count, 1);
    arch_mmu_flush(2 * PAGE, PAGE);
    watch_check_settled("later");
    space.is_zeroed = true;
    TAP_EQUAL(arch_mmu_map_page(&space, GIB, 0, ARCH_MAP_DATA), -EEXIST); /* it is not */
}

static void test_top_leaf(unsigned shift)
{
    format_set_top_leaf(shift);
    largest = (uint64_t)1 << shift;
    printf("# blocks of at most %llu bytes\n", (unsigned long long)largest);
    test_largest_blocks();
    test_fresh();
    run_random(39, 0, WATCH_PAGES, "random changes, 39 bits, from address 0");
    run_random(39, ((uintptr_t)1 << 39) - 3 * GIB, 40, "39 bits, up to the end, few pages");
    run_random(48, ((uintptr_t)1 << 39) - GIB, WATCH_PAGES, "48 bits, across a top entry");
    run_random(48, format_limit(48) - 3 * GIB, 20, "48 bits, up to the end, few pages");
}

int main(int argc, char **argv)
{
    static const unsigned top_leaves[] = FORMAT_TOP_LEAVES;

    test_begin(argc, argv, 1);
    test_arguments(39);
    test_arguments(48);
    test_write_xor_execute();
    test_out_of_pages();
    test_release(39, FORMAT_UPPER_TABLES + 3);
    test_release(48, 4);
    test_exchange();
    test_promises();
    for (size_t i = 0; i < sizeof(top_leaves) / sizeof(top_leaves[0]); i++)
        test_top_leaf(top_leaves[i]);
    printf("# %u done, %u refused, %u out of pages\n", done, refused, out_of_pages);
    TAP_CHECK(done > 500 && refused > 500 && out_of_pages > 10);
    return tap_done();
}
