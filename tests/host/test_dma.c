/*
 * Buffers for devices against a model that knows what each byte has to be, on a machine whose
 * caches do as they like: random mappings, of memory at its own and at other addresses, for devices
 * of several kinds; coherent buffers; accesses by the CPU to all that is its own, and by devices.
 */
#include <errno.h>
#include "dma_machine.h"

#define BYTES    ((ARENA + WINDOW) * PAGE)
#define MAPPINGS 12
#define BUFFERS  6

static char value[BYTES];    /* what the CPU has to find: arena, then window */
static uint8_t owner[BYTES]; /* 0: the CPU, else 1 + a mapping */
static bool taken[BYTES];    /* mapped, whoever has it */
static unsigned results[200], copies;

static struct {
    struct kiln_dma_mapping mapping;
    const struct kiln_dma_device *device;
    size_t first, count;
    enum kiln_dma_direction direction;
    bool is_devices;
    char value[3 * PAGE + 4096]; /* what the device has to find */
} mapped[MAPPINGS];

static struct {
    const struct kiln_dma_device *device;
    char *memory;
    size_t count;
    uint64_t bus;
    char value[4 * PAGE];
} buffers[BUFFERS];

static char *place_of(size_t byte)
{
    return byte < ARENA * PAGE ? arena + byte : (char *)window + byte - ARENA * PAGE;
}

static size_t line_of(size_t byte)
{
    uintptr_t at = (uintptr_t)arena + byte;

    if (byte >= ARENA * PAGE)
        at = window_pages[byte / PAGE - ARENA] + byte % PAGE;
    return (at - (uintptr_t)ram) / LINE;
}

static void make_values(void)
{
    machine_arena();
    for (size_t byte = 0; byte < BYTES; byte++)
        value[byte] = *place_of(byte);
}

static void check_page(size_t first)
{
    for (size_t at = first; at < first + PAGE; at++)
        if (owner[at] == 0 && *place_of(at) != value[at]) {
            TEST_HOLDS(false, "byte 0x%zx is 0x%x instead of 0x%x", at, *place_of(at) & 255,
                       value[at] & 255);
            value[at] = *place_of(at);
        }
}

/* Everything that is the CPU's. */
static void check_values(void)
{
    for (size_t at = 0; at < BYTES; at += PAGE)
        if (memcmp(place_of(at), value + at, PAGE) != 0)
            check_page(at);
}

static void wander_often(void)
{
    for (unsigned i = (unsigned)test_below(30); i > 0; i--)
        wander();
}

static void cpu_write(void)
{
    size_t at = test_below(BYTES), count = 1 + test_below(200);

    for (; count > 0 && at < BYTES; at++, count--)
        if (owner[at] == 0) {
            *place_of(at) = value[at] = (char)test_random();
            touch(line_of(at));
        }
}

/* Beside mappings, where lines may be shared. */
static void cpu_write_beside(void)
{
    unsigned i = (unsigned)test_below(MAPPINGS);

    for (size_t at = mapped[i].first - (mapped[i].first > 0);
         mapped[i].count && at < BYTES && at <= mapped[i].first + mapped[i].count; at++)
        if (owner[at] == 0) {
            *place_of(at) = value[at] = (char)test_random();
            touch(line_of(at));
        }
}

static bool is_free(size_t first, size_t count)
{
    for (size_t at = first; at < first + count; at++)
        if (taken[at])
            return false;
    return true;
}

static void own(unsigned i, bool is_devices)
{
    mapped[i].is_devices = is_devices;
    memset(owner + mapped[i].first, is_devices ? 1 + (int)i : 0, mapped[i].count);
    char *known = value + mapped[i].first;
    if (is_devices)
        memcpy(mapped[i].value, known, mapped[i].count);
    else
        memcpy(known, mapped[i].value, mapped[i].count);
}

static void check_place(unsigned i)
{
    const struct kiln_dma_device *device = mapped[i].device;
    uint64_t first = mapped[i].mapping.bus - device->offset, last = first + mapped[i].count - 1;

    TEST_HOLDS(!device->limit || last < device->limit, "0x%zx is out of reach", (size_t)last);
    TEST_HOLDS(!device->boundary || first / device->boundary == last / device->boundary,
               "0x%zx to 0x%zx crosses a boundary", (size_t)first, (size_t)last);
    copies += mapped[i].mapping.copy != NULL;
}

static void do_map(unsigned i)
{
    size_t first = test_below(BYTES), count = 1 + test_below(test_below(2) ? 300 : 3 * PAGE);

    if (test_below(2))
        first = first / LINE * LINE;
    if (test_below(2))
        count = (first + count + LINE - 1) / LINE * LINE - first;
    if (first < ARENA * PAGE && count > ARENA * PAGE - first)
        count = ARENA * PAGE - first;
    if (count > BYTES - first)
        count = BYTES - first;
    if (!is_free(first, count))
        return;
    mapped[i].device = &devices[test_below(DEVICES)];
    mapped[i].first = first;
    mapped[i].count = count;
    mapped[i].direction = (enum kiln_dma_direction)(1 + test_below(3));
    bool is_much = mapped[i].device->boundary && count > mapped[i].device->boundary;
    int error = kiln_dma_map(&mapped[i].mapping, mapped[i].device, place_of(first), count,
                             mapped[i].direction);
    results[-error]++;
    TEST_HOLDS(is_much ? error == -EINVAL : error == 0 || error == -ENOMEM, "map gives %d", error);
    if (error) {
        mapped[i].count = 0;
        return;
    }
    check_place(i);
    memset(taken + first, true, count);
    own(i, true);
}

static void do_unmap(unsigned i)
{
    kiln_dma_unmap(&mapped[i].mapping);
    if (mapped[i].is_devices)
        own(i, false);
    memset(taken + mapped[i].first, false, mapped[i].count);
    mapped[i].count = 0;
}

static void do_sync(unsigned i)
{
    bool to_device = test_below(2);

    if (to_device)
        kiln_dma_sync_for_device(&mapped[i].mapping);
    else
        kiln_dma_sync_for_cpu(&mapped[i].mapping);
    if (to_device != mapped[i].is_devices)
        own(i, to_device);
}

static void do_device(unsigned i)
{
    size_t at = test_below(mapped[i].count), count = 1 + test_below(mapped[i].count - at);
    char bytes[sizeof(mapped[i].value)];

    if (!mapped[i].is_devices)
        return;
    if ((mapped[i].direction & KILN_DMA_FROM_DEVICE) && test_below(2)) {
        for (size_t b = 0; b < count; b++)
            bytes[b] = mapped[i].value[at + b] = (char)test_random();
        device_access(mapped[i].device, mapped[i].mapping.bus + at, bytes, count, true);
        return;
    }
    device_access(mapped[i].device, mapped[i].mapping.bus + at, bytes, count, false);
    TEST_HOLDS(memcmp(bytes, mapped[i].value + at, count) == 0,
               "a device reads something else at 0x%zx, %zu bytes", mapped[i].first + at, count);
}

static void step_mapping(void)
{
    unsigned i = (unsigned)test_below(MAPPINGS);

    if (!mapped[i].count)
        do_map(i);
    else
        switch (test_below(6)) {
        case 0:
            do_unmap(i);
            break;
        case 1:
            do_sync(i);
            break;
        default:
            do_device(i);
        }
}

static void settle_buffer(unsigned i)
{
    size_t first = (size_t)(buffers[i].memory - ram) / LINE;

    for (size_t line = first; line <= first + buffers[i].count / LINE; line++)
        if (!is_cached(line))
            settle(line);
}

static void buffer_allocate(unsigned i)
{
    const struct kiln_dma_device *device = &devices[test_below(DEVICES)];
    size_t count = 1 + test_below(4 * PAGE), alignment = (size_t)1 << test_below(16);

    buffers[i].memory = kiln_dma_allocate(device, count, alignment, &buffers[i].bus);
    if (!buffers[i].memory)
        return;
    buffers[i].device = device;
    buffers[i].count = count;
    memset(buffers[i].value, 0, count);
    settle_buffer(i);
    uint64_t first = buffers[i].bus - device->offset;
    TEST_HOLDS(first == (uintptr_t)buffers[i].memory && first % alignment == 0, "a buffer at %p",
               (void *)buffers[i].memory);
    TEST_HOLDS((!device->limit || first + count <= device->limit) &&
                   (!device->boundary ||
                    first / device->boundary == (first + count - 1) / device->boundary),
               "a buffer at %p is out of reach", (void *)buffers[i].memory);
    for (size_t at = 0; at < count; at += PAGE)
        TEST_HOLDS(device->is_coherent !=
                       (arch_mmu_query(&arch_boot_space, first + at).kind == ARCH_MAP_UNCACHED),
                   "a buffer at %p may be cached or not", (void *)buffers[i].memory);
}

/* The CPU or the device writes some of it, and each sees all. */
static void buffer_use(unsigned i)
{
    size_t at = test_below(buffers[i].count), count = 1 + test_below(buffers[i].count - at);
    char bytes[4 * PAGE];

    for (size_t b = 0; b < count; b++)
        bytes[b] = (char)test_random();
    memcpy(buffers[i].value + at, bytes, count);
    settle_buffer(i);
    if (test_below(2))
        device_access(buffers[i].device, buffers[i].bus + at, bytes, count, true);
    else
        memcpy(buffers[i].memory + at, bytes, count);
    settle_buffer(i);
    wander_often();
    TEST_HOLDS(memcmp(buffers[i].memory, buffers[i].value, buffers[i].count) == 0,
               "the CPU finds something else in buffer %u", i);
    device_access(buffers[i].device, buffers[i].bus, bytes, buffers[i].count, false);
    TEST_HOLDS(memcmp(bytes, buffers[i].value, buffers[i].count) == 0,
               "a device finds something else in buffer %u", i);
}

static void buffer_free(unsigned i)
{
    if (buffers[i].memory)
        kiln_dma_free(buffers[i].device, buffers[i].memory, buffers[i].count);
    buffers[i].memory = NULL;
}

static void step_buffer(void)
{
    unsigned i = (unsigned)test_below(BUFFERS);

    if (!buffers[i].memory)
        buffer_allocate(i);
    else if (test_below(3))
        buffer_use(i);
    else
        buffer_free(i);
}

/* All memory, so that there is none for a copy; each page holds the address of the one before. */
static void *hoard;

static void hoard_release(void)
{
    while (hoard) {
        void *page = hoard;
        hoard = *(void **)page;
        kiln_page_free(page, 0);
    }
}

static void step_memory(void)
{
    void *page;

    if (hoard)
        hoard_release();
    else if (test_below(3) == 0)
        while ((page = kiln_page_alloc(0, PAGE_RESERVE))) {
            *(void **)page = hoard;
            hoard = page;
        }
}

static void end(void)
{
    for (unsigned i = 0; i < MAPPINGS; i++)
        if (mapped[i].count)
            do_unmap(i);
    for (unsigned i = 0; i < BUFFERS; i++)
        buffer_free(i);
    hoard_release();
}

static void run(size_t pages, unsigned steps, const char *what)
{
    machine_begin(pages);
    make_values();
    size_t before = machine_free_pages();
    for (unsigned i = 0; i < steps; i++) {
        wander_often();
        machine_let_fail();
        switch (test_below(12)) {
        case 0:
            cpu_write();
            break;
        case 1:
            cpu_write_beside();
            break;
        case 2:
            step_memory();
            break;
        case 3:
        case 4:
            step_buffer();
            break;
        default:
            step_mapping();
        }
        check_values();
    }
    machine_let_succeed();
    end();
    check_values();
    for (size_t page = 0; page < RAM_PAGES; page++)
        TEST_HOLDS(kind[page] == ARCH_MAP_DATA, "page %zu is not cached any more", page);
    TEST_HOLDS(machine_free_pages() == before, "%zu pages are free instead of %zu",
               machine_free_pages(), before);
    test_property(what);
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 4);
    run(RAM_PAGES, 5000, "with memory for all");
    run(700, 5000, "with little memory");
    run(RAM_PAGES, 5000, "once more");
    printf("# %u mapped, %u copied, %u without memory, %u beyond a boundary\n", results[0], copies,
           results[ENOMEM], results[EINVAL]);
    TAP_CHECK(results[0] > 500 && copies > 100 && results[ENOMEM] > 10 && results[EINVAL] > 10);
    return tap_done();
}
