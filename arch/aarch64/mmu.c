/* Turning the boot space on. */
#include <arch/cache.h>
#include <arch/mmu.h>
#include <isa/mmu.h>
#include <kiln/config.h>

/* TCR_EL1 (Arm ARM D19.2.139): TTBR0 with a 4 KiB granule, walks write-back and inner shareable;
 * no TTBR1. */
#define TCR_VALUE                                                                                  \
    ((64 - KILN_CONFIG_VA_BITS) | (1ull << 8) | (1ull << 10) | (3ull << 12) | (1ull << 23))
#define TCR_IPS_SHIFT 32
#define IPS_48_BITS   5

struct arch_space arch_boot_space;

/* What start.S loads before it turns the MMU on: MAIR, TCR, TTBR0. */
uint64_t arch_mmu_registers[3];

static uint64_t physical_address_size(void)
{
    uint64_t features;
    __asm__("mrs %0, id_aa64mmfr0_el1" : "=r"(features));
    uint64_t size = features & 0xF;
    return size > IPS_48_BITS ? IPS_48_BITS : size;
}

/*
 * The tables were written past the caches: no line of theirs, and none of what every other CPU
 * reads before its caches are on, may be stale.
 */
void arch_boot_space_ready(uintptr_t tables, uintptr_t tables_end)
{
    arch_mmu_registers[0] = MAIR_VALUE;
    arch_mmu_registers[1] = TCR_VALUE | physical_address_size() << TCR_IPS_SHIFT;
    arch_mmu_registers[2] = (uintptr_t)arch_boot_space.root;
    arch_cache_invalidate((void *)tables, tables_end - tables);
}
