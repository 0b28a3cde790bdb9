#include <core/device_tree.h>

#include <core/boot_info.h>
#include <errno.h>
#include <lib/fdt.h>

/*
 * Words that mean something here. Each stands behind its length; its place in the table, from 1,
 * is its value in the enumeration that follows. Of the specification and bindings, and QEMU's intc.
 */
static const char node_names[] = "\4psci"
                                 "\4intc"
                                 "\24interrupt-controller"
                                 "\3cpu"
                                 "\4cpus"
                                 "\6chosen"
                                 "\17reserved-memory"
                                 "\6memory";

enum kind {
    KIND_OTHER, /* not even the properties' names are looked at */
    KIND_PSCI,  /* the first three, anywhere */
    KIND_INTC,
    KIND_INTERRUPT_CONTROLLER,
    KIND_CPU,
    KIND_CPUS,
    KIND_CHOSEN,
    KIND_RESERVED_MEMORY,
    KIND_MEMORY, /* and KIND_RESERVED: in the order of enum device_tree_count */
    KIND_RESERVED = KIND_RESERVED_MEMORY + 2, /* child of that, whatever its name */
    KIND_OUTSIDE,                             /* the root's parent */
    KIND_ROOT = KIND_OUTSIDE + 2
};

#define LAST_INITIAL 'r' /* of the names */

static const char property_names[] = "\16#address-cells"
                                     "\13#size-cells"
                                     "\3reg"
                                     "\10bootargs"
                                     "\10rng-seed"
                                     "\12kaslr-seed"
                                     "\6status"
                                     "\12compatible"
                                     "\6method";

enum property {
    PROPERTY_OTHER,
    PROPERTY_ADDRESS_CELLS,
    PROPERTY_SIZE_CELLS,
    PROPERTY_REG,
    PROPERTY_ARGUMENTS,
    PROPERTY_RNG_SEED,
    PROPERTY_KASLR_SEED,
    PROPERTY_STATUS, /* the last three have strings out of the table below */
    PROPERTY_COMPATIBLE,
    PROPERTY_METHOD
};

/* The bit that its place is stands for each in enum device_tree_facts. */
static const char strings[] = "\3hvc"
                              "\3smc"
                              "\12arm,gic-v3"
                              "\13arm,gic-400"
                              "\22arm,cortex-a15-gic"
                              "\4okay"
                              "\2ok";

#define OKAY (1 << 6 | 1 << 7)

/* A node that is open. */
struct node {
    enum kind kind;
    uint32_t cells[2]; /* of its children's addresses and sizes */
};

/* Place of a word in a table, or 0. A node's unit address does not count. */
static unsigned look_up(const char *word, const char *table)
{
    unsigned length;

    for (unsigned place = 1; (length = (unsigned char)*table++) != 0; table += length, place++) {
        unsigned same = 0;

        while (word[same] == table[same])
            if (++same == length) {
                if (word[same] == '\0' || word[same] == '@')
                    return place;
                break;
            }
    }
    return 0;
}

/*
 * The strings that a property has in a row, as a set of their places in the table. The last may
 * lack its 0: the reader's promise is that one follows.
 */
static uint64_t read_strings(const char *text, const char *end)
{
    uint64_t set = 0;

    while (text < end) {
        set |= (uint64_t)1 << look_up(text, strings);
        while (*text++ != '\0')
            ;
    }
    return set;
}

/* Adds every range from `at` to `end`, or to one of zeros. */
static int add_ranges(struct device_tree_info *info, enum device_tree_count which,
                      const uint32_t *at, const char *end, const uint32_t cells[2])
{
    while ((const char *)at != end) {
        uint32_t address_cells = cells[0], size_cells = cells[1];
        struct device_tree_range range;

        if (((address_cells - 1) | (size_cells - 1)) > 1 ||
            end - (const char *)at < (address_cells + size_cells) * 4)
            return -EINVAL;
        range.base = fdt_read_cells(at, address_cells);
        at += address_cells;
        range.bytes = fdt_read_cells(at, size_cells);
        at += size_cells;
        if (range.base + range.bytes < range.base)
            return -EINVAL;
        if ((range.base | range.bytes) == 0)
            break;
        if (range.bytes == 0)
            continue;
        if (info->counts.of[which] == DEVICE_TREE_RANGES)
            return -ENOSPC;
        info->ranges[which][info->counts.of[which]++] = range;
    }
    return 0;
}

/* The memory reservation block. No range ends at an odd address: only its last entry ends it. */
static int add_reservations(struct device_tree_info *info, const struct fdt_reader *reader,
                            const uint32_t cells[2])
{
    const char *end = (const char *)((uintptr_t)reader->end | 3);

    return add_ranges(info, DEVICE_TREE_RESERVED, reader->reservations, end, cells);
}

static enum kind kind_of(const char *name, enum kind parent)
{
    enum kind kind;

    if (parent == KIND_OUTSIDE || parent == KIND_RESERVED_MEMORY) /* to ROOT, RESERVED */
        return parent + 2;
    if (name[0] > LAST_INITIAL) /* most are: virtio_mmio */
        return KIND_OTHER;
    kind = (enum kind)look_up(name, node_names);
    if (kind <= KIND_INTERRUPT_CONTROLLER)
        return kind;
    return parent == (kind == KIND_CPU ? KIND_CPUS : KIND_ROOT) ? kind : KIND_OTHER;
}

static void begin_node(struct device_tree_info *info, struct node *node, const char *name)
{
    node->cells[0] = 2; /* the defaults (2.3.5) */
    node->cells[1] = 1;
    node->kind = kind_of(name, node[-1].kind);
    info->counts.of[DEVICE_TREE_CPUS] += node->kind == KIND_CPU;
}

/*
 * Takes what a property says; `before` are the counts without its node, should that turn out not
 * to be usable. Among the nodes that are looked into, only one kind has such a property, reg
 * excepted: its name says enough.
 */
static int on_property(struct device_tree_info *info, struct node *node, uint64_t before,
                       const char *name, const struct fdt_property *property)
{
    const uint32_t *value = property->value;
    size_t bytes = fdt_property_bytes(property);
    const char *end = (const char *)value + bytes;
    enum property meaning = (enum property)look_up(name, property_names);

    if (meaning >= PROPERTY_STATUS) {
        uint64_t set = read_strings((const char *)value, end);

        if (meaning == PROPERTY_STATUS && !(set & OKAY)) {
            node->kind = KIND_OTHER;
            info->counts.all = before;
        }
        info->facts |= set;
    } else if (meaning >= PROPERTY_RNG_SEED) {
        if (bytes >= 8)
            info->seed ^= fdt_read_cells(value, 2);
    } else if (meaning == PROPERTY_ARGUMENTS) {
        info->arguments = (const char *)value;
        info->argument_bytes = bytes;
    } else if (meaning == PROPERTY_REG) {
        if (node->kind == KIND_MEMORY || node->kind == KIND_RESERVED)
            return add_ranges(info, node->kind - KIND_MEMORY, value, end, node[-1].cells);
    } else if (meaning != PROPERTY_OTHER) {
        node->cells[meaning - PROPERTY_ADDRESS_CELLS] = fdt_word(value[0]);
    }
    return 0;
}

static int hand_on(const struct device_tree_info *info, uintptr_t tree, size_t tree_bytes)
{
    const struct device_tree_range *range = info->ranges[DEVICE_TREE_MEMORY];

    for (unsigned left = info->counts.of[DEVICE_TREE_MEMORY]; left > 0; left--, range++)
        boot_memory_add(range->base, range->bytes);
    range = info->ranges[DEVICE_TREE_RESERVED];
    for (unsigned left = info->counts.of[DEVICE_TREE_RESERVED]; left > 0; left--, range++)
        boot_memory_reserve(range->base, range->bytes);
    boot_memory_reserve(tree, tree_bytes);
    boot_arguments_set(info->arguments, info->argument_bytes);
    if (info->counts.of[DEVICE_TREE_CPUS])
        boot_cpu_count_set(info->counts.of[DEVICE_TREE_CPUS]);
    return 0;
}

int device_tree_apply(const void *tree, size_t max_bytes, struct device_tree_info *info)
{
    struct node nodes[FDT_MAX_DEPTH + 1], *node = nodes;
    struct fdt_reader reader;
    uint64_t before = 0;
    const char *name;
    int error = fdt_begin(&reader, tree, max_bytes);

    if (error)
        return error;
    __builtin_memset(info, 0, offsetof(struct device_tree_info, ranges)); /* the counts tell */
    *node = (struct node){KIND_OUTSIDE, {2, 2}};
    error = add_reservations(info, &reader, node->cells);
    while (!error) {
        enum fdt_token token = fdt_next(&reader);

        if (token == FDT_BEGIN_NODE) {
            before = info->counts.all;
            begin_node(info, ++node, reader.name);
        } else if (token == FDT_END_NODE) {
            node--;
        } else if (token == FDT_END) {
            return hand_on(info, (uintptr_t)tree, reader.total_bytes);
        } else if (token == FDT_CORRUPT) {
            return -EINVAL;
        } else if (node->kind != KIND_OTHER) {
            error = fdt_property_name(&reader, reader.property, &name)
                        ? on_property(info, node, before, name, reader.property)
                        : -EINVAL;
        }
    }
    return error;
}
