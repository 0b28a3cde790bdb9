#include <core/device_tree.h>

#include <errno.h>
#include <lib/fdt.h>

/* Properties that mean something here, in the order of property_names. */
enum property {
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

/* Nodes that do, in the order of node_names. Of all others not even the properties' names are
 * looked at. */
enum kind {
    KIND_CHOSEN, /* the first four are the root's children only */
    KIND_MEMORY,
    KIND_CPUS,
    KIND_RESERVED_MEMORY,
    KIND_CPU,
    KIND_PSCI,
    KIND_INTERRUPT_CONTROLLER,
    KIND_INTC,
    KIND_NAMED,
    KIND_OTHER = KIND_NAMED,
    KIND_ROOT,
    KIND_RESERVED
};

/* Names are told apart by their first 15 characters; a node's without its unit address. */
#define NAME_CHARACTERS 15

static const char property_names[PROPERTY_COUNT][NAME_CHARACTERS + 1] = {
    "#address-cells", "#size-cells", "reg",      "status",     "compatible",
    "method",         "bootargs",    "rng-seed", "kaslr-seed",
};

/* As the specification and bindings have them, and QEMU's intc. */
static const char node_names[KIND_NAMED][NAME_CHARACTERS + 1] = {
    "chosen", "memory", "cpus", "reserved-memory", "cpu", "psci", "interrupt-contr", "intc",
};

struct cells {
    uint32_t address;
    uint32_t size;
};

struct scan {
    struct device_tree_info *info;
    struct cells root_cells;     /* for the root's children */
    struct cells reserved_cells; /* for those of /reserved-memory */
    enum kind top;               /* the root's child that is open */
    enum kind kind;              /* the node whose properties come now */
    struct {
        const struct fdt_property *at[PROPERTY_COUNT]; /* those that have come, or NULL */
    } found;
};

static bool is_same(const char *name, const char *expected)
{
    for (unsigned i = 0; i < NAME_CHARACTERS; i++) {
        if (expected[i] == '\0')
            return name[i] == '\0' || name[i] == '@';
        if (name[i] != expected[i])
            return false;
    }
    return true;
}

/* Place of a name in a table, or the table's length. */
static unsigned look_up(const char *name, const char (*table)[NAME_CHARACTERS + 1], unsigned count)
{
    char first = name[0];
    unsigned i = 0;

    while (i < count && (table[i][0] != first || !is_same(name, table[i])))
        i++;
    return i;
}

static bool has_string(const struct scan *scan, enum property property, const char *string)
{
    return scan->found.at[property] && fdt_property_has(scan->found.at[property], string);
}

/* A property of one cell; 0 when it has another size. */
static uint32_t read_number(const struct scan *scan, enum property property, uint32_t absent)
{
    const struct fdt_property *number = scan->found.at[property];

    if (!number)
        return absent;
    return fdt_property_bytes(number) == 4 ? fdt_word(number->value[0]) : 0;
}

/* What #address-cells and #size-cells say, or the specification's defaults (2.3.5). */
static struct cells read_cells(const struct scan *scan)
{
    return (struct cells){.address = read_number(scan, PROPERTY_ADDRESS_CELLS, 2),
                          .size = read_number(scan, PROPERTY_SIZE_CELLS, 1)};
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
    const struct fdt_property *reg = scan->found.at[PROPERTY_REG];
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

/* The first 64 bits of a seed, or 0. */
static uint64_t read_seed(const struct fdt_property *seed)
{
    return seed && fdt_property_bytes(seed) >= 8 ? fdt_read_cells(seed->value, 2) : 0;
}

static int on_chosen(struct scan *scan)
{
    struct device_tree_info *info = scan->info;
    const struct fdt_property *arguments = scan->found.at[PROPERTY_ARGUMENTS];
    uint32_t bytes = arguments ? fdt_property_bytes(arguments) : 0;

    info->seed = read_seed(scan->found.at[PROPERTY_RNG_SEED]) ^
                 read_seed(scan->found.at[PROPERTY_KASLR_SEED]);
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

    if (has_string(scan, PROPERTY_COMPATIBLE, "arm,gic-v3"))
        *found = DEVICE_TREE_IRQ_GICV3;
    else if (has_string(scan, PROPERTY_COMPATIBLE, "arm,cortex-a15-gic") ||
             has_string(scan, PROPERTY_COMPATIBLE, "arm,gic-400"))
        *found = DEVICE_TREE_IRQ_GICV2;
    else if (*found == DEVICE_TREE_IRQ_NONE)
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
    int error;

    switch (scan->kind) {
    case KIND_CHOSEN:
        return on_chosen(scan);
    case KIND_MEMORY:
        error = add_ranges(scan, scan->root_cells, info->memory, &info->memory_count,
                           DEVICE_TREE_MEMORY_RANGES);
        return error == -ENOSPC ? 0 : error;
    case KIND_CPU:
        info->cpu_count++;
        return 0;
    case KIND_RESERVED:
        return add_ranges(scan, scan->reserved_cells, info->reserved, &info->reserved_count,
                          DEVICE_TREE_RESERVED_RANGES);
    case KIND_PSCI:
        on_psci(scan);
        return 0;
    case KIND_INTERRUPT_CONTROLLER:
    case KIND_INTC:
        on_interrupt_controller(scan);
        return 0;
    default:
        return 0;
    }
}

/* A node's properties end where its first child begins or where it ends itself. */
static int end_properties(struct scan *scan)
{
    int error = 0;

    if (scan->kind == KIND_ROOT)
        scan->root_cells = read_cells(scan);
    else if (scan->kind == KIND_RESERVED_MEMORY)
        scan->reserved_cells = read_cells(scan);
    else if (!scan->found.at[PROPERTY_STATUS] || has_string(scan, PROPERTY_STATUS, "okay") ||
             has_string(scan, PROPERTY_STATUS, "ok"))
        error = on_node(scan);
    scan->kind = KIND_OTHER;
    __builtin_memset(&scan->found, 0, sizeof(scan->found));
    return error;
}

static void begin_node(struct scan *scan, uint32_t depth, const char *name)
{
    enum kind kind = (enum kind)look_up(name, node_names, KIND_NAMED);
    bool is_right_place = true;

    if (kind < KIND_CPU)
        is_right_place = depth == 2;
    else if (kind == KIND_CPU)
        is_right_place = depth == 3 && scan->top == KIND_CPUS;
    if (!is_right_place)
        kind = KIND_OTHER;
    if (depth == 1)
        kind = KIND_ROOT;
    else if (depth == 2)
        scan->top = kind;
    else if (depth == 3 && scan->top == KIND_RESERVED_MEMORY)
        kind = KIND_RESERVED;
    scan->kind = kind;
}

#define LETTER(c) (1u << ((c) % 32))

/* Most nodes are told by their first letter to be of no interest. */
static bool may_matter(const struct scan *scan, const char *name)
{
    const uint32_t letters =
        LETTER('\0') | LETTER('c') | LETTER('i') | LETTER('m') | LETTER('p') | LETTER('r');

    return (letters & LETTER((unsigned char)name[0])) || scan->top == KIND_RESERVED_MEMORY;
}

static int on_property(struct scan *scan, const struct fdt_reader *reader,
                       const struct fdt_property *property)
{
    const char *name = fdt_property_name(reader, property);
    unsigned meaning;

    if (!name)
        return -EINVAL;
    meaning = look_up(name, property_names, PROPERTY_COUNT);
    if (meaning < PROPERTY_COUNT)
        scan->found.at[meaning] = property;
    return 0;
}

static int read_nodes(struct scan *scan, const struct fdt_reader *begun)
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
        if (token == FDT_END_NODE && reader.depth == 1)
            scan->top = KIND_OTHER;
        if (token == FDT_BEGIN_NODE && may_matter(scan, reader.name))
            begin_node(scan, reader.depth, reader.name);
    }
    return error;
}

static int read_reservations(struct device_tree_info *info, struct fdt_reader *reader)
{
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

/* Boot does this once: cold, it is compiled to small code with all that only it calls. */
__attribute__((cold)) int device_tree_read(const void *tree, size_t max_bytes,
                                           struct device_tree_info *info)
{
    struct scan scan = {.info = info, .top = KIND_OTHER, .kind = KIND_OTHER};
    struct fdt_reader reader;
    int error = fdt_begin(&reader, tree, max_bytes);

    *info = (struct device_tree_info){0};
    if (!error)
        error = read_reservations(info, &reader);
    if (!error)
        error = read_nodes(&scan, &reader);
    if (error)
        *info = (struct device_tree_info){0};
    else
        info->total_bytes = fdt_total_bytes(tree);
    return error;
}
