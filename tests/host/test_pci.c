/*
 * PCI against a model of configuration space: bridges, functions that are absent or corrupt, lists
 * that run in circles. The driver looks once where configuration space is, so each scene is a
 * process of its own.
 */
#include <sys/wait.h>
#include "pci_model.h"

static void use_ports(void)
{
    has_ports = true;
}

static void use_memory(void)
{
    ecams[ecam_count++] = (struct acpi_ecam){ECAM_BASE, 0, 0, 255};
    has_ports = true;
}

/* In a process of its own; its violations are the point. */
static void scene(const char *what, void (*configure)(void), void (*check)(void))
{
    pid_t child;
    int status = -1;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        configure();
        check();
        TEST_HOLDS(!host_cpu.irqs_off && !is_astray, "afterwards");
        fflush(stdout);
        _exit(test_violations ? 1 : 0);
    }
    waitpid(child, &status, 0);
    tap_check(status == 0, what);
}

/* All that a walk finds has to be `expected`. */
static void expect_walk(const uint32_t *expected, unsigned count)
{
    uint32_t function = KILN_PCI_START;
    unsigned found = 0;

    while (kiln_pci_next(&function) == 0) {
        TEST_HOLDS(found < count && function == expected[found], "function %x", function);
        if (++found > 100)
            break;
    }
    TEST_HOLDS(found == count, "%u functions instead of %u", found, count);
}

/* Bus, device, function. */
#define AT(b, d, f) ((uint32_t)(b) << 8 | (d) << 3 | (f))

static void walk(void)
{
    static const uint32_t expected[] = {AT(0, 0, 0),  AT(0, 3, 0),   AT(0, 3, 1),   AT(0, 3, 7),
                                        AT(0, 31, 0), AT(5, 0, 0),   AT(5, 1, 0),   AT(6, 2, 0),
                                        AT(6, 2, 3),  AT(255, 9, 0), AT(255, 31, 7)};
    uint32_t function = KILN_PCI_START;

    add(AT(0, 0, 0), 0x8086, 0x29C0, 0);
    add(AT(0, 0, 2), 0x8086, 1, 0); /* an echo: function 0 says it is alone */
    add(AT(0, 3, 0), 0x1234, 2, 0x80);
    add(AT(0, 3, 1), 0x1234, 3, 0);
    add(AT(0, 3, 7), 0x1234, 2, 0);
    add(AT(0, 4, 1), 0x1234, 4, 0); /* without a function 0 */
    add(AT(0, 5, 0), 0x0000, 5, 0x80);
    add(AT(0, 31, 0), 0x8086, 6, 0x01);
    add(AT(5, 0, 0), 0x1B36, 7, 0x01);
    add(AT(5, 1, 0), 0x1B36, 8, 0x7F);
    add(AT(6, 2, 0), 0x1B36, 9, 0x80);
    add(AT(6, 2, 3), 0x1B36, 10, 0);
    add(AT(255, 9, 0), 0x1B36, 2, 0);
    add(AT(255, 31, 0), 0xFFFF, 11, 0x80);
    expect_walk(expected, 10);
    memset(functions[13].registers, 0x11, 64);
    functions[13].registers[14] = 0x80;
    functions[13].number = AT(255, 31, 0);
    add(AT(255, 31, 7), 0x1B36, 12, 0);
    TEST_HOLDS(kiln_pci_find(0x1234, 2, &function) == 0 && function == AT(0, 3, 0), "first");
    TEST_HOLDS(kiln_pci_find(0x1234, 2, &function) == 0 && function == AT(0, 3, 7), "second");
    TEST_HOLDS(kiln_pci_find(0x1234, 2, &function) == -ENODEV && function == AT(0, 3, 7), "last");
    function = AT(255, 9, 0);
    TEST_HOLDS(kiln_pci_find(0x1B36, 12, &function) == 0 && function == expected[10], "the end");
    TEST_HOLDS(kiln_pci_next(&function) == -ENODEV, "beyond the end");
}

static void registers(void)
{
    struct function *function = add(AT(2, 3, 4), 0x8086, 0x10D3, 0);
    bool is_memory = ecam_count > 0;

    for (unsigned i = 0x40; i < 0x48; i++)
        function->registers[i] = (uint8_t)i, function->writable[i] = 0xFF;
    put(function, 0x100, 0x12345678, 4);
    TEST_HOLDS(kiln_pci_read8(AT(2, 3, 4), 0x43) == 0x43, "8");
    TEST_HOLDS(kiln_pci_read16(AT(2, 3, 4), 0x42) == 0x4342, "16");
    TEST_HOLDS(kiln_pci_read32(AT(2, 3, 4), 0x44) == 0x47464544, "32");
    kiln_pci_write8(AT(2, 3, 4), 0x41, 0xA1);
    kiln_pci_write16(AT(2, 3, 4), 0x42, 0xB2B1);
    kiln_pci_write32(AT(2, 3, 4), 0x44, 0xC4C3C2C1);
    TEST_HOLDS(memcmp(&function->registers[0x40], "\x40\xA1\xB1\xB2\xC1\xC2\xC3\xC4", 8) == 0,
               "written");
    TEST_HOLDS(kiln_pci_read32(AT(2, 3, 4), 0x100) == (is_memory ? 0x12345678 : UINT32_MAX),
               "extended");
    accesses = 0;
    TEST_HOLDS(kiln_pci_read32(AT(2, 3, 4), 0x42) == UINT32_MAX, "not aligned");
    TEST_HOLDS(kiln_pci_read8(AT(2, 3, 4), 0x1000) == 0xFF, "beyond a function");
    TEST_HOLDS(kiln_pci_read16(0x12345678, 0) == 0xFFFF, "no such segment");
    kiln_pci_write32(0x10000, 4, 1);
    TEST_HOLDS(accesses == 0, "nothing is there to be asked");
    TEST_HOLDS(kiln_pci_read16(AT(2, 3, 5), 0) == 0xFFFF, "absent");
}

static void put_bar(struct function *function, unsigned number, uint32_t value, uint32_t writable)
{
    put(function, 0x10 + 4 * number, value, 4);
    memcpy(&function->writable[0x10 + 4 * number], &writable, 4);
}

static void expect_bar(uint32_t function, unsigned number, int error, struct kiln_pci_bar expected)
{
    struct function before = *model_find(function);
    struct kiln_pci_bar bar = {0};
    int got = kiln_pci_get_bar(function, number, &bar);

    TEST_HOLDS(got == error, "BAR %u of %x says %d", number, function, got);
    TEST_HOLDS(memcmp(&before, model_find(function), sizeof(before)) == 0, "all is as before");
    TEST_HOLDS(error || (bar.base == expected.base && bar.bytes == expected.bytes &&
                         bar.is_io == expected.is_io && bar.is_64bit == expected.is_64bit &&
                         bar.is_prefetchable == expected.is_prefetchable),
               "BAR %u of %x: %llx, %llx bytes", number, function, (unsigned long long)bar.base,
               (unsigned long long)bar.bytes);
}

static void bars(void)
{
    static const struct kiln_pci_bar none;
    struct function *function = add(1, 0x8086, 1, 0);

    function->registers[4] = 7;
    put_bar(function, 0, 0xFEBC0000, 0xFFFE0000);
    put_bar(function, 1, 0xC001, 0xFFFFFFE0);
    put_bar(function, 2, 0xD001, 0x0000FF00);
    put_bar(function, 4, 0x0000000C, 0x00000000);
    put_bar(function, 5, 0x00000012, 0xFFFFFFFE);
    expect_bar(1, 0, 0, (struct kiln_pci_bar){0xFEBC0000, 0x20000, false, false, false});
    expect_bar(1, 1, 0, (struct kiln_pci_bar){0xC000, 0x20, true, false, false});
    expect_bar(1, 2, 0, (struct kiln_pci_bar){0xD000, 0x100, true, false, false});
    expect_bar(1, 3, -ENODEV, none);
    expect_bar(1, 4, 0, (struct kiln_pci_bar){0x1200000000, 0x200000000, false, true, true});
    expect_bar(1, 5, -ENODEV, none);
    expect_bar(1, 6, -EINVAL, none);
    expect_bar(1, UINT32_MAX, -EINVAL, none);

    /* The last one has no upper half; each third is the lower half again. */
    function = add(2, 0x8086, 1, 0x80);
    for (unsigned i = 0; i < 5; i++)
        put_bar(function, i, i % 2 ? 1 : 0x80000004, i % 2 ? 0xFFFFFFFF : 0xFFFF0000);
    put_bar(function, 5, 0x80000004, 0xFFFF0000);
    put_bar(function, 4, 0x80000008, 0xFF000000);
    expect_bar(2, 2, 0, (struct kiln_pci_bar){0x180000000, 0x10000, false, true, false});
    expect_bar(2, 3, -ENODEV, none);
    expect_bar(2, 4, 0, (struct kiln_pci_bar){0x80000000, 0x1000000, false, false, true});
    expect_bar(2, 5, -ENODEV, none);
}

static void bar_headers(void)
{
    static const struct kiln_pci_bar none;
    static const struct kiln_pci_bar some = {0x1000, 0x1000, false, false, false};
    static const uint8_t headers[] = {0x01, 0x82, 0x03, 0x7F};

    for (unsigned i = 0; i < 4; i++) {
        struct function *function = add(i * 8, 0x8086, 1, headers[i]);

        for (unsigned bar = 0; bar < 6; bar++)
            put_bar(function, bar, 0x1000, 0xFFFFF000);
        expect_bar(i * 8, 0, i < 2 ? 0 : -EINVAL, some);
        expect_bar(i * 8, 1, i < 1 ? 0 : -EINVAL, some);
        expect_bar(i * 8, 2, -EINVAL, none);
    }
    add(0x100, 0xFFFF, 0xFFFF, 0xFF);
    expect_bar(0x100, 0, -EINVAL, none);
}

static void put_list(struct function *function, const uint8_t *places, unsigned count)
{
    function->registers[6] |= 0x10;
    function->registers[(function->registers[14] & 0x7F) == 2 ? 0x14 : 0x34] = places[0];
    for (unsigned i = 0; i + 1 < count; i++) {
        function->registers[places[i] & 0xFC] = (uint8_t)(i + 1);
        function->registers[(places[i] & 0xFC) + 1] = places[i + 1];
    }
}

static unsigned count_of(unsigned (*at)(uint32_t, unsigned), uint32_t function)
{
    unsigned count = 0;

    while (count < 5000 && at(function, count))
        count++;
    return count;
}

static void capabilities(void)
{
    static const uint8_t plain[] = {0x50, 0xFF, 0x40, 0x00};
    static const uint8_t circle[] = {0x40, 0x50, 0x60, 0x50};
    static const uint8_t astray[] = {0x40, 0x20, 0x60};
    static const uint8_t cardbus[] = {0x80, 0x00};

    put_list(add(1, 0x8086, 1, 0), plain, 4);
    put_list(add(2, 0x8086, 1, 0), circle, 4);
    put_list(add(3, 0x8086, 1, 0), astray, 3);
    put_list(add(4, 0x104C, 1, 2), cardbus, 2);
    put_list(add(5, 0x8086, 1, 0), plain, 4);
    functions[4].registers[6] = 0;
    TEST_HOLDS(kiln_pci_capability_at(1, 0) == 0x50 && kiln_pci_capability_at(1, 1) == 0xFC &&
                   kiln_pci_capability_at(1, 2) == 0x40 && kiln_pci_capability_at(1, 3) == 0,
               "a list");
    TEST_HOLDS(kiln_pci_capability(1, 2) == 0xFC && kiln_pci_capability(1, 4) == 0, "by number");
    TEST_HOLDS(count_of(kiln_pci_capability_at, 2) == 3 && !kiln_pci_capability(2, 9), "a circle");
    TEST_HOLDS(count_of(kiln_pci_capability_at, 3) == 1, "astray");
    TEST_HOLDS(kiln_pci_capability_at(4, 0) == 0x80, "CardBus has its list elsewhere");
    TEST_HOLDS(kiln_pci_capability_at(5, 0) == 0, "the status says there is none");
    TEST_HOLDS(kiln_pci_capability_at(6, 0) == 0, "no function");
}

static struct function *add_express(uint32_t number)
{
    struct function *function = add(number, 0x8086, 1, 0);

    put(function, 6, 0x10, 2);
    put(function, 0x34, 0x40, 1);
    put(function, 0x40, KILN_PCI_EXPRESS, 2);
    return function;
}

static void extended_capabilities(void)
{
    struct function *function = add_express(1);

    put(function, 0x100, 0x14020001, 4);
    put(function, 0x140, 0xFFC10003, 4);
    put(function, 0xFFC, 0x00010002, 4);
    TEST_HOLDS(kiln_pci_extended_capability_at(1, 0) == 0x100 &&
                   kiln_pci_extended_capability_at(1, 1) == 0x140 &&
                   kiln_pci_extended_capability_at(1, 2) == 0xFFC &&
                   kiln_pci_extended_capability_at(1, 3) == 0,
               "a list");
    TEST_HOLDS(kiln_pci_extended_capability(1, 2) == 0xFFC && !kiln_pci_extended_capability(1, 4),
               "by number");
    put(function, 0xFFC, 0x10010002, 4);
    TEST_HOLDS(count_of(kiln_pci_extended_capability_at, 1) == 3, "a circle");
    put(function, 0xFFC, 0x0FC10002, 4);
    TEST_HOLDS(count_of(kiln_pci_extended_capability_at, 1) == 3, "astray");
    put(function, 0x100, 0, 4);
    TEST_HOLDS(kiln_pci_extended_capability_at(1, 0) == 0, "none");
    put(function, 0x100, UINT32_MAX, 4);
    TEST_HOLDS(kiln_pci_extended_capability_at(1, 0) == 0, "nothing answers");
    put(function, 0x100, 0x14020001, 4);
    put(function, 0x40, KILN_PCI_MSI, 2);
    TEST_HOLDS(kiln_pci_extended_capability_at(1, 0) == 0, "not PCI Express");
}

/* Whatever a function says, calls end, and leave its registers as they were. */
static void corrupt(void)
{
    add(AT(0, 0, 0), 0, 0, 0);
    for (unsigned round = 0; round < 3000; round++) {
        struct function before;
        struct kiln_pci_bar bar;

        for (unsigned i = 4; i < 4096; i++) {
            functions[0].registers[i] = (uint8_t)test_random();
            functions[0].writable[i] = (uint8_t)(test_random() & test_random());
        }
        put(&functions[0], 0, 0x12348086, 4);
        functions[0].writable[4] |= 3;
        functions[0].registers[0x0E] &= (uint8_t)(round % 4 ? 0x80 : 0xFF);
        if (round % 2)
            put(&functions[0], 0x34, 0x40 | KILN_PCI_EXPRESS << 16, 2),
                put(&functions[0], 0x40, 0x10, 1);
        before = functions[0];
        for (unsigned i = 0; i < 7; i++)
            kiln_pci_get_bar(0, i, &bar);
        TEST_HOLDS(count_of(kiln_pci_capability_at, 0) <= 48, "round %u", round);
        TEST_HOLDS(count_of(kiln_pci_extended_capability_at, 0) <= 960, "round %u", round);
        TEST_HOLDS(memcmp(&before, &functions[0], sizeof(before)) == 0, "round %u", round);
    }
}

static void use_segments(void)
{
    ecams[ecam_count++] = (struct acpi_ecam){ECAM_BASE, 0, 0, 15};
    ecams[ecam_count++] = (struct acpi_ecam){0x80000000, 0, 15, 255}; /* overlaps */
    ecams[ecam_count++] = (struct acpi_ecam){0x90000800, 1, 0, 1};    /* not aligned */
    ecams[ecam_count++] = (struct acpi_ecam){0, 1, 0, 1};
    ecams[ecam_count++] = (struct acpi_ecam){0x91000000, 1, 9, 8};
    ecams[ecam_count++] = (struct acpi_ecam){UINT64_MAX - 4095, 1, 8, 9};
    ecams[ecam_count++] = (struct acpi_ecam){0xA0000000, 2, 0x80, 0x8F};
    ecams[ecam_count++] = (struct acpi_ecam){0xC0000000, 3, 0, 0};
    ecams[ecam_count++] = (struct acpi_ecam){0xD0000000, 1, 0, 0}; /* comes late */
    ecams[ecam_count++] = (struct acpi_ecam){0xE0000000, UINT16_MAX, 0, 255};
    unmappable = 0xC0000000;
}

static void segments(void)
{
    static const uint32_t expected[] = {AT(0, 1, 0), AT(15, 31, 0), 0x28008, 0x28F00};

    for (unsigned i = 0; i < 4; i++)
        add(expected[i], 0x8086, 1, 0);
    add(AT(16, 0, 0), 0x8086, 1, 0);
    add(0x10000, 0x8086, 1, 0);
    add(0x30000, 0x8086, 1, 0);
    expect_walk(expected, 4);
    TEST_HOLDS(map_calls == 3, "%u mappings", map_calls);
}

/* What the table says is no use. */
static void use_corrupt_table(void)
{
    use_ports();
    ecams[ecam_count++] = (struct acpi_ecam){0, 0, 0, 255};
}

static void few(void)
{
    static const uint32_t expected[] = {AT(0, 0, 0), AT(1, 0, 0)};

    add(expected[0], 0x8086, 1, 0);
    add(expected[1], 0x8086, 1, 0);
    expect_walk(expected, 2);
}

static void use_nothing(void)
{
}

static void nothing(void)
{
    add(0, 0x8086, 1, 0);
    expect_walk(NULL, 0);
    TEST_HOLDS(kiln_pci_read32(0, 0) == UINT32_MAX && accesses == 0, "nothing is there");
}

static void test_names(void)
{
    TAP_CHECK(strcmp(kiln_pci_class_name(0x0200), "Ethernet controller") == 0);
    TAP_CHECK(strcmp(kiln_pci_class_name(0x0109), "mass storage controller") == 0);
    TAP_CHECK(!kiln_pci_class_name(0x5501));
    TAP_CHECK(strcmp(kiln_pci_capability_name(KILN_PCI_MSIX), "MSI-X") == 0);
    TAP_CHECK(strcmp(kiln_pci_extended_capability_name(1), "advanced error reporting") == 0);
    TAP_CHECK(!kiln_pci_capability_name(0xFF) && !kiln_pci_extended_capability_name(0xFFFF));
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 3);
    scene("a walk by ports", use_ports, walk);
    scene("a walk in memory", use_memory, walk);
    scene("registers by ports", use_ports, registers);
    scene("registers in memory", use_memory, registers);
    scene("base addresses by ports", use_ports, bars);
    scene("base addresses in memory", use_memory, bars);
    scene("headers that have fewer", use_memory, bar_headers);
    scene("capabilities", use_ports, capabilities);
    scene("extended capabilities", use_memory, extended_capabilities);
    scene("corrupt registers", use_memory, corrupt);
    scene("segments, and a table with mistakes", use_segments, segments);
    scene("a table that is no use", use_corrupt_table, few);
    scene("a machine without PCI", use_nothing, nothing);
    test_names();
    return tap_done();
}
