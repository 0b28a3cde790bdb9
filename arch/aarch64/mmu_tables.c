/*
 * The mapper: VMSAv8-64 tables with a 4 KiB granule (Arm ARM D8.3), as plain C over memory. The
 * only thing that it asks of a CPU is arch_tlb_flush().
 */
#include <arch/mmu.h>
#include <errno.h>
#include <isa/mmu.h>

#define ENTRIES       512u
#define LEVEL_BITS    9u
#define TOP_LEAF      30u /* 1 GiB: the largest block */
#define ADDRESS_MASK  0x0000FFFFFFFFF000ull
#define LEAF_PAGE     3u
#define LEAF_BLOCK    1u
#define TABLE         3u
#define TYPE_MASK     3u
#define ATTRIBUTES(k) (mapping_bits[k])

#define ATTR_INDEX(n) ((uint64_t)(n) << 2)
#define READ_ONLY     (1ull << 7)
#define INNER         (3ull << 8)
#define OUTER         (2ull << 8)
#define ACCESSED      (1ull << 10)
#define NO_EXECUTE    (3ull << 53) /* PXN and UXN */
#define USER_NEVER    (1ull << 54) /* UXN */
#define PERMISSIONS   (READ_ONLY | NO_EXECUTE)

static const uint64_t mapping_bits[] = {
    [ARCH_MAP_CODE] = ATTR_INDEX(MAIR_NORMAL) | INNER | ACCESSED | READ_ONLY | USER_NEVER,
    [ARCH_MAP_READ_ONLY] = ATTR_INDEX(MAIR_NORMAL) | INNER | ACCESSED | READ_ONLY | NO_EXECUTE,
    [ARCH_MAP_DATA] = ATTR_INDEX(MAIR_NORMAL) | INNER | ACCESSED | NO_EXECUTE,
    [ARCH_MAP_UNCACHED] = ATTR_INDEX(MAIR_UNCACHED) | OUTER | ACCESSED | NO_EXECUTE,
    [ARCH_MAP_DEVICE] = ATTR_INDEX(MAIR_DEVICE) | OUTER | ACCESSED | NO_EXECUTE,
};

/* What is done to a range; the walk is the same for all. */
struct change {
    struct arch_space *space;
    enum { MAP, UNMAP, PROTECT } action;
    uint64_t bits;     /* of the new leaf, for MAP and PROTECT */
    uintptr_t offset;  /* physical - virtual, for MAP */
    bool live_changed; /* a valid entry was altered: the TLB may hold it */
};

static bool is_valid(uint64_t entry)
{
    return entry & 1;
}

static bool is_table(uint64_t entry, unsigned shift)
{
    return shift > ARCH_PAGE_SHIFT && (entry & TYPE_MASK) == TABLE;
}

static uint64_t *table_of(uint64_t entry)
{
    return (uint64_t *)(uintptr_t)(entry & ADDRESS_MASK);
}

static uint64_t leaf(uint64_t physical, unsigned shift, uint64_t bits)
{
    return physical | bits | (shift == ARCH_PAGE_SHIFT ? LEAF_PAGE : LEAF_BLOCK);
}

static uint64_t leaf_bits(uint64_t entry)
{
    return entry & ~ADDRESS_MASK & ~(uint64_t)TYPE_MASK;
}

static uint64_t *new_table(const struct arch_space *space)
{
    uint64_t *table = (uint64_t *)space->source();
    if (table)
        arch_table_fill(table, 0, 0, ENTRIES);
    return table;
}

/*
 * Changes a valid entry. All but a change of permissions goes by way of an invalid entry and a
 * flush (break before make, Arm ARM D8.14.1): the caller does not stand on what is mapped here.
 */
static void replace_live(struct change *change, uint64_t *entry, uint64_t value, uintptr_t va,
                         unsigned shift)
{
    change->live_changed = true;
    if (value && ((*entry ^ value) & ~PERMISSIONS)) {
        arch_table_publish(entry, 0);
        arch_tlb_flush(va & ~((1ull << shift) - 1), 1ull << shift);
    }
    arch_table_publish(entry, value);
}

/* A table in place of a block, mapping the same; then changed entry by entry. */
static int split_block(struct change *change, uint64_t *entry, uintptr_t va, unsigned shift)
{
    uint64_t *table = (uint64_t *)change->space->source();
    if (!table)
        return -ENOMEM;
    unsigned below = shift - LEVEL_BITS;
    arch_table_fill(table, leaf(*entry & ADDRESS_MASK, below, leaf_bits(*entry)), 1ull << below,
                    ENTRIES);
    replace_live(change, entry, (uintptr_t)table | TABLE, va, shift);
    return 0;
}

/* Makes sure that entry leads to a table. */
static int descend(struct change *change, uint64_t *entry, uintptr_t va, unsigned shift)
{
    if (is_table(*entry, shift))
        return 0;
    if (is_valid(*entry))
        return split_block(change, entry, va, shift);
    uint64_t *table = new_table(change->space);
    if (!table)
        return -ENOMEM;
    arch_table_publish(entry, (uintptr_t)table | TABLE);
    return 0;
}

/* How many leaves of this size the range and the table have room for; 0 if va is not aligned. */
static size_t leaf_run(const struct change *change, uintptr_t va, unsigned shift, size_t bytes)
{
    uintptr_t both = va | (va + change->offset);
    if (shift > TOP_LEAF || (both & ((1ull << shift) - 1)))
        return 0;
    size_t most = bytes >> shift;
    size_t left = ENTRIES - ((va >> shift) & (ENTRIES - 1));
    return most < left ? most : left;
}

static int change_leaf(struct change *change, uint64_t *entry, uintptr_t va, unsigned shift)
{
    if (!is_valid(*entry))
        return change->action == PROTECT ? -EFAULT : 0;
    uint64_t value = 0;
    if (change->action == PROTECT)
        value = leaf(*entry & ADDRESS_MASK, shift, change->bits);
    replace_live(change, entry, value, va, shift);
    return 0;
}

static int map_leaf(struct change *change, uint64_t *entry, uintptr_t va, unsigned shift)
{
    uintptr_t first = va & ~((1ull << shift) - 1);
    uint64_t value = leaf(first + change->offset, shift, change->bits);
    if (is_valid(*entry))
        return *entry == value ? 0 : -EEXIST;
    *entry = value;
    return 0;
}

static int walk(struct change *change, uint64_t *table, unsigned shift, uintptr_t va, size_t bytes);

/* One entry, for the part of its span that the range covers. */
static int walk_entry(struct change *change, uint64_t *entry, unsigned shift, uintptr_t va,
                      size_t bytes)
{
    bool whole = bytes == 1ull << shift;
    if (!is_table(*entry, shift)) {
        if (change->action != MAP && (whole || !is_valid(*entry)))
            return change_leaf(change, entry, va, shift);
        if (change->action == MAP && (is_valid(*entry) || leaf_run(change, va, shift, bytes)))
            return map_leaf(change, entry, va, shift);
    }
    int error = descend(change, entry, va, shift);
    return error ? error : walk(change, table_of(*entry), shift - LEVEL_BITS, va, bytes);
}

static int walk(struct change *change, uint64_t *table, unsigned shift, uintptr_t va, size_t bytes)
{
    while (bytes) {
        uint64_t *entry = &table[(va >> shift) & (ENTRIES - 1)];
        size_t span = 1ull << shift;
        size_t step = span - (va & (span - 1));
        step = step < bytes ? step : bytes;
        size_t run = change->action == MAP ? leaf_run(change, va, shift, bytes) : 0;
        if (run)
            run = arch_table_empty_run(entry, run);
        if (run) {
            arch_table_fill(entry, leaf(va + change->offset, shift, change->bits), span, run);
            step = run << shift;
        } else {
            int error = walk_entry(change, entry, shift, va, step);
            if (error)
                return error;
        }
        va += step;
        bytes -= step;
    }
    return 0;
}

static unsigned top_shift(const struct arch_space *space)
{
    return space->va_bits > 39 ? 39 : 30;
}

static bool is_bad_range(const struct arch_space *space, uintptr_t start, size_t bytes)
{
    uintptr_t limit = 1ull << space->va_bits;
    return ((start | bytes) & (ARCH_PAGE_BYTES - 1)) || start >= limit || bytes > limit - start;
}

static int apply(struct change *change, uintptr_t va, size_t bytes)
{
    struct arch_space *space = change->space;
    if (is_bad_range(space, va, bytes))
        return -EINVAL;
    int error = walk(change, space->root, top_shift(space), va, bytes);
    arch_table_barrier();
    if (change->live_changed)
        arch_tlb_flush(va, bytes);
    return error;
}

int arch_space_init(struct arch_space *space, unsigned va_bits, arch_page_source_t source)
{
    space->va_bits = va_bits;
    space->source = source;
    space->root = new_table(space);
    return space->root ? 0 : -ENOMEM;
}

int arch_mmu_map(struct arch_space *space, uintptr_t va, uintptr_t pa, size_t bytes,
                 enum arch_mapping kind)
{
    if (kind >= ARCH_MAP_NONE || (pa & (ARCH_PAGE_BYTES - 1)) || pa + bytes - 1 > ADDRESS_MASK + 4095)
        return -EINVAL;
    struct change change = {space, MAP, ATTRIBUTES(kind), pa - va, false};
    return apply(&change, va, bytes);
}

int arch_mmu_unmap(struct arch_space *space, uintptr_t va, size_t bytes)
{
    struct change change = {.space = space, .action = UNMAP};
    return apply(&change, va, bytes);
}

int arch_mmu_protect(struct arch_space *space, uintptr_t va, size_t bytes, enum arch_mapping kind)
{
    if (kind >= ARCH_MAP_NONE)
        return -EINVAL;
    struct change change = {.space = space, .action = PROTECT, .bits = ATTRIBUTES(kind)};
    return apply(&change, va, bytes);
}

static enum arch_mapping kind_of(uint64_t entry)
{
    for (unsigned kind = 0; kind < ARCH_MAP_NONE; kind++)
        if (leaf_bits(entry) == ATTRIBUTES(kind))
            return (enum arch_mapping)kind;
    return ARCH_MAP_NONE;
}

struct arch_mapping_info arch_mmu_query(const struct arch_space *space, uintptr_t va)
{
    struct arch_mapping_info info = {.kind = ARCH_MAP_NONE};
    if (va >> space->va_bits)
        return info;
    const uint64_t *table = space->root;
    unsigned shift = top_shift(space);
    uint64_t entry = table[(va >> shift) & (ENTRIES - 1)];
    while (is_table(entry, shift)) {
        shift -= LEVEL_BITS;
        entry = table_of(entry)[(va >> shift) & (ENTRIES - 1)];
    }
    info.block_bytes = 1ull << shift;
    if (!is_valid(entry))
        return info;
    info.kind = kind_of(entry);
    info.physical = (entry & ADDRESS_MASK) + (va & (info.block_bytes - 1));
    return info;
}
