/* What a CPU has beyond the least that long mode promises. Intel SDM volume 3, 2.5. */
#include "features.h"
#include <isa/mmu_format.h>
#include <x86_64/msr.h>

#define MSR_PAT             0x277u

#define CR4_MCE             (1u << 6)
#define CR4_PGE             (1u << 7)
#define CR4_UMIP            (1u << 11)
#define CR4_SMEP            (1u << 20)
#define CR4_SMAP            (1u << 21)

#define LEAF7_EBX_SMEP      (1u << 7)
#define LEAF7_EBX_SMAP      (1u << 20)
#define LEAF7_ECX_UMIP      (1u << 2)

#define LEAF_EXTENDED       0x80000001u
#define EXTENDED_EDX_1_GIB  (1u << 26)
#define LEAF_ADDRESSES      0x80000008u
#define PHYSICAL_BITS_LEAST 36u /* of a CPU that does not say */

struct mmu_limits mmu_limits;

/* All CPUs are alike: the boot CPU's word counts. */
static void find_mmu_limits(void)
{
    unsigned bits = cpuid_read(LEAF_ADDRESSES, 0).eax & 0xFF;

    if (mmu_limits.physical_bits)
        return;
    mmu_limits.top_leaf = cpuid_read(LEAF_EXTENDED, 0).edx & EXTENDED_EDX_1_GIB ? 30 : 21;
    mmu_limits.physical_bits = (uint8_t)(bits ? bits : PHYSICAL_BITS_LEAST);
}

static uint64_t protections(void)
{
    struct cpuid leaf7 = cpuid_read(7, 0);

    return CR4_MCE | CR4_PGE | (leaf7.ebx & LEAF7_EBX_SMEP ? CR4_SMEP : 0) |
           (leaf7.ebx & LEAF7_EBX_SMAP ? CR4_SMAP : 0) |
           (leaf7.ecx & LEAF7_ECX_UMIP ? CR4_UMIP : 0);
}

void isa_features_init(void)
{
    struct cpuid leaf1 = cpuid_read(1, 0);
    uint64_t cr4;

    msr_write(MSR_PAT, MMU_PAT);
    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    cr4 |= protections() | isa_fp_features(&leaf1);
    __asm__ volatile("movq %0, %%cr4" : : "r"(cr4) : "memory");
    isa_fp_init();
    find_mmu_limits();
}
