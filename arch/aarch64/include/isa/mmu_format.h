/* AArch64: what entries of VMSAv8-64 tables look like, with a 4 KiB granule (Arm ARM D8.3). */
#ifndef ISA_MMU_FORMAT_H
#define ISA_MMU_FORMAT_H

#include <arch/mmu.h>
#include <isa/mair.h>

#define MMU_ADDRESS       0x0000FFFFFFFFF000ull

#define MMU_LEAF_PAGE     3u
#define MMU_LEAF_BLOCK    1u
#define MMU_TABLE         3u
#define MMU_TYPE          3u /* mask of the three */

#define MMU_ATTR_INDEX(n) ((uint64_t)(n) << 2)
#define MMU_READ_ONLY     (1ull << 7)
#define MMU_INNER         (3ull << 8)
#define MMU_OUTER         (2ull << 8)
#define MMU_ACCESSED      (1ull << 10)
#define MMU_NO_EXECUTE    (3ull << 53) /* PXN and UXN */
#define MMU_USER_NEVER    (1ull << 54) /* UXN */
#define MMU_PERMISSIONS   (MMU_READ_ONLY | MMU_NO_EXECUTE)

#define MMU_CACHED        (MMU_ATTR_INDEX(MAIR_NORMAL) | MMU_INNER | MMU_ACCESSED)
#define MMU_OUTER_DATA    (MMU_OUTER | MMU_ACCESSED | MMU_NO_EXECUTE)

/* A leaf's attributes. */
static const uint64_t mmu_bits[] = {
    [ARCH_MAP_CODE] = MMU_CACHED | MMU_READ_ONLY | MMU_USER_NEVER,
    [ARCH_MAP_READ_ONLY] = MMU_CACHED | MMU_READ_ONLY | MMU_NO_EXECUTE,
    [ARCH_MAP_DATA] = MMU_CACHED | MMU_NO_EXECUTE,
    [ARCH_MAP_UNCACHED] = MMU_ATTR_INDEX(MAIR_UNCACHED) | MMU_OUTER_DATA,
    [ARCH_MAP_DEVICE] = MMU_ATTR_INDEX(MAIR_DEVICE) | MMU_OUTER_DATA,
};

/* Bits of an address that tables translate, of the bits that a caller wants. */
static inline unsigned mmu_table_bits(unsigned wanted)
{
    return wanted;
}

/* The first address that cannot be mapped. */
static inline uintptr_t mmu_limit(unsigned va_bits)
{
    return (uintptr_t)1 << va_bits;
}

/* True when physical memory does not reach so far; bytes is no more than can be mapped. */
static inline bool mmu_is_beyond(uintptr_t physical, size_t bytes)
{
    return physical > ((uintptr_t)1 << 48) - bytes;
}

/* log2 of the largest block: 1 GiB. */
static inline size_t mmu_top_leaf(void)
{
    return 30;
}

static inline bool mmu_is_valid(uint64_t entry)
{
    return entry & 1;
}

/* Above the last level. */
static inline bool mmu_is_table(uint64_t entry)
{
    return (entry & MMU_TYPE) == MMU_TABLE;
}

static inline uint64_t mmu_table(uintptr_t table)
{
    return table | MMU_TABLE;
}

static inline uint64_t mmu_leaf(uint64_t physical, size_t shift, uint64_t bits)
{
    return physical | bits | (shift == ARCH_PAGE_SHIFT ? MMU_LEAF_PAGE : MMU_LEAF_BLOCK);
}

static inline uint64_t mmu_leaf_bits(uint64_t entry)
{
    return entry & ~MMU_ADDRESS & ~(uint64_t)MMU_TYPE;
}

/* Break before make (Arm ARM D8.14.1): a valid entry that is not just to be forgotten or given
 * other permissions. */
static inline bool mmu_must_break(uint64_t old, uint64_t value)
{
    return mmu_is_valid(old) && value && ((old ^ value) & ~MMU_PERMISSIONS);
}

#endif
