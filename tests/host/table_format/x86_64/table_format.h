/* x86_64: how the mapper's tests read entries. Intel SDM volume 3, tables 4-15 to 4-20, on purpose
 * not the constants of the mapper's source. */
#ifndef TABLE_FORMAT_H
#define TABLE_FORMAT_H

#include <arch/mmu.h>
#include <isa/mmu_format.h>

#define FORMAT_ADDRESS 0x000FFFFFFFFFF000u

/* Tables on the way of a 39-bit address above those of 1 GiB each. */
#define FORMAT_UPPER_TABLES 1

/* Whether an entry may lead to another page at once, as long as TLBs are flushed before the old one
 * is used for something else. */
#define FORMAT_MAY_EXCHANGE 1

/* The sizes that the largest page may have: log2. */
#define FORMAT_TOP_LEAVES                                                                          \
    {                                                                                              \
        30, 21                                                                                     \
    }
#define FORMAT_PHYSICAL ((uintptr_t)1 << 46)

/* This CPU. */
struct mmu_limits mmu_limits = {.top_leaf = 30, .physical_bits = 46};

static inline void format_set_top_leaf(unsigned shift)
{
    mmu_limits.top_leaf = (uint8_t)shift;
}

static inline void format_set_physical_bits(unsigned bits)
{
    mmu_limits.physical_bits = (uint8_t)bits;
}

/* The lower half of the canonical addresses. */
static inline uintptr_t format_limit(unsigned va_bits)
{
    (void)va_bits;
    return (uintptr_t)1 << 47;
}

static inline bool format_is_valid(uint64_t entry)
{
    return entry & 1;
}

/* Of an entry that spans 1 << shift bytes. A table lets everything through: writable, not NX,
 * accessed, cached; its other bits are 0. */
static inline bool format_is_table(uint64_t entry, unsigned shift)
{
    return shift > 12 && (entry & ~FORMAT_ADDRESS) == 0x23;
}

/* Bit 7 is the page size above the last level, and a bit of the PAT's index there. */
static inline bool format_is_leaf(uint64_t entry, unsigned shift)
{
    return (entry & 1) && (entry >> 7 & 1) == (shift > 12);
}

static inline bool format_may_write(uint64_t entry)
{
    return entry >> 1 & 1;
}

static inline bool format_may_execute(uint64_t entry)
{
    return (entry >> 63 & 1) == 0;
}

static inline bool format_is_users(uint64_t entry)
{
    return entry >> 2 & 1;
}

/* Memory type by the PAT, accessed, dirty if it may become so, global; and of the bits that are
 * free for software, the protection key and a large page's bit of the PAT's index none. */
static inline bool format_is_kind(uint64_t entry, enum arch_mapping kind)
{
    unsigned type = (unsigned)(0x0007040600070106u >> (entry >> 3 & 3) * 8) & 0xFF;
    /* Write-back; write-combining; uncacheable. */
    unsigned want_type = kind <= ARCH_MAP_DATA ? 6 : kind == ARCH_MAP_UNCACHED ? 1 : 0;

    return type == want_type && (entry >> 5 & 1) && (entry >> 6 & 1) == (entry >> 1 & 1) &&
           (entry >> 8 & 1) && (entry & 0x7FF0000000000E00u) == 0;
}

/* True when each entry of a table maps its part as the leaf maps the whole. */
static inline bool format_is_split(uint64_t leaf, const uint64_t *table, unsigned shift)
{
    uint64_t below = shift - 9 == 12 ? leaf & ~(uint64_t)0x80 : leaf;

    for (uint64_t i = 0; i < 512; i++)
        if (table[i] != below + (i << (shift - 9)))
            return false;
    return true;
}

/* At once may change what is allowed, but not the memory type or the address (Intel SDM volume 3,
 * 11.12.4 and 4.10.4); and a table may take the place of a page that it maps the same way. */
static inline bool format_may_replace(uint64_t old, uint64_t value, unsigned shift)
{
    if (format_is_table(value, shift) && !format_is_table(old, shift))
        return format_is_split(old, (const uint64_t *)(uintptr_t)(value & FORMAT_ADDRESS), shift);
    return ((old ^ value) & ~(uint64_t)0x8000000000000042u) == 0;
}

#endif
