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
    PROPERTY_COMPATIBLE,
    PROPERTY_METHOD,
    PROPERTY_ARGUMENTS,
    PROPERTY_RNG_SEED,
    PROPERTY_KASLR_SEED,
    PROPERTY_COUNT
};

/* Nodes that mean something here. Of all others not even the properties' names are looked at. */
enum kind {
    KIND_OTHER,
    KIND_ROOT,
    KIND_CHOSEN,
    KIND_MEMORY,
    KIND_CPUS,
    KIND_CPU,
    KIND_RESERVED_MEMORY,
    KIND_RESERVED,
    KIND_PSCI,
    KIND_INTERRUPT_CONTROLLER
};

struct cells {
    uint32_t address;
    uint32_t size;
};

static const struct cells default_cells = {.address = 2, .size = 1}; /* specification 2.3.5 */

struct scan {
    struct device_tree_info *info;
    struct cells root_cells; /* for the root's children */
    struct cells top_cells;  /* for the children of `top` */
    enum kind top;           /* the root's child that is open */
    enum kind kind;          /* the node whose properties come now */
    uint32_t seen;           /* those of its properties that have come, a bit each, and where */
    const struct fdt_property *property[PROPERTY_COUNT];
};

/* Only the loop over tokens is worth a large code. */
#define SMALL __attribute__((cold))

static const char names[PROPERTY_COUNT][sizeof("#address-cells")] = {
    [PROPERTY_ADDRESS_CELLS] = "#address-cells",
    [PROPERTY_SIZE_CELLS] = "#size-cells",
    [PROPERTY_REG] = "reg",
    [PROPERTY_STATUS] = "status",
    [PROPERTY_COMPATIBLE] = "compatible",
    [PROPERTY_METHOD] = "method",
    [PROPERTY_ARGUMENTS] = "bootargs",
    [PROPERTY_RNG_SEED] = "rng-seed",
    [PROPERTY_KASLR_SEED] = "kaslr-seed",
};

/* The only property that begins like this. */
static enum property guess(const char *name)
{
    switch (name[0]) {
    case '#':
        return name[1] == 'a' ? PROPERTY_ADDRESS_CELLS : PROPERTY_SIZE_CELLS;
    case 'b':
        return PROPERTY_ARGUMENTS;
    case 'c':
        return PROPERTY_COMPATIBLE;
    case 'k':
        return PROPERTY_KASLR_SEED;
    case 'm':
        return PROPERTY_METHOD;
    case 'r':
        return name[1] == 'n' ? PROPERTY_RNG_SEED : PROPERTY_REG;
    case 's':
        return PROPERTY_STATUS;
    default:
        return PROPERTY_OTHER;
    }
}

/* The node's property, or NULL. */
static const struct fdt_property *find(const struct scan *scan, enum property property)
{
    return (scan->seen & (1u << property)) ? scan->property[property] : NULL;
}

static SMALL bool has_string(const struct scan *scan, enum property property, const char *string)
{
    const struct fdt_property *found = find(scan, property);

    return found && fdt_property_has(found, string);
}

static SMALL bool is_usable(const struct scan *scan)
{
    return !find(scan, PROPERTY_STATUS) || has_string(scan, PROPERTY_STATUS, "okay") ||
           has_string(scan, PROPERTY_STATUS, "ok");
}

/* Keeps `number` as it is when the property is absent. */
static SMALL int read_number(const struct scan *scan, enum property property, uint32_t *number)
{
    const struct fdt_property *found = find(scan, property);

    if (!found)
        return 0;
    if (fdt_property_bytes(found) != 4)
        return -EINVAL;
    *number = fdt_word(found->value[0]);
    return 0;
}

static SMALL int read_cells(const struct scan *scan, struct cells *cells)
{
    int error = read_number(scan, PROPERTY_ADDRESS_CELLS, &cells->address);

    return error ? error : read_number(scan, PROPERTY_SIZE_CELLS, &cells->size);
}

/* Adds a range; 0, -EINVAL, or -ENOSPC when the table is full. */
static SMALL int add_range(struct device_tree_range *table, unsigned *count, unsigned most,
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
static SMALL int add_ranges(const struct scan *scan, struct cells cells,
                            struct device_tree_range *table, unsigned *count, unsigned most)
{
    const struct fdt_property *reg = find(scan, PROPERTY_REG);
    uint32_t bytes = reg ? fdt_property_bytes(reg) : 0;
    uint32_t stride = cells.address + cells.size;
    int error = 0;

    if (cells.address - 1 > 1 || cells.size - 1 > 1 || bytes % (stride * 4) != 0)
        return -EINVAL;
    for (uint32_t at = 0; at < bytes / 4 && !error; at += stride) {
        struct device_tree_range range = {
            .base = fdt_read_cells(&reg->value[at], cells.address),
            .bytes = fdt_read_cells(&reg->value[at + cells.address], cells.size),
        };

        error = add_range(table, count, most, range);
    }
    return error;
}

static SMALL int on_memory(struct scan *scan)
{
    struct device_tree_info *info = scan->info;
    int error = add_ranges(scan, scan->root_cells, info->memory, &info->memory_count,
                           DEVICE_TREE_MEMORY_RANGES);

    return error == -ENOSPC ? 0 : error;
}

static SMALL int on_cpu(struct scan *scan)
{
    struct device_tree_info *info = scan->info;
    const struct fdt_property *reg = find(scan, PROPERTY_REG);
    uint32_t cells = scan->top_cells.address;

    if (!reg)
        return 0;
    if (cells - 1 > 1 || fdt_property_bytes(reg) != cells * 4)
        return -EINVAL;
    if (info->cpu_count < DEVICE_TREE_CPUS)
        info->cpu_id[info->cpu_count] = fdt_read_cells(reg->value, cells);
    info->cpu_count++;
    return 0;
}

/* The first 64 bits of a seed, or 0. */
static SMALL uint64_t read_seed(const struct scan *scan, enum property property)
{
    const struct fdt_property *seed = find(scan, property);

    return seed && fdt_property_bytes(seed) >= 8 ? fdt_read_cells(seed->value, 2) : 0;
}

static SMALL int on_chosen(struct scan *scan)
{
    struct device_tree_info *info = scan->info;
    const struct fdt_property *arguments = find(scan, PROPERTY_ARGUMENTS);
    uint32_t bytes = arguments ? fdt_property_bytes(arguments) : 0;

    info->seed = read_seed(scan, PROPERTY_RNG_SEED) ^ read_seed(scan, PROPERTY_KASLR_SEED);
    if (bytes == 0)
        return 0;
    info->arguments = (const char *)arguments->value;
    info->argument_bytes = bytes - 1;
    return info->arguments[bytes - 1] == '\0' ? 0 : -EINVAL;
}

/* A GIC goes before whatever is chained to it. */
static SMALL void on_interrupt_controller(struct scan *scan)
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

static SMALL void on_psci(struct scan *scan)
{
    if (has_string(scan, PROPERTY_METHOD, "hvc"))
        scan->info->psci = DEVICE_TREE_PSCI_HVC;
    else if (has_string(scan, PROPERTY_METHOD, "smc"))
        scan->info->psci = DEVICE_TREE_PSCI_SMC;
}

/* All properties of a usable node are there. */
static SMALL int on_node(struct scan *scan)
{
    struct device_tree_info *info = scan->info;

    switch (scan->kind) {
    case KIND_ROOT:
        return read_cells(scan, &scan->root_cells);
    case KIND_CPUS:
    case KIND_RESERVED_MEMORY:
        return read_cells(scan, &scan->top_cells);
    case KIND_CHOSEN:
        return on_chosen(scan);
    case KIND_MEMORY:
        return on_memory(scan);
    case KIND_CPU:
        return on_cpu(scan);
    case KIND_RESERVED:
        return add_ranges(scan, scan->top_cells, info->reserved, &info->reserved_count,
                          DEVICE_TREE_RESERVED_RANGES);
    case KIND_PSCI:
        on_psci(scan);
        return 0;
    case KIND_INTERRUPT_CONTROLLER:
        on_interrupt_controller(scan);
        return 0;
    default:
        return 0;
    }
}

/* Sorted by first letter, since most nodes are of no interest. */
static enum kind classify_node(enum kind top, uint32_t depth, const char *name)
{
    switch (name[0]) {
    case 'c':
        if (depth == 2 && fdt_name_is(name, "chosen"))
            return KIND_CHOSEN;
        if (depth == 2 && fdt_name_is(name, "cpus"))
            return KIND_CPUS;
        return top == KIND_CPUS && fdt_unit_name_is(name, "cpu") ? KIND_CPU : KIND_OTHER;
    case 'g': /* in older trees */
        return fdt_unit_name_is(name, "gic") ? KIND_INTERRUPT_CONTROLLER : KIND_OTHER;
    case 'i':
        if (fdt_unit_name_is(name, "interrupt-controller") || fdt_unit_name_is(name, "intc"))
            return KIND_INTERRUPT_CONTROLLER;
        return KIND_OTHER;
    case 'm':
        return depth == 2 && fdt_unit_name_is(name, "memory") ? KIND_MEMORY : KIND_OTHER;
    case 'p':
        return fdt_name_is(name, "psci") ? KIND_PSCI : KIND_OTHER;
    case 'r':
        return depth == 2 && fdt_name_is(name, "reserved-memory") ? KIND_RESERVED_MEMORY
                                                                  : KIND_OTHER;
    default:
        return KIND_OTHER;
    }
}

static void begin_node(struct scan *scan, uint32_t depth, const char *name)
{
    if (depth == 2) {
        scan->kind = classify_node(KIND_OTHER, depth, name);
        scan->top = scan->kind;
        scan->top_cells = default_cells;
    } else if (depth == 1) {
        scan->kind = KIND_ROOT;
    } else if (depth == 3 && scan->top == KIND_RESERVED_MEMORY) {
        scan->kind = KIND_RESERVED;
    } else {
        scan->kind = classify_node(depth == 3 ? scan->top : KIND_OTHER, depth, name);
    }
}

/* A node's properties end where its first child begins or where it ends itself. */
static SMALL __attribute__((noinline)) int end_properties(struct scan *scan)
{
    int error = is_usable(scan) ? on_node(scan) : 0;

    scan->kind = KIND_OTHER;
    scan->seen = 0;
    return error;
}

static int on_property(struct scan *scan, const struct fdt_reader *reader,
                       const struct fdt_property *property)
{
    const char *name = fdt_property_name(reader, property);
    enum property meaning;

    if (!name)
        return -EINVAL;
    meaning = guess(name);
    if (meaning != PROPERTY_OTHER && fdt_name_is(name + 1, names[meaning] + 1)) {
        scan->property[meaning] = property;
        scan->seen |= 1u << meaning;
    }
    return 0;
}

static __attribute__((noinline)) int read_nodes(struct scan *scan, const struct fdt_reader *begun)
{
    struct fdt_reader reader = *begun; /* no pointer to it leaves: it lives in registers */
    int error = 0;

    while (!error) {
        enum fdt_token token;

        if (scan->kind == KIND_OTHER)
            fdt_skip_properties(&reader);
        token = fdt_next(&reader);
        if (token == FDT_PROPERTY) {
            error = on_property(scan, begun, reader.property);
            continue;
        }
        if (token == FDT_END || token == FDT_CORRUPT)
            return token == FDT_END ? 0 : -EINVAL;
        if (scan->kind != KIND_OTHER)
            error = end_properties(scan);
        if (token == FDT_BEGIN_NODE)
            begin_node(scan, reader.depth, reader.name);
    }
    return error;
}

static int read_reservations(struct scan *scan, struct fdt_reader *reader)
{
    struct device_tree_info *info = scan->info;
    struct device_tree_range range;
    int result;

    while ((result = fdt_next_reservation(reader, &range.base, &range.bytes)) > 0) {
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
    struct fdt_reader reader;
    int error = fdt_begin(&reader, tree, max_bytes);

    *info = (struct device_tree_info){0};
    if (!error)
        error = read_reservations(&scan, &reader);
    if (!error)
        error = read_nodes(&scan, &reader);
    if (error)
        *info = (struct device_tree_info){0};
    else
        info->total_bytes = fdt_total_bytes(tree);
    return error;
}
