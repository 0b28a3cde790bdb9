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

/* What a property's name means. A name occurs in many nodes and once in the strings block. */
struct name {
    uint32_t offset; /* in the strings block, as it stands in the tree */
    uint32_t property;
};

struct scan {
    struct device_tree_info *info;
    struct cells root_cells; /* for the root's children */
    struct cells top_cells;  /* for the children of `top` */
    enum kind top;           /* the root's child that is open */
    enum kind kind;          /* the node whose properties come now, */
    uint32_t wanted;         /* which of them make it worth a look at their end, */
    uint32_t seen;           /* which have come, and where */
    const struct fdt_property *property[PROPERTY_COUNT];

    struct name cache[CACHE_ENTRIES];
};

static inline struct name *cache_entry(struct scan *scan, const struct fdt_property *property)
{
    return &scan->cache[property->name >> 24 & (CACHE_ENTRIES - 1)];
}

static const char names[PROPERTY_COUNT][sizeof("interrupt-controller")] = {
    [PROPERTY_ADDRESS_CELLS] = "#address-cells",
    [PROPERTY_SIZE_CELLS] = "#size-cells",
    [PROPERTY_REG] = "reg",
    [PROPERTY_STATUS] = "status",
    [PROPERTY_DEVICE_TYPE] = "device_type",
    [PROPERTY_COMPATIBLE] = "compatible",
    [PROPERTY_METHOD] = "method",
    [PROPERTY_INTERRUPT_CONTROLLER] = "interrupt-controller",
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
    case PAIR('d', 'e'):
        return PROPERTY_DEVICE_TYPE;
    case PAIR('c', 'o'):
        return PROPERTY_COMPATIBLE;
    case PAIR('m', 'e'):
        return PROPERTY_METHOD;
    case PAIR('i', 'n'):
        return PROPERTY_INTERRUPT_CONTROLLER;
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

/* The node's property, or NULL. */
static const struct fdt_property *find(const struct scan *scan, enum property property)
{
    return scan->seen & 1u << property ? scan->property[property] : NULL;
}

static bool has_string(const struct scan *scan, enum property property, const char *string)
{
    const struct fdt_property *found = find(scan, property);

    return found && fdt_property_has(found, string);
}

static bool is_usable(const struct scan *scan)
{
    return !find(scan, PROPERTY_STATUS) || has_string(scan, PROPERTY_STATUS, "okay") ||
           has_string(scan, PROPERTY_STATUS, "ok");
}

/* Keeps `number` as it is when the property is absent. */
static int read_number(const struct scan *scan, enum property property, uint32_t *number)
{
    const struct fdt_property *found = find(scan, property);

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
    const struct fdt_property *reg = find(scan, PROPERTY_REG);
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
static uint64_t read_seed(const struct scan *scan, enum property property)
{
    const struct fdt_property *seed = find(scan, property);

    return seed && fdt_property_bytes(seed) >= 8 ? fdt_read_cells(seed->value, 2) : 0;
}

static int on_chosen(struct scan *scan)
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

    if (find(scan, PROPERTY_INTERRUPT_CONTROLLER))
        on_interrupt_controller(scan);
    if (find(scan, PROPERTY_METHOD))
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

static enum kind classify_top(const uint32_t *name)
{
    const char *string = (const char *)name;

    switch (name[0]) {
    case FDT_NAME('c', 'h', 'o', 's'):
        return fdt_name_is(string, "chosen") ? KIND_CHOSEN : KIND_TOP;
    case FDT_NAME('c', 'p', 'u', 's'):
        return fdt_name_is(string, "cpus") ? KIND_CPUS : KIND_TOP;
    case FDT_NAME('r', 'e', 's', 'e'):
        return fdt_name_is(string, "reserved-memory") ? KIND_RESERVED_MEMORY : KIND_TOP;
    default:
        return KIND_TOP;
    }
}

static enum kind classify_node(struct scan *scan, uint32_t depth, const uint32_t *name)
{
    switch (depth) {
    case 1:
        return KIND_ROOT;
    case 2:
        scan->top = classify_top(name);
        scan->top_cells = default_cells;
        return scan->top;
    case 3:
        if (scan->top == KIND_RESERVED_MEMORY)
            return KIND_RESERVED;
        if (scan->top == KIND_CPUS && name[0] == FDT_NAME('c', 'p', 'u', '@'))
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

static inline void begin_node(struct scan *scan, uint32_t depth, const uint32_t *name)
{
    scan->kind = classify_node(scan, depth, name);
    scan->wanted = wanted_of(scan->kind);
}

/* A node's properties end where its first child begins or where it ends itself. */
static __attribute__((noinline)) int end_properties(struct scan *scan, uint32_t seen)
{
    scan->seen = seen;
    return is_usable(scan) ? on_node(scan) : 0;
}

/* Fills the cache entry of a property's name. */
static __attribute__((noinline)) int learn_name(struct name *entry, const struct fdt_reader *reader,
                                                const struct fdt_property *property)
{
    const char *name = fdt_property_name(reader, property);

    if (!name)
        return -EINVAL;
    entry->offset = property->name;
    entry->property = classify(name);
    return 0;
}

static int read_nodes(struct scan *scan, const struct fdt_reader *begun)
{
    struct fdt_reader reader = *begun; /* no pointer to it leaves: it lives in registers */
    uint32_t seen = 0;

    for (;;) {
        enum fdt_token token = fdt_next(&reader);

        if (token == FDT_PROPERTY) {
            struct name *entry = cache_entry(scan, reader.property);

            if (entry->offset != reader.property->name &&
                learn_name(entry, begun, reader.property) != 0)
                return -EINVAL;
            seen |= 1u << entry->property;
            scan->property[entry->property] = reader.property;
            continue;
        }
        if (token == FDT_END || token == FDT_CORRUPT)
            return token == FDT_END ? 0 : -EINVAL;
        if (seen & scan->wanted) {
            int error = end_properties(scan, seen);

            if (error)
                return error;
        }
        seen = 0;
        if (token == FDT_BEGIN_NODE)
            begin_node(scan, reader.depth, reader.name);
    }
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

    scan.cache[0].offset = ~0u; /* the other empty entries match no offset that leads to them */
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
