/* Memory for devices, call by call: misuse, scatter lists, limits, and what it costs. The machine
 * is that of test_dma.c. */
#include <errno.h>
#include "dma_machine.h"

/* One point: the call panics with that text. */
#define PANICS(call, text)                                                                         \
    do {                                                                                           \
        machine_panic_expected = true;                                                             \
        machine_panic_text[0] = 0;                                                                 \
        if (setjmp(machine_panic_exit) == 0)                                                       \
            call;                                                                                  \
        machine_panic_expected = false;                                                            \
        host_cpu.in_interrupt = host_cpu.irqs_off = false;                                         \
        if (!tap_check(strstr(machine_panic_text, text) != NULL, #call " panics: " text))          \
            printf("# it said: %s\n", machine_panic_text);                                         \
    } while (0)

static void test_misuse(void)
{
    static struct kiln_dma_mapping one, two, none;
    uint64_t bus;

    machine_begin(RAM_PAGES);
    machine_arena();
    TAP_EQUAL(kiln_dma_map(&one, &devices[0], arena, 100, KILN_DMA_TO_DEVICE), 0);
    TAP_EQUAL(kiln_dma_map(&two, &devices[0], arena + 50, 100, KILN_DMA_TO_DEVICE), 0);
    PANICS(kiln_dma_map(&one, &devices[0], arena, 100, KILN_DMA_TO_DEVICE), "mapping->bytes == 0");
    PANICS(kiln_dma_unmap(&none), "is ended that is none");
    PANICS(kiln_dma_sync_for_cpu(&none), "mapping->bytes != 0");
    PANICS(kiln_dma_sync_for_device(&none), "mapping->bytes != 0");
    struct kiln_dma_mapping three = {0};
    PANICS(kiln_dma_map(&three, &devices[0], arena + 149, 8, KILN_DMA_FROM_DEVICE),
           "is mapped while a device has");
    kiln_dma_unmap(&one);
    kiln_dma_unmap(&two);
    PANICS(kiln_dma_unmap(&one), "is ended that is none");
    TAP_EQUAL(kiln_dma_map(&one, &devices[0], arena, 100, KILN_DMA_FROM_DEVICE), 0);
    TAP_EQUAL(kiln_dma_map(&two, &devices[0], arena + 100, 100, KILN_DMA_BOTH), 0);
    kiln_dma_unmap(&two);
    kiln_dma_unmap(&one);
    PANICS(kiln_dma_allocate(&devices[1], 1, 3 * PAGE, &bus), "is_power_of_two");
    host_cpu.in_interrupt = host_cpu.irqs_off = true;
    PANICS(kiln_dma_allocate(&devices[0], 1, 0, &bus), "!arch_in_interrupt()");
    host_cpu.irqs_off = true;
    PANICS(kiln_dma_allocate(&devices[1], 1, 0, &bus), "!arch_irqs_off()");
    char *pages = kiln_dma_allocate(&devices[1], 3 * PAGE, 0, &bus);
    PANICS(kiln_dma_free(&devices[1], pages + 1, 3 * PAGE), "is no coherent buffer");
    PANICS(kiln_dma_free(&devices[1], pages + PAGE, 2 * PAGE), "is no coherent buffer");
    PANICS(kiln_dma_free(&devices[1], pages, 2 * PAGE), "is no coherent buffer");
    PANICS(kiln_dma_free(&devices[1], arena, PAGE), "is no coherent buffer");
    PANICS(kiln_dma_free(&devices[0], pages, 3 * PAGE), "is");
    kiln_dma_free(&devices[1], pages, 3 * PAGE);
    test_property("misuse does no harm before it is found");
}

/* In one stretch, and a little at a time. */
static void test_list(void)
{
    static struct kiln_dma_mapping list[WINDOW];
    size_t bytes = 0;

    machine_begin(RAM_PAGES);
    machine_arena();
    TAP_EQUAL(kiln_dma_map_list(list, 1, &devices[1], arena, ARENA * PAGE, KILN_DMA_BOTH), 1);
    TAP_CHECK(list[0].bus == (uintptr_t)arena + devices[1].offset && !list[0].copy);
    kiln_dma_unmap(&list[0]);
    TAP_EQUAL(kiln_dma_map_list(list, 2, &devices[2], arena, ARENA * PAGE, KILN_DMA_BOTH), 2);
    TAP_CHECK(!list[0].copy && list[0].bytes == 17 * PAGE && list[1].copy);
    kiln_dma_unmap(&list[0]);
    kiln_dma_unmap(&list[1]);
    int count = kiln_dma_map_list(list, WINDOW, &devices[1], window + 7, WINDOW * PAGE - 7,
                                  KILN_DMA_FROM_DEVICE);
    TAP_CHECK(count > (int)WINDOW / 2);
    TAP_CHECK(list[0].copy && !list[1].copy);
    for (int i = 0; i < count; i++) {
        bytes += list[i].bytes;
        kiln_dma_unmap(&list[i]);
    }
    TAP_EQUAL(bytes, WINDOW * PAGE - 7);
    size_t before = machine_free_pages();
    TAP_EQUAL(kiln_dma_map_list(list, 5, &devices[2], window, WINDOW * PAGE, KILN_DMA_BOTH),
              -ENOSPC);
    TAP_EQUAL(kiln_dma_map_list(list, 5, &devices[2], window, SIZE_MAX, KILN_DMA_BOTH), -EINVAL);
    TAP_EQUAL(machine_free_pages(), before);
    TAP_EQUAL(list[0].bytes, 0);
    test_property("a scatter list");
}

/* The last byte within reach, and the next. */
static void test_limit(void)
{
    static struct kiln_dma_mapping one;
    char *last;

    machine_begin(RAM_PAGES);
    machine_arena();
    last = arena + 17 * PAGE - 100;
    TAP_EQUAL(kiln_dma_map(&one, &devices[3], last, 100, KILN_DMA_BOTH), 0);
    TAP_CHECK(!one.copy && one.bus == (uintptr_t)last);
    kiln_dma_unmap(&one);
    TAP_EQUAL(kiln_dma_map(&one, &devices[3], last, 101, KILN_DMA_BOTH), 0);
    TAP_CHECK(one.copy && one.bus + 101 <= devices[3].limit);
    kiln_dma_unmap(&one);
    TAP_EQUAL(kiln_dma_map(&one, &devices[5], arena + 2048 - 8, 9, KILN_DMA_TO_DEVICE), 0);
    TAP_CHECK(one.copy);
    kiln_dma_unmap(&one);
    TAP_EQUAL(kiln_dma_map(&one, &devices[5], arena, 2049, KILN_DMA_BOTH), -EINVAL);
    TAP_EQUAL(kiln_dma_map(&one, NULL, arena, 1, KILN_DMA_BOTH), -ENOMEM);
    test_property("limits");
}

/* More than a block of the page allocator holds. */
static void test_large(void)
{
    const struct kiln_dma_device wide = {.boundary = 8 << 20, .is_coherent = true};
    uint64_t bus;
    bool is_within = true;

    machine_begin(RAM_PAGES);
    machine_arena();
    size_t before = machine_free_pages();
    for (size_t bytes = 9 << 19; bytes <= 15 << 19; bytes += 1 << 19) {
        char *buffer = kiln_dma_allocate(&wide, bytes, 0, &bus);
        is_within = is_within && buffer && bus >> 23 == (bus + bytes - 1) >> 23;
        kiln_dma_free(&wide, buffer, bytes);
        buffer = kiln_dma_allocate(&devices[1], bytes, 1 << 22, &bus);
        is_within = is_within && buffer && (uintptr_t)buffer % (1 << 22) == 0;
        kiln_dma_free(&devices[1], buffer, bytes);
    }
    TAP_CHECK(is_within);
    TAP_EQUAL(machine_free_pages(), before);
    test_property("large buffers");
}

/* A block is filled to its last page, and has room again for what is freed. */
static void test_block(void)
{
    char *buffers[5];
    uint64_t bus;

    machine_begin(RAM_PAGES);
    machine_arena();
    size_t before = machine_free_pages();
    for (unsigned i = 0; i < 4; i++)
        buffers[i] = kiln_dma_allocate(&devices[1], 128 * PAGE, 0, &bus);
    TAP_EQUAL(machine_free_pages(), before - 512);
    buffers[4] = kiln_dma_allocate(&devices[1], 1, 0, &bus);
    TAP_EQUAL(machine_free_pages(), before - 1024);
    kiln_dma_free(&devices[1], buffers[4], 1);
    kiln_dma_free(&devices[1], buffers[2], 128 * PAGE);
    TAP_CHECK(kiln_dma_allocate(&devices[1], 100 * PAGE, 0, &bus) == buffers[2]);
    TAP_EQUAL(machine_free_pages(), before - 512);
    kiln_dma_free(&devices[1], buffers[2], 100 * PAGE);
    for (unsigned i = 0; i < 4; i++)
        if (i != 2)
            kiln_dma_free(&devices[1], buffers[i], 128 * PAGE);
    TAP_EQUAL(machine_free_pages(), before);
    test_property("a block");
}

/* What is in no device's interest costs nothing, and what is costs one operation a line. */
static void test_maintenance(void)
{
    static struct kiln_dma_mapping one;

    machine_begin(RAM_PAGES);
    machine_arena();
    machine_maintenance = 0;
    kiln_dma_map(&one, &devices[0], arena, PAGE, KILN_DMA_BOTH);
    kiln_dma_unmap(&one);
    TAP_EQUAL(machine_maintenance, 0);
    kiln_dma_map(&one, &devices[1], arena, PAGE, KILN_DMA_TO_DEVICE);
    kiln_dma_unmap(&one);
    TAP_EQUAL(machine_maintenance, PAGE / LINE);
    kiln_dma_map(&one, &devices[1], arena, PAGE, KILN_DMA_FROM_DEVICE);
    kiln_dma_sync_for_cpu(&one);
    kiln_dma_sync_for_cpu(&one);
    kiln_dma_unmap(&one);
    TAP_EQUAL(machine_maintenance, 3 * PAGE / LINE);
    test_property("maintenance");
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_misuse();
    test_list();
    test_limit();
    test_large();
    test_block();
    test_maintenance();
    return tap_done();
}
