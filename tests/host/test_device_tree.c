/* What boot learns from a tree: QEMU's own, one like a Raspberry Pi's, and what may be odd. */
#include "test.h"
#include "tree_builder.h"
#include "tree_file.h"
#include "tree_invariants.h"

static struct device_tree_info info;
static void *tree;

/* Reads what has been built. */
static int read_built(void)
{
    size_t bytes;

    free(tree);
    tree = tree_finish(&bytes);
    return tree_apply(tree, bytes, &info);
}

static void begin_root(uint32_t address_cells, uint32_t size_cells)
{
    tree_new();
    tree_begin("");
    TREE_WORDS("#address-cells", address_cells);
    TREE_WORDS("#size-cells", size_cells);
}

static int end_root(void)
{
    tree_end();
    tree_word(FDT_END);
    return read_built();
}

static bool is_range(const struct device_tree_range *range, uint64_t base, uint64_t bytes)
{
    return range->base == base && range->bytes == bytes;
}

static int read_file(const char *path)
{
    size_t bytes;

    free(tree);
    tree = tree_load(path, &bytes);
    return tree_apply(tree, bytes, &info);
}

/* One of these is said and no other of its kind; 0: none of all. */
static bool has_fact(uint64_t want)
{
    const uint64_t psci = DEVICE_TREE_PSCI_HVC | DEVICE_TREE_PSCI_SMC;
    const uint64_t gic = DEVICE_TREE_GICV2 | DEVICE_TREE_GICV3;
    uint64_t found = info.facts & (!want ? psci | gic : want & psci ? psci : gic);

    return (found & ~want) == 0 && (found != 0) == (want != 0);
}

static bool has_arguments(const char *want)
{
    return info.arguments && strcmp(info.arguments, want) == 0 &&
           info.argument_bytes == strlen(want) + 1;
}

/* virt -smp 1 -m 512 with a GICv2; the seeds are those that data/make.py sets. */
static void test_virt_gicv2(void)
{
    TAP_EQUAL(read_file(TREE_FOLDER "/virt-gicv2.dtb"), 0);
    TAP_EQUAL(info.counts.of[DEVICE_TREE_MEMORY], 1);
    TAP_CHECK(is_range(&info.ranges[DEVICE_TREE_MEMORY][0], 0x40000000, 512 << 20));
    TAP_EQUAL(info.counts.of[DEVICE_TREE_RESERVED], 0);
    TAP_CHECK(has_arguments("smp=1 -- one two"));
    TAP_EQUAL(info.counts.of[DEVICE_TREE_CPUS], 1);
    TAP_CHECK(has_fact(DEVICE_TREE_PSCI_HVC));
    TAP_CHECK(has_fact(DEVICE_TREE_GICV2));
    TAP_EQUAL(info.seed, 0x0102030405060708 ^ 0x4142434445464748);
}

/* virt -smp 4 -m 6144 with a GICv3, secure memory (disabled) and firmware at EL3. */
static void test_virt_gicv3(void)
{
    TAP_EQUAL(read_file(TREE_FOLDER "/virt-gicv3.dtb"), 0);
    TAP_EQUAL(info.counts.of[DEVICE_TREE_MEMORY], 1);
    TAP_CHECK(is_range(&info.ranges[DEVICE_TREE_MEMORY][0], 0x40000000, (uint64_t)6144 << 20));
    TAP_EQUAL(info.counts.of[DEVICE_TREE_CPUS], 4);
    TAP_CHECK(has_fact(DEVICE_TREE_GICV3));
    TAP_CHECK(has_arguments("smp=1 -- one two"));
}

static void add_cpu(const char *name, uint32_t reg, const char *status)
{
    tree_begin(name);
    tree_string("device_type", "cpu");
    if (status)
        tree_string("status", status);
    TREE_WORDS("reg", reg);
    tree_end();
}

/* Cells of 1, a memory node in front of the rest, controllers below /soc, firmware's own memory. */
static void build_pi(void)
{
    begin_root(1, 1);
    tree_reserve(0, 0x1000);
    tree_begin("memory@0");
    tree_string("device_type", "memory");
    TREE_WORDS("reg", 0, 0x3B400000, 0x40000000, 0);
    tree_end();
    tree_begin("reserved-memory");
    TREE_WORDS("#address-cells", 1);
    TREE_WORDS("#size-cells", 1);
    tree_property("ranges", NULL, 0);
    tree_begin("linux,cma");
    TREE_WORDS("size", 0x4000000);
    tree_end();
    tree_begin("nvram@3ef00000");
    TREE_WORDS("reg", 0x3EF00000, 0x2000);
    tree_end();
    tree_begin("unused@1000");
    TREE_WORDS("reg", 0x1000, 0x1000);
    tree_string("status", "disabled");
    tree_end();
    tree_end();
    tree_begin("soc");
    tree_begin("interrupt-controller@40000000");
    tree_string("compatible", "brcm,bcm2836-l1-intc");
    tree_property("interrupt-controller", NULL, 0);
    tree_end();
    tree_begin("interrupt-controller@7e00b200");
    tree_string("compatible", "brcm,bcm2836-armctrl-ic");
    tree_end();
    tree_end();
    tree_begin("cpus");
    TREE_WORDS("#address-cells", 1);
    TREE_WORDS("#size-cells", 0);
    add_cpu("cpu@0", 0, NULL);
    add_cpu("cpu@1", 0x100, "okay");
    add_cpu("cpu@2", 0x200, "disabled");
    add_cpu("cpu@3", 0x300, "ok");
    tree_begin("l2-cache0");
    TREE_WORDS("reg", 7);
    tree_end();
    tree_end();
    tree_begin("chosen");
    tree_string("bootargs", "console=serial0,115200 -- hello");
    TREE_WORDS("kaslr-seed", 0x11111111, 0x22222222);
    tree_end();
}

static void test_pi(void)
{
    build_pi();
    TAP_EQUAL(end_root(), 0);
    TAP_EQUAL(info.counts.of[DEVICE_TREE_MEMORY], 1);
    TAP_CHECK(is_range(&info.ranges[DEVICE_TREE_MEMORY][0], 0, 0x3B400000));
    TAP_EQUAL(info.counts.of[DEVICE_TREE_RESERVED], 2);
    TAP_CHECK(is_range(&info.ranges[DEVICE_TREE_RESERVED][0], 0, 0x1000));
    TAP_CHECK(is_range(&info.ranges[DEVICE_TREE_RESERVED][1], 0x3EF00000, 0x2000));
    TAP_EQUAL(info.counts.of[DEVICE_TREE_CPUS], 3);
    TAP_CHECK(has_fact(0));
    TAP_CHECK(has_arguments("console=serial0,115200 -- hello"));
    TAP_EQUAL(info.seed, 0x1111111122222222);
}

static void test_nothing(void)
{
    tree_new();
    tree_begin("");
    TAP_EQUAL(end_root(), 0);
    TAP_CHECK(info.counts.of[DEVICE_TREE_MEMORY] == 0 &&
              info.counts.of[DEVICE_TREE_RESERVED] == 0 && info.counts.of[DEVICE_TREE_CPUS] == 0);
    TAP_CHECK(info.arguments == NULL && info.argument_bytes == 0 && info.seed == 0);
    TAP_CHECK(has_fact(0));
    memset(tree, 0, 40);
    TAP_EQUAL(tree_apply(tree, 40, &info), -EINVAL);
}

/* The result for one memory node with this reg. */
static int read_memory(uint32_t address_cells, uint32_t size_cells, const uint32_t *reg,
                       size_t words)
{
    begin_root(address_cells, size_cells);
    tree_begin("memory");
    tree_string("device_type", "memory");
    tree_words("reg", reg, words);
    tree_end();
    return end_root();
}

static void test_memory(void)
{
    uint32_t reg[2 * (DEVICE_TREE_RANGES + 2)];
    const uint32_t wide[] = {1, 2, 3, 4, 5, 6, 0, 8};

    TAP_EQUAL(read_memory(2, 2, wide, 8), 0);
    TAP_EQUAL(info.counts.of[DEVICE_TREE_MEMORY], 2);
    TAP_CHECK(is_range(&info.ranges[DEVICE_TREE_MEMORY][0], 0x100000002, 0x300000004) &&
              is_range(&info.ranges[DEVICE_TREE_MEMORY][1], 0x500000006, 8));
    TAP_EQUAL(read_memory(2, 1, wide, 6), 0);
    TAP_CHECK(info.counts.of[DEVICE_TREE_MEMORY] == 2 &&
              is_range(&info.ranges[DEVICE_TREE_MEMORY][1], 0x400000005, 6));
    for (unsigned i = 0; i < sizeof(reg) / 4; i++)
        reg[i] = i + 1;
    TAP_EQUAL(read_memory(1, 1, reg, sizeof(reg) / 4), -ENOSPC);
    TAP_EQUAL(read_memory(1, 1, reg, sizeof(reg) / 4 - 4), 0);
    TAP_EQUAL(info.counts.of[DEVICE_TREE_MEMORY], DEVICE_TREE_RANGES);
    TAP_EQUAL(read_memory(1, 1, reg, 3), -EINVAL);
    TAP_EQUAL(read_memory(3, 1, reg, 4), -EINVAL);
    TAP_EQUAL(read_memory(1, 0, reg, 4), -EINVAL);
    TAP_EQUAL(read_memory(0, 1, reg, 4), -EINVAL);
    TAP_EQUAL(read_memory(0x80000001, 0x7FFFFFFF, reg, 4), -EINVAL);
    TAP_EQUAL(read_memory(2, 2, (const uint32_t[]){~0u, ~0u, 0, 1}, 4), -EINVAL);
    TAP_EQUAL(read_memory(2, 2, (const uint32_t[]){~0u, ~0u, 0, 0}, 4), 0);
    TAP_EQUAL(info.counts.of[DEVICE_TREE_MEMORY], 0);
    TAP_EQUAL(read_memory(1, 1, reg, 0), 0);
    TAP_EQUAL(info.counts.of[DEVICE_TREE_MEMORY], 0);
}

static void test_memory_nodes(void)
{
    begin_root(1, 1);
    tree_begin("memory@1000");
    TREE_WORDS("reg", 0x1000, 0x1000);
    tree_begin("memory@0"); /* not a child of the root */
    TREE_WORDS("reg", 0x7000, 0x1000);
    tree_end();
    tree_end();
    tree_begin("memory@9000");
    TREE_WORDS("reg", 0x9000, 0x1000);
    tree_string("status", "disabled");
    tree_end();
    tree_begin("memory-controller@5000");
    TREE_WORDS("reg", 0x5000, 0x1000);
    tree_end();
    tree_begin("memory@3000");
    TREE_WORDS("reg", 0x3000, 0x1000);
    tree_end();
    TAP_EQUAL(end_root(), 0);
    TAP_EQUAL(info.counts.of[DEVICE_TREE_MEMORY], 2);
    TAP_CHECK(is_range(&info.ranges[DEVICE_TREE_MEMORY][0], 0x1000, 0x1000) &&
              is_range(&info.ranges[DEVICE_TREE_MEMORY][1], 0x3000, 0x1000));
}

/* Without #address-cells and #size-cells they are 2 and 1, also for the children of a child. */
static void test_default_cells(void)
{
    tree_new();
    tree_begin("");
    tree_begin("memory");
    TREE_WORDS("reg", 1, 2, 3);
    tree_end();
    tree_begin("cpus");
    TREE_WORDS("#address-cells", 1);
    add_cpu("cpu@5", 5, NULL);
    tree_end();
    tree_begin("reserved-memory");
    tree_begin("x");
    TREE_WORDS("reg", 4, 5, 6);
    tree_end();
    tree_end();
    TAP_EQUAL(end_root(), 0);
    TAP_CHECK(info.counts.of[DEVICE_TREE_MEMORY] == 1 &&
              is_range(&info.ranges[DEVICE_TREE_MEMORY][0], 0x100000002, 3));
    TAP_CHECK(info.counts.of[DEVICE_TREE_RESERVED] == 1 &&
              is_range(&info.ranges[DEVICE_TREE_RESERVED][0], 0x400000005, 6));
    TAP_EQUAL(info.counts.of[DEVICE_TREE_CPUS], 1);
}

static int read_reserved(unsigned block, unsigned nodes)
{
    begin_root(1, 1);
    for (unsigned i = 0; i < block; i++)
        tree_reserve(i, 1);
    tree_begin("reserved-memory");
    TREE_WORDS("#address-cells", 1);
    TREE_WORDS("#size-cells", 1);
    for (unsigned i = 0; i < nodes; i++) {
        tree_begin("r");
        TREE_WORDS("reg", i, 1);
        tree_end();
    }
    tree_end();
    return end_root();
}

/* The only node is this one, with this property. */
static int read_node(const char *node, const char *property, const void *value, size_t bytes)
{
    begin_root(2, 2);
    tree_begin(node);
    tree_property(property, value, bytes);
    tree_end();
    return end_root();
}

/* A value that has several strings, and one whose last lacks its 0. */
static bool has_gicv3(const char *compatible, size_t bytes)
{
    TAP_EQUAL(read_node("intc", "compatible", compatible, bytes), 0);
    return has_fact(DEVICE_TREE_GICV3);
}

static void test_strings_in_a_row(void)
{
    TAP_CHECK(has_gicv3("arm,gic-v3\0two\0three", 21));
    TAP_CHECK(has_gicv3("one\0arm,gic-v3\0three", 21));
    TAP_CHECK(has_gicv3("one\0\0two\0arm,gic-v3", 20));
    TAP_CHECK(has_gicv3("one\0two\0arm,gic-v3", 18));
    TAP_CHECK(!has_gicv3("one\0arm,gic-v", 14));
    TAP_CHECK(!has_gicv3("one\0arm,gic-v33", 16));
    TAP_CHECK(!has_gicv3("one\0xarm,gic-v3", 16));
    TAP_CHECK(!has_gicv3("", 0));
}

/* To leave out a reserved range would hand it to the heap. */
static void test_reserved(void)
{
    TAP_EQUAL(read_reserved(DEVICE_TREE_RANGES - 3, 3), 0);
    TAP_EQUAL(info.counts.of[DEVICE_TREE_RESERVED], DEVICE_TREE_RANGES);
    TAP_EQUAL(read_reserved(DEVICE_TREE_RANGES - 3, 4), -ENOSPC);
    TAP_CHECK(tree_handed_is_sane(&info, -ENOSPC));
    TAP_EQUAL(read_reserved(DEVICE_TREE_RANGES + 1, 0), -ENOSPC);
}

/* The block's last entry may end where the tree ends. */
static void test_last_reservation(void)
{
    size_t aligned, size;

    begin_root(1, 1);
    end_root();
    aligned = (fdt_total_bytes(tree) + 3) & ~(size_t)3;
    size = aligned + 32;
    tree = realloc(tree, size);
    memset((char *)tree + aligned, 0, 32);
    ((uint32_t *)tree)[TREE_TOTAL] = fdt_word((uint32_t)size);
    for (size_t at = aligned; at <= size + 4; at += 4) {
        ((uint32_t *)tree)[TREE_RESERVATION] = fdt_word((uint32_t)at);
        TAP_EQUAL(tree_apply(tree, size, &info), at <= size - 16 ? 0 : -EINVAL);
    }
    ((uint32_t *)tree)[TREE_RESERVATION] = fdt_word((uint32_t)aligned + 16);
    TAP_EQUAL(tree_apply(tree, size - 1, &info), -EINVAL);
    ((uint32_t *)tree)[aligned / 4 + 3] = fdt_word(7);
    ((uint32_t *)tree)[TREE_RESERVATION] = fdt_word((uint32_t)aligned);
    TAP_EQUAL(tree_apply(tree, size, &info), 0);
    TAP_CHECK(info.counts.of[DEVICE_TREE_RESERVED] == 1 &&
              is_range(&info.ranges[DEVICE_TREE_RESERVED][0], 0, 7));
}

/* Wherever status stands among the properties. */
static void test_status(void)
{
    begin_root(1, 1);
    for (int i = 0; i < 4; i++) {
        tree_begin("memory");
        if (i % 2)
            tree_string("status", i == 1 ? "disabled" : "okay");
        TREE_WORDS("reg", (uint32_t)i + 1, 1);
        if (i == 2)
            tree_property("status", "", 0);
        tree_end();
    }
    TAP_EQUAL(end_root(), 0);
    TAP_CHECK(info.counts.of[DEVICE_TREE_MEMORY] == 2 &&
              is_range(&info.ranges[DEVICE_TREE_MEMORY][0], 1, 1) &&
              is_range(&info.ranges[DEVICE_TREE_MEMORY][1], 4, 1));
}

static void test_cpus(void)
{
    begin_root(2, 2);
    tree_begin("cpu@0"); /* not below /cpus */
    tree_end();
    tree_begin("cpus");
    for (uint32_t i = 0; i < 12; i++)
        add_cpu("cpu@0", i, NULL);
    tree_begin("cpu-map");
    tree_begin("cpu@1"); /* too deep */
    tree_end();
    tree_end();
    tree_begin("cpu");
    tree_end();
    tree_end();
    tree_begin("other");
    add_cpu("cpu@7", 7, NULL);
    tree_end();
    TAP_EQUAL(end_root(), 0);
    TAP_EQUAL(info.counts.of[DEVICE_TREE_CPUS], 13);
}

static void test_psci(void)
{
    TAP_EQUAL(read_node("psci", "method", "smc", 4), 0);
    TAP_CHECK(has_fact(DEVICE_TREE_PSCI_SMC));
    TAP_EQUAL(read_node("psci", "method", "hvc", 4), 0);
    TAP_CHECK(has_fact(DEVICE_TREE_PSCI_HVC));
    TAP_EQUAL(read_node("psci", "method", "hvc", 3), 0); /* what fills the word up ends it */
    TAP_CHECK(has_fact(DEVICE_TREE_PSCI_HVC));
    TAP_EQUAL(read_node("psci", "method", "hv", 3), 0);
    TAP_CHECK(has_fact(0));
    TAP_EQUAL(read_node("psci", "method", "hvcs", 5), 0);
    TAP_CHECK(has_fact(0));
    TAP_EQUAL(read_node("psci2", "method", "hvc", 4), 0);
    TAP_CHECK(has_fact(0));
    TAP_EQUAL(read_node("psci@0", "method", "hvc", 4), 0);
    TAP_CHECK(has_fact(DEVICE_TREE_PSCI_HVC));
}

static void test_irq_controllers(void)
{
    static const char gic400[] = "arm,gic-400\0arm,cortex-a15-gic";

    read_node("interrupt-controller@40041000", "compatible", gic400, sizeof(gic400));
    TAP_CHECK(has_fact(DEVICE_TREE_GICV2));
    read_node("intc@1", "compatible", "arm,gic-v3", 11);
    TAP_CHECK(has_fact(DEVICE_TREE_GICV3));
    begin_root(2, 2);
    for (int i = 0; i < 3; i++) {
        tree_begin("interrupt-controller");
        tree_string("compatible", i == 1 ? "arm,gic-400" : "something,else");
        tree_end();
    }
    TAP_EQUAL(end_root(), 0);
    TAP_CHECK(has_fact(DEVICE_TREE_GICV2));
    read_node("interrupt-cont", "compatible", "arm,gic-400", 12);
    TAP_CHECK(has_fact(0));
}

static void test_chosen(void)
{
    TAP_EQUAL(read_node("chosen", "bootargs", "", 1), 0);
    TAP_CHECK(has_arguments(""));
    TAP_EQUAL(read_node("chosen", "bootargs", "", 0), 0);
    TAP_EQUAL(info.argument_bytes, 0);
    TAP_EQUAL(read_node("chosen", "bootargs", "abcd", 4), 0); /* the 0 is not needed */
    TAP_CHECK(info.argument_bytes == 4 && memcmp(info.arguments, "abcd", 4) == 0);
    TAP_CHECK(handed.text == info.arguments && handed.text_bytes == 4);
    TAP_EQUAL(read_node("chosen", "rng-seed", "\1\2\3\4\5\6\7\0", 8), 0);
    TAP_EQUAL(info.seed, 0x0102030405060700);
    TAP_EQUAL(read_node("chosen", "rng-seed", "\1\2\3\4\5\6\7", 7), 0);
    TAP_EQUAL(info.seed, 0);
    TAP_EQUAL(read_node("chosen-1", "bootargs", "x", 2), 0);
    TAP_CHECK(info.arguments == NULL);
}

/* Every known name, cut or made longer by a character, is a name of no meaning. */
static void test_similar_names(void)
{
    static const char *const names[] = {"boot",   "bootargs2", "rng", "rng-seeds", "kaslr-see",
                                        "rotten", "b",         "r",   "",          "kaslr-seed-"};

    begin_root(2, 2);
    tree_begin("chosen");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        tree_string(names[i], "12345678");
    tree_end();
    TAP_EQUAL(end_root(), 0);
    TAP_CHECK(info.arguments == NULL && info.seed == 0);
}

/* firmware claims more than it has loaded: what counts is the caller's limit. */
static void test_limit(void)
{
    size_t bytes;

    free(tree);
    tree = tree_load(TREE_FOLDER "/virt-gicv2.dtb", &bytes);
    ((uint32_t *)tree)[TREE_TOTAL] = fdt_word(1 << 20);
    TAP_EQUAL(tree_apply(tree, bytes, &info), 0);
    TAP_EQUAL(fdt_total_bytes(tree), 1 << 20);
    TAP_CHECK(tree_handed_is_sane(&info, 0));
    TAP_EQUAL(tree_apply(tree, bytes - 1, &info), -EINVAL);
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_virt_gicv2();
    test_virt_gicv3();
    test_pi();
    test_nothing();
    test_memory();
    test_memory_nodes();
    test_default_cells();
    test_reserved();
    test_last_reservation();
    test_status();
    test_cpus();
    test_psci();
    test_irq_controllers();
    test_strings_in_a_row();
    test_chosen();
    test_similar_names();
    test_limit();
    free(tree);
    return tap_done();
}
