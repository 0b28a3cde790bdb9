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
    struct cells root_cells;                             /* for the root's children */
    struct cells top_cells;                              /* for the children of `top` */
    enum kind top;                                       /* the root's child that is open */
    enum kind kind;                                      /* the node whose properties come now */
    const struct fdt_property *property[PROPERTY_COUNT]; /* those that have come, or NULL */
};

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

#define PAIR(a, b) ((a) << 8 | (b))

/* The only property that begins with these two characters. */
static enum property guess(unsigned char first, unsigned char second)
{
    switch (PAIR(first, second)) {
    case PAIR('#', 'a'):
        return PROPERTY_ADDRESS_CELLS;
    case PAIR('#', 's'):
        return PROPERTY_SIZE_CELLS;
    case PAIR('r', 'e'):
        return PROPERTY_REG;
    case PAIR('s', 't'):
        return PROPERTY_STATUS;
    case PAIR('c', 'o'):
        return PROPERTY_COMPATIBLE;
    case PAIR('m', 'e'):
        return PROPERTY_METHOD;
    case PAIR('b', 'o'):
        return PROPERTY_ARGUMENTS;
    case PAIR('r', 'n'):
        return PROPERTY_RNG_SEED;
    case PAIR('k', 'a'):
        return PROPERTY_KASLR_SEED;
    default:
        return PROPERTY_OTHER;
    }
}

static enum property classify(const char *name)
{
    enum property property = PROPERTY_OTHER;

    if (name[0] != '\0')
        property = guess((unsigned char)name[0], (unsigned char)name[1]);
    if (property != PROPERTY_OTHER && !fdt_name_is(name, names[property]))
        property = PROPERTY_OTHER;
    return property;
}

static bool has_string(const struct scan *scan, enum property property, const char *string)
{
    const struct fdt_property *found = scan->property[property];

    return found && fdt_property_has(found, string);
}

static bool is_usable(const struct scan *scan)
{
    return !scan->property[PROPERTY_STATUS] || has_string(scan, PROPERTY_STATUS, "okay") ||
           has_string(scan, PROPERTY_STATUS, "ok");
}

/* Keeps `number` as it is when the property is absent. */
static int read_number(const struct scan *scan, enum property property, uint32_t *number)
{
    const struct fdt_property *found = scan->property[property];

    if (!found)
        return 0;
    if (fdt_property_bytes(found) != 4)
        return -EINVAL;
    *number = fdt_word(found->value[0]);
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
static int add_ranges(const struct scan *scan, struct cells cells, struct device_tree_range *table,
                      unsigned *count, unsigned most)
{
    const struct fdt_property *reg = scan->property[PROPERTY_REG];
    uint32_t words = reg ? fdt_property_bytes(reg) / 4 : 0;
    uint32_t stride = cells.address + cells.size;
    int error = 0;

    if (cells.address - 1 > 1 || cells.size - 1 > 1 || words % stride != 0)
        return -EINVAL;
    for (uint32_t at = 0; at < words && !error; at += stride) {
        struct device_tree_range range = {
            .base = fdt_read_cells(&reg->value[at], cells.address),
            .bytes = fdt_read_cells(&reg->value[at + cells.address], cells.size),
        };

        error = add_range(table, count, most, range);
    }
    return error;
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
    const struct fdt_property *reg = scan->property[PROPERTY_REG];
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
static uint64_t read_seed(const struct scan *scan, enum property property)
{
    const struct fdt_property *seed = scan->property[property];

    return seed && fdt_property_bytes(seed) >= 8 ? fdt_read_cells(seed->value, 2) : 0;
}

static int on_chosen(struct scan *scan)
{
    struct device_tree_info *info = scan->info;
    const struct fdt_property *arguments = scan->property[PROPERTY_ARGUMENTS];
    uint32_t bytes = arguments ? fdt_property_bytes(arguments) : 0;

    info->seed = read_seed(scan, PROPERTY_RNG_SEED) ^ read_seed(scan, PROPERTY_KASLR_SEED);
    if (bytes == 0)
        return 0;
    info->arguments = (const char *)arguments->value;
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
    if (has_string(scan, PROPERTY_METHOD, "hvc"))
        scan->info->psci = DEVICE_TREE_PSCI_HVC;
    else if (has_string(scan, PROPERTY_METHOD, "smc"))
        scan->info->psci = DEVICE_TREE_PSCI_SMC;
}

/* All properties of a usable node are there. */
static int on_node(struct scan *scan)
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

/* A node's properties end where its first child begins or where it ends itself. */
static __attribute__((noinline)) int end_properties(struct scan *scan)
{
    int error = is_usable(scan) ? on_node(scan) : 0;

    for (unsigned i = 0; i < PROPERTY_COUNT; i++)
        scan->property[i] = NULL;
    scan->kind = KIND_OTHER;
    return error;
}

static enum kind classify_top(const char *name)
{
    switch (name[0]) {
    case 'c':
        if (fdt_name_is(name, "chosen"))
            return KIND_CHOSEN;
        return fdt_name_is(name, "cpus") ? KIND_CPUS : KIND_OTHER;
    case 'm':
        return fdt_unit_name_is(name, "memory") ? KIND_MEMORY : KIND_OTHER;
    case 'r':
        return fdt_name_is(name, "reserved-memory") ? KIND_RESERVED_MEMORY : KIND_OTHER;
    default:
        return KIND_OTHER;
    }
}

/* By the names that their bindings, QEMU (intc) and older trees (gic) give them. */
static enum kind classify_anywhere(const char *name)
{
    switch (name[0]) {
    case 'i':
        if (fdt_unit_name_is(name, "interrupt-controller") || fdt_unit_name_is(name, "intc"))
            return KIND_INTERRUPT_CONTROLLER;
        return KIND_OTHER;
    case 'g':
        return fdt_unit_name_is(name, "gic") ? KIND_INTERRUPT_CONTROLLER : KIND_OTHER;
    case 'p':
        return fdt_name_is(name, "psci") ? KIND_PSCI : KIND_OTHER;
    default:
        return KIND_OTHER;
    }
}

static __attribute__((noinline)) void begin_node(struct scan *scan, uint32_t depth,
                                                 const char *name)
{
    enum kind kind = KIND_OTHER;

    if (depth == 2) {
        kind = classify_top(name);
        scan->top = kind;
        scan->top_cells = default_cells;
    } else if (depth == 1) {
        kind = KIND_ROOT;
    } else if (depth == 3 && scan->top == KIND_RESERVED_MEMORY) {
        kind = KIND_RESERVED;
    } else if (depth == 3 && scan->top == KIND_CPUS && fdt_unit_name_is(name, "cpu")) {
        kind = KIND_CPU;
    }
    scan->kind = kind != KIND_OTHER ? kind : classify_anywhere(name);
}

static __attribute__((noinline)) int on_property(struct scan *scan, const struct fdt_reader *reader,
                                                 const struct fdt_property *property)
{
    const char *name = fdt_property_name(reader, property);

    if (!name)
        return -EINVAL;
    scan->property[classify(name)] = property;
    return 0;
}

static int read_nodes(struct scan *scan, const struct fdt_reader *begun)
{
    struct fdt_reader reader = *begun; /* no pointer to it leaves: it lives in registers */
    int error = 0;

    while (!error) {
        enum fdt_token token = fdt_next(&reader);

        if (token == FDT_PROPERTY) {
            if (scan->kind != KIND_OTHER)
                error = on_property(scan, begun, reader.property);
            continue;
        }
        if (token == FDT_END || token == FDT_CORRUPT)
            return token == FDT_END ? 0 : -EINVAL;
        if (scan->kind != KIND_OTHER)
            error = end_properties(scan);
        if (token == FDT_BEGIN_NODE)
            begin_node(scan, reader.depth, (const char *)reader.name);
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
