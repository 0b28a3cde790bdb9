/*
 * The mapper: 4 KiB pages and tables of 512 entries, as plain C over memory; one source for every
 * ISA that has such tables. What an entry looks like is in isa/mmu_format.h; the only thing that it
 * asks of a CPU is arch_tlb_flush().
 */
#include <arch/mmu.h>
#include <errno.h>
#include <kiln/config.h>
#include "mmu_walk.h"

int mmu_make_table(struct arch_space *space, struct place at, uintptr_t va)
{
    uint64_t *table = (uint64_t *)space->source();
    if (!table)
        return -ENOMEM;
    uint64_t old = *at.entry;
    size_t below = at.shift - LEVEL_BITS;
    if (mmu_is_valid(old))
        arch_table_fill(table, mmu_leaf(old & MMU_ADDRESS, below, mmu_leaf_bits(old)),
                        1ull << below, ENTRIES);
    else if (!space->is_zeroed)
        arch_table_clear(table);
    replace(at, mmu_table((uintptr_t)table), va);
    return 0;
}

static bool is_bad_range(const struct arch_space *space, uintptr_t start, size_t bytes)
{
    uintptr_t limit = mmu_limit(space->va_bits);
    return span_offset(start | bytes, ARCH_PAGE_SHIFT) || start >= limit || bytes > limit - start;
}

int arch_space_init(struct arch_space *space, unsigned va_bits, arch_page_source_t source)
{
    space->va_bits = mmu_table_bits(va_bits);
    space->source = source;
    space->root = (uint64_t *)source();
    if (!space->root)
        return -ENOMEM;
    arch_table_clear(space->root);
    return 0;
}

/* How many leaves of this size the range and the table have room for; 0 if va is not aligned. */
static size_t leaf_run(uintptr_t offset, size_t shift, uintptr_t va, size_t bytes)
{
    if (shift > mmu_top_leaf() || span_offset(va | offset, shift))
        return 0;
    size_t most = bytes >> shift;
    size_t left = ENTRIES - (va >> shift) % ENTRIES;
    return most < left ? most : left;
}

/* How many entries from the first one on are empty, of at most so many. */
static size_t empty_run(const uint64_t *entries, size_t most)
{
    size_t run = 0;
    while (run < most && entries[run] == 0)
        run++;
    return run;
}

/* offset is physical - virtual; is_fresh: nothing is mapped there. A leaf that is the same already
 * counts as mapped. */
static int map_range(struct arch_space *space, uintptr_t va, uintptr_t end, uintptr_t offset,
                     uint64_t bits, bool is_fresh)
{
    while (va < end) {
        struct place at = find(space, va);
        size_t run = leaf_run(offset, at.shift, va, end - va);
        if (!run && !mmu_is_valid(*at.entry)) {
            if (mmu_make_table(space, at, va))
                return -ENOMEM;
            continue;
        }
        uintptr_t start = va - span_offset(va, at.shift);
        uint64_t value = mmu_leaf(start + offset, at.shift, bits);
        if (!is_fresh || KILN_CONFIG_CHECKS)
            run = empty_run(at.entry, run);
        arch_table_fill(at.entry, value, 1ull << at.shift, run);
        if (*at.entry != value)
            return -EEXIST;
        va = start + ((run ? run : 1) << at.shift);
    }
    return 0;
}

static int map(struct arch_space *space, uintptr_t va, uintptr_t pa, size_t bytes,
               enum arch_mapping kind, bool is_fresh)
{
    if (kind >= ARCH_MAP_NONE || span_offset(pa, ARCH_PAGE_SHIFT) ||
        is_bad_range(space, va, bytes) || mmu_is_beyond(pa, bytes))
        return -EINVAL;
    int error = map_range(space, va, va + bytes, pa - va, mmu_bits[kind], is_fresh);
    arch_table_barrier();
    return error;
}

int arch_mmu_map(struct arch_space *space, uintptr_t va, uintptr_t pa, size_t bytes,
                 enum arch_mapping kind)
{
    return map(space, va, pa, bytes, kind, false);
}

int arch_mmu_map_fresh(struct arch_space *space, uintptr_t va, uintptr_t pa, size_t bytes,
                       enum arch_mapping kind)
{
    return map(space, va, pa, bytes, kind, true);
}

/* Gives every leaf of a range other bits, or removes it for bits 0; splits blocks at the ends. */
static int change_range(struct arch_space *space, uintptr_t va, uintptr_t end, uint64_t bits)
{
    while (va < end) {
        struct place at = find(space, va);
        uint64_t old = *at.entry;
        uintptr_t next = va - span_offset(va, at.shift) + ((uintptr_t)1 << at.shift);
        if (!mmu_is_valid(old)) {
            if (bits)
                return -EFAULT;
        } else if (span_offset(va, at.shift) || next > end) {
            if (mmu_make_table(space, at, va))
                return -ENOMEM;
            continue;
        } else {
            replace(at, bits ? mmu_leaf(old & MMU_ADDRESS, at.shift, bits) : 0, va);
        }
        va = next;
    }
    return 0;
}

static int change(struct arch_space *space, uintptr_t va, size_t bytes, uint64_t bits)
{
    if (is_bad_range(space, va, bytes))
        return -EINVAL;
    int error = change_range(space, va, va + bytes, bits);
    if (!space->flushes_later)
        arch_tlb_flush(va, bytes);
    return error;
}

int arch_mmu_unmap(struct arch_space *space, uintptr_t va, size_t bytes)
{
    return change(space, va, bytes, 0);
}

int arch_mmu_unmap_page(struct arch_space *space, uintptr_t va)
{
    struct place at;
    while ((at = find(space, va)).shift != ARCH_PAGE_SHIFT && mmu_is_valid(*at.entry))
        if (mmu_make_table(space, at, va))
            return -ENOMEM;
    arch_table_publish(at.entry, 0);
    if (!space->flushes_later)
        arch_tlb_flush(va, ARCH_PAGE_BYTES);
    return 0;
}

int arch_mmu_protect(struct arch_space *space, uintptr_t va, size_t bytes, enum arch_mapping kind)
{
    return kind < ARCH_MAP_NONE ? change(space, va, bytes, mmu_bits[kind]) : -EINVAL;
}

static enum arch_mapping kind_of(uint64_t entry)
{
    for (unsigned kind = 0; kind < ARCH_MAP_NONE; kind++)
        if (mmu_leaf_bits(entry) == mmu_bits[kind])
            return (enum arch_mapping)kind;
    return ARCH_MAP_NONE;
}

struct arch_mapping_info arch_mmu_query(const struct arch_space *space, uintptr_t va)
{
    struct arch_mapping_info info = {.kind = ARCH_MAP_NONE};
    if (va >= mmu_limit(space->va_bits))
        return info;
    struct place at = find(space, va);
    info.block_bytes = (size_t)1 << at.shift;
    if (!mmu_is_valid(*at.entry))
        return info;
    info.kind = kind_of(*at.entry);
    info.physical = (*at.entry & MMU_ADDRESS) + span_offset(va, at.shift);
    return info;
}
