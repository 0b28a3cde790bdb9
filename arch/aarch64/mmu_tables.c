/*
 * The mapper: VMSAv8-64 tables with a 4 KiB granule (Arm ARM D8.3), as plain C over memory. The
 * only thing that it asks of a CPU is arch_tlb_flush().
 */
#include <arch/mmu.h>
#include <errno.h>
#include <isa/mmu.h>
#include <kiln/config.h>

#define ENTRIES        512u
#define LEVEL_BITS     9u
#define TOP_LEAF       30u /* 1 GiB: the largest block */
#define ADDRESS_MASK   0x0000FFFFFFFFF000ull
#define PHYSICAL_LIMIT ((uintptr_t)1 << 48)
#define LEAF_PAGE      3u
#define LEAF_BLOCK     1u
#define TABLE          3u
#define TYPE_MASK      3u

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

/* What is done to a range. */
struct change {
    struct arch_space *space;
    enum { MAP, MAP_FRESH, UNMAP, PROTECT } action;
    uint64_t bits;     /* of the new leaf, for MAP and PROTECT */
    uintptr_t offset;  /* physical - virtual, for MAP */
    bool live_changed; /* a valid entry was altered: the TLB may hold it */
};

/* Where the walk for an address ends: the entry that is no table, and its level. */
struct place {
    uint64_t *entry;
    unsigned shift; /* log2 of what the entry spans */
};

static bool is_valid(uint64_t entry)
{
    return entry & 1;
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

static uintptr_t span_offset(uintptr_t va, unsigned shift)
{
    return va & (((uintptr_t)1 << shift) - 1);
}

/* From an entry on, which may be a table, down to one that is none. */
static struct place descend(struct place at, uintptr_t va)
{
    while (at.shift != ARCH_PAGE_SHIFT && (*at.entry & TYPE_MASK) == TABLE) {
        at.shift -= LEVEL_BITS;
        at.entry = &table_of(*at.entry)[(va >> at.shift) % ENTRIES];
    }
    return at;
}

static struct place find(const struct arch_space *space, uintptr_t va)
{
    unsigned shift = space->va_bits > 39 ? 39 : 30;
    return descend((struct place){&space->root[(va >> shift) % ENTRIES], shift}, va);
}

/*
 * Changes an entry. A valid one that is not to be just forgotten or given other permissions goes by
 * way of an invalid one and a flush (break before make, Arm ARM D8.14.1): the caller does not stand
 * on what is mapped here.
 */
static void replace(struct change *change, struct place at, uint64_t value, uintptr_t va)
{
    uint64_t old = *at.entry;
    if (is_valid(old)) {
        change->live_changed = true;
        if (value && ((old ^ value) & ~PERMISSIONS)) {
            arch_table_publish(at.entry, 0);
            arch_tlb_flush(va - span_offset(va, at.shift), (size_t)1 << at.shift);
        }
    }
    arch_table_publish(at.entry, value);
}

/* A table in place of nothing, or of a block, which it then maps the same way. */
static int make_table(struct change *change, struct place at, uintptr_t va)
{
    uint64_t *table = (uint64_t *)change->space->source();
    if (!table)
        return -ENOMEM;
    unsigned below = at.shift - LEVEL_BITS;
    if (is_valid(*at.entry))
        arch_table_fill(table, leaf(*at.entry & ADDRESS_MASK, below, leaf_bits(*at.entry)),
                        1ull << below, ENTRIES);
    else
        arch_table_clear(table);
    replace(change, at, (uintptr_t)table | TABLE, va);
    return 0;
}

/* How many leaves of this size the range and the table have room for; 0 if va is not aligned. */
static size_t leaf_run(const struct change *change, unsigned shift, uintptr_t va, size_t bytes)
{
    if (shift > TOP_LEAF || span_offset(va | change->offset, shift))
        return 0;
    size_t most = bytes >> shift;
    size_t left = ENTRIES - (va >> shift) % ENTRIES;
    return most < left ? most : left;
}

/* Sets as many of the leaves as are free, at least one that is, or is the same already. */
static int map_run(const struct change *change, struct place at, uintptr_t va, size_t *run)
{
    uintptr_t start = va - span_offset(va, at.shift);
    uint64_t value = leaf(start + change->offset, at.shift, change->bits);
    size_t wanted = *run;
    if (change->action == MAP || KILN_CONFIG_CHECKS)
        *run = arch_table_empty_run(at.entry, wanted);
    if (change->action == MAP_FRESH && *run != wanted)
        return -EEXIST;
    if (*run) {
        arch_table_fill(at.entry, value, 1ull << at.shift, *run);
        return 0;
    }
    *run = 1;
    return *at.entry == value ? 0 : -EEXIST;
}

static int change_leaf(struct change *change, struct place at, uintptr_t va)
{
    uint64_t value = 0;
    if (!is_valid(*at.entry))
        return change->action == PROTECT ? -EFAULT : 0;
    if (change->action == PROTECT)
        value = leaf(*at.entry & ADDRESS_MASK, at.shift, change->bits);
    replace(change, at, value, va);
    return 0;
}

/* Does what can be done at once, making tables on the way, and moves *va behind it. */
static int step(struct change *change, uintptr_t *va, size_t bytes)
{
    struct place at = find(change->space, *va);
    bool is_map = change->action <= MAP_FRESH;
    size_t run = leaf_run(change, at.shift, *va, bytes);
    while (!run && is_valid(*at.entry) != is_map) {
        if (make_table(change, at, *va))
            return -ENOMEM;
        at = descend(at, *va);
        run = leaf_run(change, at.shift, *va, bytes);
    }
    int error = is_map ? map_run(change, at, *va, &run) : change_leaf(change, at, *va);
    if (!is_map)
        run = 1;
    *va += (run << at.shift) - span_offset(*va, at.shift);
    return error;
}

static bool is_bad_range(const struct arch_space *space, uintptr_t start, size_t bytes)
{
    uintptr_t limit = (uintptr_t)1 << space->va_bits;
    return span_offset(start | bytes, ARCH_PAGE_SHIFT) || start >= limit || bytes > limit - start;
}

static int apply(struct change *change, uintptr_t va, size_t bytes)
{
    if (is_bad_range(change->space, va, bytes))
        return -EINVAL;
    int error = 0;
    uintptr_t at = va;
    while (at < va + bytes && !error)
        error = step(change, &at, va + bytes - at);
    arch_table_barrier();
    if (change->live_changed)
        arch_tlb_flush(va, bytes);
    return error;
}

int arch_space_init(struct arch_space *space, unsigned va_bits, arch_page_source_t source)
{
    space->va_bits = va_bits;
    space->source = source;
    space->root = (uint64_t *)source();
    if (!space->root)
        return -ENOMEM;
    arch_table_clear(space->root);
    return 0;
}

__attribute__((noinline)) static int map(struct arch_space *space, uintptr_t va, uintptr_t pa,
                                         size_t bytes, enum arch_mapping kind, int action)
{
    if (kind >= ARCH_MAP_NONE || span_offset(pa, ARCH_PAGE_SHIFT) || pa > PHYSICAL_LIMIT ||
        bytes > PHYSICAL_LIMIT - pa)
        return -EINVAL;
    struct change change = {space, action, mapping_bits[kind], pa - va, false};
    return apply(&change, va, bytes);
}

int arch_mmu_map(struct arch_space *space, uintptr_t va, uintptr_t pa, size_t bytes,
                 enum arch_mapping kind)
{
    return map(space, va, pa, bytes, kind, MAP);
}

int arch_mmu_map_fresh(struct arch_space *space, uintptr_t va, uintptr_t pa, size_t bytes,
                       enum arch_mapping kind)
{
    return map(space, va, pa, bytes, kind, MAP_FRESH);
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
    struct change change = {.space = space, .action = PROTECT, .bits = mapping_bits[kind]};
    return apply(&change, va, bytes);
}

static enum arch_mapping kind_of(uint64_t entry)
{
    for (unsigned kind = 0; kind < ARCH_MAP_NONE; kind++)
        if (leaf_bits(entry) == mapping_bits[kind])
            return (enum arch_mapping)kind;
    return ARCH_MAP_NONE;
}

struct arch_mapping_info arch_mmu_query(const struct arch_space *space, uintptr_t va)
{
    struct arch_mapping_info info = {.kind = ARCH_MAP_NONE};
    if (va >> space->va_bits)
        return info;
    struct place at = find(space, va);
    info.block_bytes = (size_t)1 << at.shift;
    if (!is_valid(*at.entry))
        return info;
    info.kind = kind_of(*at.entry);
    info.physical = (*at.entry & ADDRESS_MASK) + span_offset(va, at.shift);
    return info;
}
