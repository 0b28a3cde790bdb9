/* CPUID, read within what the CPU has. */
#include <x86_64/cpuid.h>

#define RANGE_SHIFT       30 /* of a leaf: what of it names the range */
#define LEAF1_HYPERVISED  (1u << 31)
#define FIRST_HYPERVISORS 0x40000000u
#define TCG_SIGNATURE     0x54474354u /* "TCGT", and twice more */

bool cpuid_is_hypervised(void)
{
    return cpuid_execute(1, 0).ecx & LEAF1_HYPERVISED;
}

/* The first leaf of a range says which is the last; a range that is not there says anything. */
struct cpuid cpuid_read(uint32_t leaf, uint32_t subleaf)
{
    uint32_t first = leaf >> RANGE_SHIFT << RANGE_SHIFT;
    uint32_t last = cpuid_execute(first, 0).eax;

    if (first == FIRST_HYPERVISORS && !cpuid_is_hypervised())
        return (struct cpuid){0};
    if (last >> RANGE_SHIFT != leaf >> RANGE_SHIFT || leaf > last)
        return (struct cpuid){0};
    return cpuid_execute(leaf, subleaf);
}

bool cpuid_is_tcg(void)
{
    return cpuid_read(FIRST_HYPERVISORS, 0).ebx == TCG_SIGNATURE;
}
