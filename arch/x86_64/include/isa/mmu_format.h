/*
 * x86_64: what entries of four-level paging look like (Intel SDM volume 3, 4.5). Each maps for the
 * supervisor only, and its accessed and dirty flags are set from the start, so that the CPU never
 * writes to a table.
 */
#ifndef ISA_MMU_FORMAT_H
#define ISA_MMU_FORMAT_H

#include <arch/mmu.h>

#define MMU_ADDRESS         0x000FFFFFFFFFF000ull

#define MMU_PRESENT         (1ull << 0)
#define MMU_WRITABLE        (1ull << 1)
#define MMU_WRITE_COMBINING (1ull << 3) /* PWT: entry 1 of the PAT, see MMU_PAT */
#define MMU_UNCACHEABLE     (3ull << 3) /* PCD and PWT: entry 3 */
#define MMU_CACHING         MMU_UNCACHEABLE
#define MMU_ACCESSED        (1ull << 5)
#define MMU_DIRTY           (1ull << 6)
#define MMU_LARGE           (1ull << 7)
#define MMU_GLOBAL          (1ull << 8)
#define MMU_NO_EXECUTE      (1ull << 63)

/* IA32_PAT (Intel SDM volume 3, 11.12): as at reset, but for entry 1, which combines writes instead
 * of writing through. */
#define MMU_PAT        0x0007040600070106ull

#define MMU_LEAF       (MMU_ACCESSED | MMU_GLOBAL)
#define MMU_READ_WRITE (MMU_LEAF | MMU_DIRTY | MMU_WRITABLE | MMU_NO_EXECUTE)

/* A leaf's attributes. */
static const uint64_t mmu_bits[] = {
    [ARCH_MAP_CODE] = MMU_LEAF,
    [ARCH_MAP_READ_ONLY] = MMU_LEAF | MMU_NO_EXECUTE,
    [ARCH_MAP_DATA] = MMU_READ_WRITE,
    [ARCH_MAP_UNCACHED] = MMU_READ_WRITE | MMU_WRITE_COMBINING,
    [ARCH_MAP_DEVICE] = MMU_READ_WRITE | MMU_UNCACHEABLE,
};

/* What this CPU has. Set once, before the first space is made. */
struct mmu_limits {
    uint8_t top_leaf;      /* log2 of the largest page: 21 or 30 */
    uint8_t physical_bits; /* of an address; 0: not asked yet */
};
extern struct mmu_limits mmu_limits;

/* Bits of an address that tables translate: always four levels. */
static inline unsigned mmu_table_bits(unsigned wanted)
{
    (void)wanted;
    return 48;
}

/* The first address that cannot be mapped: the upper half, which is at the other end of a 64-bit
 * address space, is not used. */
static inline uintptr_t mmu_limit(unsigned va_bits)
{
    return (uintptr_t)1 << (va_bits - 1);
}

/* True when physical memory does not reach so far. */
static inline bool mmu_is_beyond(uintptr_t physical, size_t bytes)
{
    uintptr_t limit = (uintptr_t)1 << mmu_limits.physical_bits;

    return bytes > limit || physical > limit - bytes;
}

static inline size_t mmu_top_leaf(void)
{
    return mmu_limits.top_leaf;
}

static inline bool mmu_is_valid(uint64_t entry)
{
    return entry & MMU_PRESENT;
}

/* Above the last level. */
static inline bool mmu_is_table(uint64_t entry)
{
    return (entry & (MMU_PRESENT | MMU_LARGE)) == MMU_PRESENT;
}

static inline uint64_t mmu_table(uintptr_t table)
{
    return table | MMU_PRESENT | MMU_WRITABLE | MMU_ACCESSED;
}

static inline uint64_t mmu_leaf(uint64_t physical, size_t shift, uint64_t bits)
{
    return physical | bits | MMU_PRESENT | (shift == ARCH_PAGE_SHIFT ? 0 : MMU_LARGE);
}

static inline uint64_t mmu_leaf_bits(uint64_t entry)
{
    return entry & ~MMU_ADDRESS & ~(MMU_PRESENT | MMU_LARGE);
}

/* Only where memory would be cached in two ways at once (Intel SDM volume 3, 11.12.4). A table may
 * take the place of a page that it maps the same way at any time, and tables are not global. */
static inline bool mmu_must_break(uint64_t old, uint64_t value)
{
    return mmu_is_valid(old) && (value & MMU_GLOBAL) && ((old ^ value) & MMU_CACHING);
}

#endif
