/*
 * The mapper for ranges that change while a program runs: single pages, holes, tables that come and
 * go. As mmu_tables.c it asks nothing of a CPU but to flush TLBs.
 */
#include "mmu_walk.h"

int arch_mmu_map_page(struct arch_space *space, uintptr_t va, uintptr_t pa, enum arch_mapping kind)
{
    struct place at = find(space, va);
    while (at.shift != ARCH_PAGE_SHIFT && !mmu_is_valid(*at.entry)) {
        if (mmu_make_table(space, at, va))
            return -ENOMEM;
        at = find(space, va);
    }
    if (*at.entry)
        return -EEXIST;
    arch_table_publish(at.entry, mmu_leaf(pa, ARCH_PAGE_SHIFT, mmu_bits[kind]));
    arch_table_barrier();
    return 0;
}

/* Gives so many entries of one level other bits, and passes over what is not mapped, up to where a
 * walk goes on. Returns how many. */
static inline __attribute__((always_inline)) size_t
protect_entries(uint64_t *first, size_t shift, size_t count, uintptr_t va, uint64_t bits)
{
    const uint64_t attributes = mmu_leaf(0, shift, bits);
    struct place at = {first, shift};
    for (uint64_t *const last = first + count; at.entry < last; at.entry++) {
        uint64_t old = *at.entry, value = (old & MMU_ADDRESS) | attributes;
        if (!mmu_is_valid(old))
            continue;
        if (shift != ARCH_PAGE_SHIFT && mmu_is_table(old))
            break;
        if (mmu_must_break(old, value))
            replace(at, value, va + ((uintptr_t)(at.entry - first) << shift));
        else
            arch_table_publish(at.entry, value);
    }
    return (size_t)(at.entry - first);
}

/* Those of one table, from the first of a range on, up to the end of range or table, or where a
 * walk goes on. Returns where it stopped. */
static uintptr_t protect_run(struct place at, uintptr_t va, uintptr_t end, uint64_t bits)
{
    size_t left = ENTRIES - (va >> at.shift) % ENTRIES;
    if (left > (end - va) >> at.shift)
        left = (end - va) >> at.shift;
    if (at.shift == ARCH_PAGE_SHIFT)
        return va + (protect_entries(at.entry, ARCH_PAGE_SHIFT, left, va, bits) << ARCH_PAGE_SHIFT);
    return va + (protect_entries(at.entry, at.shift, left, va, bits) << at.shift);
}

static int protect(struct arch_space *space, uintptr_t va, uintptr_t end, uint64_t bits)
{
    while (va < end) {
        struct place at = find(space, va);
        uintptr_t start = va - span_offset(va, at.shift), next = start + ((uintptr_t)1 << at.shift);
        if (start == va && next <= end)
            va = protect_run(at, va, end, bits);
        else if (!mmu_is_valid(*at.entry))
            va = next;
        else if (mmu_make_table(space, at, va))
            return -ENOMEM;
    }
    return 0;
}

int arch_mmu_protect_mapped(struct arch_space *space, uintptr_t va, size_t bytes,
                            enum arch_mapping kind)
{
    int error = protect(space, va, va + bytes, mmu_bits[kind]);
    if (!space->flushes_later)
        arch_tlb_flush(va, bytes);
    return error;
}

uintptr_t arch_mmu_exchange(struct arch_space *space, uintptr_t va, uintptr_t pa,
                            enum arch_mapping kind)
{
    struct place at = find(space, va);
    uint64_t old = *at.entry;
    if (at.shift != ARCH_PAGE_SHIFT || !mmu_is_valid(old))
        return 0;
    replace(at, kind < ARCH_MAP_NONE ? mmu_leaf(pa, ARCH_PAGE_SHIFT, mmu_bits[kind]) : 0, va);
    if (!space->flushes_later)
        arch_tlb_flush(va, ARCH_PAGE_BYTES);
    return old & MMU_ADDRESS;
}

void arch_mmu_flush(uintptr_t va, size_t bytes)
{
    arch_tlb_flush(va, bytes);
}

void arch_mmu_flush_here(uintptr_t va, size_t bytes)
{
    arch_tlb_flush_here(va, bytes);
}

uintptr_t arch_mmu_make_split(struct arch_space *space, uintptr_t va)
{
    struct place at = find(space, va);
    uint64_t *table = (uint64_t *)space->source();
    size_t below = at.shift - LEVEL_BITS;
    if (table)
        arch_table_fill(table, mmu_leaf(*at.entry & MMU_ADDRESS, below, mmu_leaf_bits(*at.entry)),
                        1ull << below, ENTRIES);
    return (uintptr_t)table;
}

void arch_mmu_split(struct arch_space *space, uintptr_t va, uintptr_t table)
{
    replace(find(space, va), mmu_table(table), va);
}

#define RELEASE_STEPS 3u

/* An entry that leads to a table, and what it spans. */
struct step {
    uint64_t *entry;
    uintptr_t start, last;
};

/* The way to the lowest table for an address. Returns how many entries it has; `*next` is the end
 * of what the last one's table translates, or of what is translated by none. */
static unsigned path(const struct arch_space *space, uintptr_t va, struct step *steps,
                     uintptr_t *next)
{
    uint64_t *table = space->root;
    unsigned count = 0;
    for (size_t shift = space->va_bits - LEVEL_BITS; shift != ARCH_PAGE_SHIFT;
         shift -= LEVEL_BITS) {
        uint64_t *entry = &table[(va >> shift) % ENTRIES];
        uintptr_t start = va - span_offset(va, shift);
        *next = start + ((uintptr_t)1 << shift);
        if (!mmu_is_table(*entry))
            break;
        steps[count++] = (struct step){entry, start, *next - 1};
        table = table_of(*entry);
    }
    return count;
}

/* A table goes after those below it: where the range, or what it translates, ends. */
size_t arch_mmu_release_tables(struct arch_space *space, uintptr_t va, size_t bytes, uintptr_t low,
                               uintptr_t high, void (*sink)(uintptr_t table))
{
    uintptr_t at = va, end = va + bytes, next = end;
    struct step steps[4];
    for (unsigned left = RELEASE_STEPS; left > 0 && at < end; left--, at = next) {
        unsigned count = path(space, at, steps, &next);
        if (next > end || next <= at)
            next = end;
        for (; count > 0 && (steps[count - 1].last < next || next == end); count--) {
            struct step step = steps[count - 1];
            uint64_t old = *step.entry;
            if (step.start < low || step.last >= high)
                continue;
            arch_table_publish(step.entry, 0);
            sink((uintptr_t)table_of(old));
        }
    }
    return at - va;
}

uintptr_t arch_mmu_limit(const struct arch_space *space)
{
    return mmu_limit(space->va_bits);
}
