/* What the parts of the mapper share: walking tables, and changing an entry by the rules. */
#ifndef MMU_WALK_H
#define MMU_WALK_H

#include <arch/mmu.h>
#include <errno.h>
#include <isa/mmu.h>
#include <isa/mmu_format.h>

#define ENTRIES    512u
#define LEVEL_BITS 9u

/* Where the walk for an address ends: the entry that is no table, and its level. */
struct place {
    uint64_t *entry;
    size_t shift; /* log2 of what the entry spans */
};

static inline uint64_t *table_of(uint64_t entry)
{
    return (uint64_t *)(uintptr_t)(entry & MMU_ADDRESS);
}

static inline uintptr_t span_offset(uintptr_t va, size_t shift)
{
    return va & (((uintptr_t)1 << shift) - 1);
}

static inline struct place find(const struct arch_space *space, uintptr_t va)
{
    uint64_t *table = space->root;
    size_t shift = space->va_bits;
    for (;;) {
        shift -= LEVEL_BITS;
        uint64_t *entry = &table[(va >> shift) % ENTRIES];
        if (shift == ARCH_PAGE_SHIFT || !mmu_is_table(*entry))
            return (struct place){entry, shift};
        table = table_of(*entry);
    }
}

/* Changes an entry, where the CPU asks for it by way of an invalid one and a flush: then the caller
 * does not stand on what is mapped here. */
static inline void replace(struct place at, uint64_t value, uintptr_t va)
{
    if (mmu_must_break(*at.entry, value)) {
        arch_table_publish(at.entry, 0);
        arch_tlb_flush(va - span_offset(va, at.shift), (size_t)1 << at.shift);
    }
    arch_table_publish(at.entry, value);
}

/* A table in place of nothing, or of a block, which it then maps the same way. 0 or -ENOMEM. */
int mmu_make_table(struct arch_space *space, struct place at, uintptr_t va);

#endif
