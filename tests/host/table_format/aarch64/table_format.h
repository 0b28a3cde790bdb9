/* AArch64: how the mapper's tests read descriptors. Arm ARM D8.3.2, on purpose not the constants of
 * the mapper's source. */
#ifndef TABLE_FORMAT_H
#define TABLE_FORMAT_H

#include <arch/mmu.h>
#include <isa/mair.h>

#define FORMAT_ADDRESS 0x0000FFFFFFFFF000u
/* What may change in a valid entry: AP[2:1], PXN, UXN. */
#define FORMAT_PERMISSIONS 0x00600000000000C0u

/* Tables on the way of a 39-bit address above those of 1 GiB each. */
#define FORMAT_UPPER_TABLES 0

/* Whether an entry may lead to another page at once, as long as TLBs are flushed before the old one
 * is used for something else. */
#define FORMAT_MAY_EXCHANGE 0

/* The sizes that the largest block may have: log2. */
#define FORMAT_TOP_LEAVES                                                                          \
    {                                                                                              \
        30                                                                                         \
    }
#define FORMAT_PHYSICAL ((uintptr_t)1 << 48)

static inline void format_set_top_leaf(unsigned shift)
{
    (void)shift;
}

static inline void format_set_physical_bits(unsigned bits)
{
    (void)bits;
}

static inline uintptr_t format_limit(unsigned va_bits)
{
    return (uintptr_t)1 << va_bits;
}

static inline bool format_is_valid(uint64_t descriptor)
{
    return descriptor & 1;
}

/* Of an entry that spans 1 << shift bytes. */
static inline bool format_is_table(uint64_t descriptor, unsigned shift)
{
    return shift > 12 && (descriptor & 3) == 3;
}

static inline bool format_is_leaf(uint64_t descriptor, unsigned shift)
{
    return (descriptor & 3) == (shift == 12 ? 3 : 1);
}

/* AP 0: EL1 reads and writes, 2: EL1 reads; with bit 0 EL0 too. */
static inline bool format_may_write(uint64_t descriptor)
{
    return (descriptor >> 7 & 1) == 0;
}

static inline bool format_may_execute(uint64_t descriptor)
{
    return (descriptor >> 53 & 1) == 0;
}

static inline bool format_is_users(uint64_t descriptor)
{
    return (descriptor >> 6 & 1) || (descriptor >> 54 & 1) == 0;
}

/* Memory type, shareability where there are caches, access flag; and of NS, nG and the bits above
 * the address none. */
static inline bool format_is_kind(uint64_t descriptor, enum arch_mapping kind)
{
    unsigned type = (unsigned)(MAIR_VALUE >> (descriptor >> 2 & 7) * 8) & 0xFF;
    bool is_normal = kind <= ARCH_MAP_DATA, accessed = descriptor >> 10 & 1;
    /* Write-back; non-cacheable; device nGnRE. */
    unsigned want_type = is_normal ? 0xFF : kind == ARCH_MAP_UNCACHED ? 0x44 : 0x04;

    return type == want_type && (!is_normal || (descriptor >> 8 & 3) == 3) && accessed &&
           (descriptor & 0xFF8F000000000820u) == 0;
}

/* Break before make (Arm ARM D8.14.1): only permissions may change at once. */
static inline bool format_may_replace(uint64_t old, uint64_t value, unsigned shift)
{
    (void)shift;
    return ((old ^ value) & ~(uint64_t)FORMAT_PERMISSIONS) == 0;
}

#endif
