/*
 * Memory maps, made at random, against a model that has a flag for each page: what is not RAM wins,
 * no page is handed out twice, and none that is RAM in a map that fits is lost.
 */
#include "test.h"
#include "pc_boot.h"

#define PAGES   256
#define ENTRIES 40
#define STRIDE  48
#define MAPS    10000

struct entry {
    uint64_t start, end; /* bytes */
    bool is_ram;
};

static struct entry entries[ENTRIES];
static unsigned entry_count;

static void hand_over(const struct pc_memory_format *format, uint32_t ram, uint32_t other)
{
    char *map = calloc(entry_count, STRIDE);
    struct pc_memory_map from = {format, map, entry_count, STRIDE};

    for (unsigned i = 0; i < entry_count; i++) {
        uint64_t size = (entries[i].end - entries[i].start) >> format->size_shift;
        uint32_t type = entries[i].is_ram ? ram : other;
        char *at = map + (size_t)i * STRIDE;

        memcpy(at + format->base, &entries[i].start, 8);
        memcpy(at + format->size, &size, 8);
        memcpy(at + format->type, &type, 4);
    }
    memset(&boot_memory, 0, sizeof(boot_memory));
    pc_memory_apply(&from);
    free(map);
}

/* Whether all of a page is in an entry of RAM, or some of it in another. */
static bool is_in(unsigned page, bool ram)
{
    uint64_t start = (uint64_t)page * FAKE_PAGE, end = start + FAKE_PAGE;

    for (unsigned i = 0; i < entry_count; i++) {
        const struct entry *entry = &entries[i];

        if (entry->is_ram == ram && (ram ? entry->start <= start && end <= entry->end
                                         : entry->start < end && start < entry->end))
            return true;
    }
    return false;
}

/* How many pages are RAM that is handed out; -1: one that is not RAM is, too. */
static int check_pages(void)
{
    int found = 0;

    for (unsigned page = 0; page < PAGES; page++)
        if (pc_memory_has((uint64_t)page * FAKE_PAGE, FAKE_PAGE)) {
            if (is_in(page, false))
                return -1;
            found++;
        }
    return found;
}

static int ram_pages(void)
{
    int pages = 0;

    for (unsigned page = 0; page < PAGES; page++)
        pages += is_in(page, true) && !is_in(page, false);
    return pages;
}

/* Bytes where the BIOS tells them, pages where UEFI does. */
static void make_entry(struct entry *entry, bool has_bytes)
{
    uint64_t unit = has_bytes && test_below(4) == 0 ? 1 : FAKE_PAGE;
    uint64_t limit = PAGES * (uint64_t)FAKE_PAGE / unit;
    uint64_t a = test_below(limit + 1) * unit, b = test_below(limit + 1) * unit;

    *entry = (struct entry){a < b ? a : b, a < b ? b : a, test_below(3) != 0};
}

/* Anything: overlapping, unaligned, more than core has room for. */
static void test_any(const struct pc_memory_format *format, uint32_t ram, uint32_t other)
{
    for (unsigned n = 0; n < MAPS; n++) {
        entry_count = (unsigned)test_below(ENTRIES + 1);
        for (unsigned i = 0; i < entry_count; i++)
            make_entry(&entries[i], format->size_shift == 0);
        hand_over(format, ram, other);
        TEST_HOLDS(pc_memory_is_sane(), "map %u", n);
        TEST_HOLDS(check_pages() >= 0 && check_pages() <= PAGES, "map %u", n);
    }
    test_property("whatever the map, only RAM is handed out, and once");
}

/* As firmware makes them: whole pages, in order or not, RAM in pieces side by side. */
static void make_tidy(unsigned cuts)
{
    unsigned at = 0;

    entry_count = 0;
    while (at < PAGES && entry_count < cuts) {
        unsigned end = at + 1 + (unsigned)test_below(2 * PAGES / cuts);

        end = end < PAGES ? end : PAGES;
        entries[entry_count++] =
            (struct entry){(uint64_t)at * FAKE_PAGE, (uint64_t)end * FAKE_PAGE, test_below(3) != 0};
        at = end;
    }
}

static void shuffle(void)
{
    for (unsigned i = entry_count; i > 1; i--) {
        unsigned j = (unsigned)test_below(i);
        struct entry entry = entries[i - 1];

        entries[i - 1] = entries[j];
        entries[j] = entry;
    }
}

static void test_tidy(const struct pc_memory_format *format, uint32_t ram, uint32_t other)
{
    for (unsigned n = 0; n < MAPS; n++) {
        bool is_shuffled = test_below(2);

        make_tidy(1 + (unsigned)test_below(is_shuffled ? BOOT_RANGES : ENTRIES));
        if (is_shuffled)
            shuffle();
        hand_over(format, ram, other);
        TEST_HOLDS(pc_memory_is_sane() && check_pages() == ram_pages(), "map %u: %d of %d", n,
                   check_pages(), ram_pages());
    }
    test_property("a map that fits loses no page");
}

/* One RAM entry, as it is. */
static void hand_one(uint64_t base, uint64_t size, uint32_t type)
{
    char entry[24] = {0};
    struct pc_memory_map map = {&pc_memory_bios, entry, 1, sizeof(entry)};

    memcpy(entry, &base, 8);
    memcpy(entry + 8, &size, 8);
    memcpy(entry + 16, &type, 4);
    memset(&boot_memory, 0, sizeof(boot_memory));
    pc_memory_apply(&map);
}

static void test_edges(void)
{
    hand_one(MAPPABLE_END - 0x2000, UINT64_MAX, 1);
    TAP_CHECK(boot_memory.count == 1 && boot_memory.ranges[0].end == MAPPABLE_END);
    hand_one(MAPPABLE_END, 0x1000, 1);
    TAP_EQUAL(boot_memory.count, 0);
    hand_one(UINT64_MAX - 0x7FF, 0x10000, 1);
    TAP_EQUAL(boot_memory.count, 0);
    hand_one(0, UINT64_MAX, 1);
    TAP_CHECK(boot_memory.count == 1 && boot_memory.ranges[0].end == MAPPABLE_END);
    hand_one(0x1800, 0x1000, 1);
    TAP_EQUAL(boot_memory.count, 0);
    hand_one(0x100000, 0x100000, 0);
    TAP_EQUAL(boot_memory.count, 0);
    hand_one(0x100000, 0x100000, 33);
    TAP_EQUAL(boot_memory.count, 0);
    hand_one(0x100000, 0, 1);
    TAP_EQUAL(boot_memory.count, 0);
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_edges();
    test_any(&pc_memory_bios, 1, 2);
    test_any(&pc_memory_efi, 4, 6);
    test_tidy(&pc_memory_bios, 1, 3);
    test_tidy(&pc_memory_efi, 7, 9);
    return tap_done();
}
