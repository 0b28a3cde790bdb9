#include <core/device_tree.h>

#include <errno.h>
#include <lib/fdt.h>

/* Properties that mean something here. */
enum property {
    PROPERTY_OTHER,
    PROPERTY_ADDRESS_CELLS,
    PROPERTY_SIZE_CELLS,
    PROPERTY_REG,
    PROPERTY_STATUS,
    PROPERTY_DEVICE_TYPE,
    PROPERTY_COMPATIBLE,
    PROPERTY_METHOD,
    PROPERTY_INTERRUPT_CONTROLLER,
    PROPERTY_ARGUMENTS,
    PROPERTY_RNG_SEED,
    PROPERTY_KASLR_SEED,
    PROPERTY_COUNT
};

#define BIT(property) (1u << PROPERTY_##property)

/* What a node is by its place; every other one may still be memory, PSCI or a controller. */
enum kind {
    KIND_OTHER,
    KIND_ROOT,
    KIND_TOP, /* a child of the root that has no name of its own here */
    KIND_CHOSEN,
    KIND_CPUS,
    KIND_CPU,
    KIND_RESERVED_MEMORY,
    KIND_RESERVED
};

struct cells {
    uint32_t address;
    uint32_t size;
};

static const struct cells default_cells = {.address = 2, .size = 1}; /* specification 2.3.5 */

#define CACHE_ENTRIES 64

struct scan {
    struct device_tree_info *info;
    struct cells root_cells; /* for the root's children */
    struct cells top_cells;  /* for the children of `top` */
    enum kind top;           /* the root's child that is open */
    enum kind kind;          /* the node whose properties come now, */
    uint32_t wanted;         /* which of them make it worth a look at their end, */
    uint32_t seen;           /* which have come, and where */
    const struct fdt_property *property[PROPERTY_COUNT];

    /* What names mean. A name occurs in many nodes and once in the strings block. */
    struct {
        uint32_t offset; /* as it stands in the tree */
        uint32_t property;
    } cache[CACHE_ENTRIES];
};

/* Two characters as one number. */
#define PAIR(a, b) ((a) << 8 | (b))

static enum property classify(const char *name)
{
    const char *expected;
    enum property property;

    if (name[0] == '\0')
        return PROPERTY_OTHER;
    switch (PAIR(name[0], name[1])) {
    case PAIR('#', 'a'):
        expected = "#address-cells";
        property = PROPERTY_ADDRESS_CELLS;
        break;
    case PAIR('#', 's'):
        expected = "#size-cells";
        property = PROPERTY_SIZE_CELLS;
        break;
    case PAIR('b', 'o'):
        expected = "bootargs";
        property = PROPERTY_ARGUMENTS;
        break;
    case PAIR('c', 'o'):
        expected = "compatible";
        property = PROPERTY_COMPATIBLE;
        break;
    case PAIR('d', 'e'):
        expected = "device_type";
        property = PROPERTY_DEVICE_TYPE;
        break;
    case PAIR('i', 'n'):
        expected = "interrupt-controller";
        property = PROPERTY_INTERRUPT_CONTROLLER;
        break;
    case PAIR('k', 'a'):
        expected = "kaslr-seed";
        property = PROPERTY_KASLR_SEED;
        break;
    case PAIR('m', 'e'):
        expected = "method";
        property = PROPERTY_METHOD;
        break;
    case PAIR('r', 'e'):
        expected = "reg";
        property = PROPERTY_REG;
        break;
    case PAIR('r', 'n'):
        expected = "rng-seed";
        property = PROPERTY_RNG_SEED;
        break;
    case PAIR('s', 't'):
        expected = "status";
        property = PROPERTY_STATUS;
        break;
    default:
        return PROPERTY_OTHER;
    }
    return fdt_name_is(name, expected) ? property : PROPERTY_OTHER;
}

static bool has(const struct scan *scan, enum property property)
{
    return (scan->seen & 1u << property) != 0;
}

static bool has_string(const struct scan *scan, enum property property, const char *string)
{
    return has(scan, property) && fdt_property_has(scan->property[property], string);
}

static bool is_usable(const struct scan *scan)
{
    return !has(scan, PROPERTY_STATUS) || has_string(scan, PROPERTY_STATUS, "okay") ||
           has_string(scan, PROPERTY_STATUS, "ok");
}

/* Keeps `number` as it is when the property is absent. */
static int read_number(const struct scan *scan, enum property property, uint32_t *number)
{
    if (!has(scan, property))
        return 0;
    if (fdt_property_bytes(scan->property[property]) != 4)
        return -EINVAL;
    *number = fdt_word(*scan->property[property]->value);
    return 0;
}

static int read_cells(const struct scan *scan, struct cells *cells)
{
    int error = read_number(scan, PROPERTY_ADDRESS_CELLS, &cells->address);

    return error ? error : read_number(scan, PROPERTY_SIZE_CELLS, &cells->size);
}

/* Adds a range; 0, -EINVAL, or -ENOSPC when the table is full. */
static int add_range(struct device_tree_range *table, unsigned *count, unsigned most,
                     struct device_tree_range range)
{
    if (range.base + range.bytes < range.base)
        return -EINVAL;
    if (range.bytes == 0)
        return 0;
    if (*count == most)
        return -ENOSPC;
    table[(*count)++] = range;
    return 0;
}

/* Adds every range of the node's reg. */
static int add_ranges(struct scan *scan, struct cells cells, struct device_tree_range *table,
                      unsigned *count, unsigned most)
{
    const uint32_t *value = scan->property[PROPERTY_REG]->value;
    uint32_t words = fdt_property_bytes(scan->property[PROPERTY_REG]) / 4;
    uint32_t stride = cells.address + cells.size;

    if (!has(scan, PROPERTY_REG))
        return 0;
    if (cells.address - 1 > 1 || cells.size - 1 > 1 || words % stride != 0)
        return -EINVAL;
    for (; words > 0; words -= stride, value += stride) {
        struct device_tree_range range = {
            .base = fdt_read_cells(value, cells.address),
            .bytes = fdt_read_cells(value + cells.address, cells.size),
        };
        int error = add_range(table, count, most, range);

        if (error)
            return error;
    }
    return 0;
}

static int on_memory(struct scan *scan)
{
    struct device_tree_info *info = scan->info;
    int error = add_ranges(scan, scan->root_cells, info->memory, &info->memory_count,
                           DEVICE_TREE_MEMORY_RANGES);

    return error == -ENOSPC ? 0 : error;
}

static int on_cpu(struct scan *scan)
{
    struct device_tree_info *info = scan->info;

    if (!has(scan, PROPERTY_REG))
        return 0;
    if (scan->top_cells.address - 1 > 1 ||
        fdt_property_bytes(scan->property[PROPERTY_REG]) != scan->top_cells.address * 4)
        return -EINVAL;
    if (info->cpu_count < DEVICE_TREE_CPUS)
        info->cpu_id[info->cpu_count] =
            fdt_read_cells(scan->property[PROPERTY_REG]->value, scan->top_cells.address);
    info->cpu_count++;
    return 0;
}

/* The first 64 bits of a seed, or 0. */
static uint64_t read_seed(const struct scan *scan, enum property property)
{
    if (!has(scan, property) || fdt_property_bytes(scan->property[property]) < 8)
        return 0;
    return fdt_read_cells(scan->property[property]->value, 2);
}

static int on_chosen(struct scan *scan)
{
    struct device_tree_info *info = scan->info;
    uint32_t bytes = fdt_property_bytes(scan->property[PROPERTY_ARGUMENTS]);

    info->seed = read_seed(scan, PROPERTY_RNG_SEED) ^ read_seed(scan, PROPERTY_KASLR_SEED);
    if (!has(scan, PROPERTY_ARGUMENTS) || bytes == 0)
        return 0;
    info->arguments = (const char *)scan->property[PROPERTY_ARGUMENTS]->value;
    info->argument_bytes = bytes - 1;
    return info->arguments[bytes - 1] == '\0' ? 0 : -EINVAL;
}

/* A GIC goes before whatever is chained to it. */
static void on_interrupt_controller(struct scan *scan)
{
    enum device_tree_irq_controller *found = &scan->info->irq_controller;

    if (*found > DEVICE_TREE_IRQ_OTHER)
        return;
    if (has_string(scan, PROPERTY_COMPATIBLE, "arm,gic-v3"))
        *found = DEVICE_TREE_IRQ_GICV3;
    else if (has_string(scan, PROPERTY_COMPATIBLE, "arm,cortex-a15-gic") ||
             has_string(scan, PROPERTY_COMPATIBLE, "arm,gic-400"))
        *found = DEVICE_TREE_IRQ_GICV2;
    else
        *found = DEVICE_TREE_IRQ_OTHER;
}

static void on_psci(struct scan *scan)
{
    if (!has_string(scan, PROPERTY_COMPATIBLE, "arm,psci-1.0") &&
        !has_string(scan, PROPERTY_COMPATIBLE, "arm,psci-0.2"))
        return;
    if (has_string(scan, PROPERTY_METHOD, "hvc"))
        scan->info->psci = DEVICE_TREE_PSCI_HVC;
    else if (has_string(scan, PROPERTY_METHOD, "smc"))
        scan->info->psci = DEVICE_TREE_PSCI_SMC;
}

/* All properties of a usable node are there. */
static int on_node(struct scan *scan)
{
    struct device_tree_info *info = scan->info;

    if (has(scan, PROPERTY_INTERRUPT_CONTROLLER))
        on_interrupt_controller(scan);
    if (has(scan, PROPERTY_METHOD))
        on_psci(scan);
    switch (scan->kind) {
    case KIND_ROOT:
        return read_cells(scan, &scan->root_cells);
    case KIND_CPUS:
    case KIND_RESERVED_MEMORY:
        return read_cells(scan, &scan->top_cells);
    case KIND_CHOSEN:
        return on_chosen(scan);
    case KIND_CPU:
        return on_cpu(scan);
    case KIND_RESERVED:
        return add_ranges(scan, scan->top_cells, info->reserved, &info->reserved_count,
                          DEVICE_TREE_RESERVED_RANGES);
    case KIND_TOP:
        return has_string(scan, PROPERTY_DEVICE_TYPE, "memory") ? on_memory(scan) : 0;
    default:
        return 0;
    }
}

static enum kind classify_top(const struct fdt_reader *reader)
{
    switch (fdt_node_name_word(reader)) {
    case FDT_NAME('c', 'h', 'o', 's'):
        return fdt_name_is(reader->name, "chosen") ? KIND_CHOSEN : KIND_TOP;
    case FDT_NAME('c', 'p', 'u', 's'):
        return fdt_name_is(reader->name, "cpus") ? KIND_CPUS : KIND_TOP;
    case FDT_NAME('r', 'e', 's', 'e'):
        return fdt_name_is(reader->name, "reserved-memory") ? KIND_RESERVED_MEMORY : KIND_TOP;
    default:
        return KIND_TOP;
    }
}

static enum kind classify_node(struct scan *scan)
{
    switch (scan->reader.depth) {
    case 1:
        return KIND_ROOT;
    case 2:
        scan->top = classify_top(&scan->reader);
        scan->top_cells = default_cells;
        return scan->top;
    case 3:
        if (scan->top == KIND_RESERVED_MEMORY)
            return KIND_RESERVED;
        if (scan->top == KIND_CPUS &&
            fdt_node_name_word(&scan->reader) == FDT_NAME('c', 'p', 'u', '@'))
            return KIND_CPU;
        return KIND_OTHER;
    default:
        return KIND_OTHER;
    }
}

/* The properties that make a node of this kind worth a look. */
static uint32_t wanted_of(enum kind kind)
{
    const uint32_t always = BIT(INTERRUPT_CONTROLLER) | BIT(METHOD);

    switch (kind) {
    case KIND_ROOT:
    case KIND_CPUS:
    case KIND_RESERVED_MEMORY:
        return always | BIT(ADDRESS_CELLS) | BIT(SIZE_CELLS);
    case KIND_CHOSEN:
        return always | BIT(ARGUMENTS) | BIT(RNG_SEED) | BIT(KASLR_SEED);
    case KIND_CPU:
    case KIND_RESERVED:
        return always | BIT(REG);
    case KIND_TOP:
        return always | BIT(DEVICE_TYPE);
    default:
        return always;
    }
}

/* A node's properties end where its first child begins or where it ends itself. */
static int end_properties(struct scan *scan)
{
    int error = 0;

    if ((scan->seen & scan->wanted) && is_usable(scan))
        error = on_node(scan);
    scan->seen = 0;
    return error;
}

static void begin_node(struct scan *scan)
{
    scan->kind = classify_node(scan);
    scan->wanted = wanted_of(scan->kind);
}

static int read_nodes(struct scan *scan)
{
    for (;;) {
        enum fdt_token token = fdt_next(&scan->reader);
        int error;

        if (token == FDT_PROPERTY) {
            on_property(scan);
            continue;
        }
        if (token == FDT_CORRUPT)
            return -EINVAL;
        if (token == FDT_END)
            return 0;
        error = end_properties(scan);
        if (error)
            return error;
        if (token == FDT_BEGIN_NODE)
            begin_node(scan);
    }
}

static int read_reservations(struct scan *scan)
{
    struct device_tree_info *info = scan->info;
    struct device_tree_range range;
    int result;

    while ((result = fdt_next_reservation(&scan->reader, &range.base, &range.bytes)) > 0) {
        result =
            add_range(info->reserved, &info->reserved_count, DEVICE_TREE_RESERVED_RANGES, range);
        if (result)
            return result;
    }
    return result;
}

int device_tree_read(const void *tree, size_t max_bytes, struct device_tree_info *info)
{
    struct scan scan = {.info = info, .root_cells = default_cells};
    int error;

    *info = (struct device_tree_info){0};
    error = fdt_begin(&scan.reader, tree, max_bytes);
    if (!error)
        error = read_reservations(&scan);
    if (!error)
        error = read_nodes(&scan);
    if (error)
        *info = (struct device_tree_info){0};
    else
        info->total_bytes = fdt_total_bytes(tree);
    return error;
}
