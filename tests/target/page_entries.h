/* How a test reads the live page tables, in each instruction set: what the CPU's table walker sees,
 * and the registers that it obeys. */
#ifndef PAGE_ENTRIES_H
#define PAGE_ENTRIES_H

#include <stdbool.h>
#include <stdint.h>

#define READ_REGISTER(instruction)                                                                 \
    ({                                                                                             \
        uint64_t value;                                                                            \
        __asm__(instruction : "=r"(value));                                                        \
        value;                                                                                     \
    })

enum memory_type { WRITE_BACK, UNCACHED, DEVICE, ODD };

#ifdef __x86_64__

/* Intel SDM volume 3, tables 4-14 to 4-20. */
#define PRESENT     1u
#define WRITABLE    2u
#define USER        4u
#define ACCESSED    0x20u
#define LARGE       0x80u
#define GLOBAL      0x100u
#define PAT_AT_4KIB 0x80u
#define PAT_AT_MORE 0x1000u
#define NO_EXECUTE  (UINT64_C(1) << 63)
#define ADDRESS     UINT64_C(0x000FFFFFFFFFF000)

static inline uint64_t read_msr(uint32_t number)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (uint64_t)high << 32 | low;
}

static inline const uint64_t *root_table(void)
{
    return (const uint64_t *)(READ_REGISTER("movq %%cr3, %0") & ADDRESS);
}

static inline unsigned top_shift(void)
{
    return 39;
}

static inline bool is_valid(uint64_t entry)
{
    return entry & PRESENT;
}

static inline bool is_table(uint64_t entry, unsigned shift)
{
    return shift > 12 && !(entry & LARGE);
}

/* A table's entry counts as well, and must not take anything away. */
static inline bool is_open_table(uint64_t entry)
{
    return (entry & (WRITABLE | USER | NO_EXECUTE)) == WRITABLE;
}

static inline uint64_t table_address(uint64_t entry)
{
    return entry & ADDRESS;
}

static inline bool may_write(uint64_t entry)
{
    return entry & WRITABLE;
}

static inline bool may_execute(uint64_t entry)
{
    return !(entry & NO_EXECUTE);
}

/* Nothing that the CPU would have to change, or to forget with every new CR3, and the supervisor's
 * alone. */
static inline bool is_settled(uint64_t entry)
{
    return (entry & (ACCESSED | GLOBAL | USER)) == (ACCESSED | GLOBAL);
}

/* By IA32_PAT; the index's third bit is never used. */
static inline enum memory_type memory_type(uint64_t entry, unsigned shift)
{
    if (entry & (shift == 12 ? PAT_AT_4KIB : PAT_AT_MORE))
        return ODD;
    switch (read_msr(0x277) >> (entry >> 3 & 3) * 8 & 0xFF) {
    case 6:
        return WRITE_BACK;
    case 1: /* combines writes */
        return UNCACHED;
    case 0:
        return DEVICE;
    default:
        return ODD;
    }
}

#else

/* Arm ARM (DDI 0487) D8.3. */
#define VALID      1u
#define TABLE      2u
#define READ_ONLY  (UINT64_C(1) << 7)
#define ACCESSED   (UINT64_C(1) << 10)
#define NO_EXECUTE (UINT64_C(1) << 53) /* PXN: what counts at EL1 */
#define ADDRESS    UINT64_C(0x0000FFFFFFFFF000)

static inline const uint64_t *root_table(void)
{
    return (const uint64_t *)(READ_REGISTER("mrs %0, ttbr0_el1") & ADDRESS);
}

static inline unsigned top_shift(void)
{
    return 64 - (READ_REGISTER("mrs %0, tcr_el1") & 63) > 39 ? 39 : 30;
}

static inline bool is_valid(uint64_t entry)
{
    return entry & VALID;
}

static inline bool is_table(uint64_t entry, unsigned shift)
{
    return shift > 12 && (entry & TABLE);
}

/* APTable, PXNTable. */
static inline bool is_open_table(uint64_t entry)
{
    return entry >> 59 == 0;
}

static inline uint64_t table_address(uint64_t entry)
{
    return entry & ADDRESS;
}

static inline bool may_write(uint64_t entry)
{
    return !(entry & READ_ONLY);
}

static inline bool may_execute(uint64_t entry)
{
    return !(entry & NO_EXECUTE);
}

static inline bool is_settled(uint64_t entry)
{
    return entry & ACCESSED;
}

static inline enum memory_type memory_type(uint64_t entry, unsigned shift)
{
    (void)shift;
    switch (READ_REGISTER("mrs %0, mair_el1") >> (entry >> 2 & 7) * 8 & 0xFF) {
    case 0xFF: /* read and write allocate */
        return WRITE_BACK;
    case 0x44:
        return UNCACHED;
    case 0x04: /* nGnRE */
        return DEVICE;
    default:
        return ODD;
    }
}

#endif

/* The entry that maps an address, or 0, and log2 of what it spans. */
static inline uint64_t entry_of(const volatile void *pointer, unsigned *shift)
{
    uintptr_t va = (uintptr_t)pointer;
    const uint64_t *table = root_table();
    for (*shift = top_shift();; *shift -= 9) {
        uint64_t entry = table[va >> *shift & 511];
        if (!is_valid(entry))
            return 0;
        if (!is_table(entry, *shift))
            return entry;
        table = (const uint64_t *)table_address(entry);
    }
}

#endif
