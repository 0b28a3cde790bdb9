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

/* Gives leaves of one table, from the first of a range on, other bits, and passes over what is not
 * mapped, up to the end of range or table, or where a walk goes on. Returns where it stopped. */
static uintptr_t protect_run(struct place at, uintptr_t va, uintptr_t end, uint64_t bits)
{
    const uint64_t attributes = mmu_leaf(0, at.shift, bits);
    size_t left = ENTRIES - (va >> at.shift) % ENTRIES;
    if (left > (end - va) >> at.shift)
        left = (end - va) >> at.shift;
    uint64_t *const first = at.entry, *const last = first + left;
    for (; at.entry < last; at.entry++) {
        uint64_t old = *at.entry, value = (old & MMU_ADDRESS) | attributes;
        if (!mmu_is_valid(old))
            continue;
        if (at.shift != ARCH_PAGE_SHIFT && mmu_is_table(old))
            break;
        if (mmu_must_break(old, value))
            replace(at, value, va + ((uintptr_t)(at.entry - first) << at.shift));
        else
            arch_table_publish(at.entry, value);
    }
    return va + ((uintptr_t)(at.entry - first) << at.shift);
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

/* What may be released, and to whom. */
struct release {
    uintptr_t low, high;
    void (*sink)(uintptr_t table);
};

/* Below the entries of one table, each of which spans 1 << shift bytes, for [va, end) in it. */
static void release_below(uint64_t *table, size_t shift, uintptr_t va, uintptr_t end,
                          const struct release *release)
{
    while (va < end) {
        uint64_t *entry = &table[(va >> shift) % ENTRIES], old = *entry;
        uintptr_t start = va - span_offset(va, shift), next = start + ((uintptr_t)1 << shift);
        if (mmu_is_table(old)) {
            if (shift - LEVEL_BITS != ARCH_PAGE_SHIFT)
                release_below(table_of(old), shift - LEVEL_BITS, va, next < end ? next : end,
                              release);
            if (release->low <= start && next <= release->high) {
                arch_table_publish(entry, 0);
                release->sink((uintptr_t)table_of(old));
            }
        }
        va = next;
    }
}

void arch_mmu_release_tables(struct arch_space *space, uintptr_t va, size_t bytes, uintptr_t low,
                             uintptr_t high, void (*sink)(uintptr_t table))
{
    const struct release release = {low, high, sink};
    release_below(space->root, space->va_bits - LEVEL_BITS, va, va + bytes, &release);
}

uintptr_t arch_mmu_limit(const struct arch_space *space)
{
    return mmu_limit(space->va_bits);
}
