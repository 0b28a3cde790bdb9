/*
 * What an x86 CPU says of itself. Any context; some 100 cycles, some 1,000 under a hypervisor, so
 * ask once. Intel SDM volume 2, CPUID.
 */
#ifndef X86_64_CPUID_H
#define X86_64_CPUID_H

#include <stdbool.h>
#include <stdint.h>

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

/* The instruction: of a leaf that the CPU does not have it returns another leaf's values. */
static inline struct cpuid cpuid_execute(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid is;

    __asm__ volatile("cpuid"
                     : "=a"(is.eax), "=b"(is.ebx), "=c"(is.ecx), "=d"(is.edx)
                     : "a"(leaf), "c"(subleaf));
    return is;
}

/* A leaf, zeros beyond the last one of its range: 0, 0x40000000 (a hypervisor's), 0x80000000. */
struct cpuid cpuid_read(uint32_t leaf, uint32_t subleaf);

/* True under a hypervisor or emulator. */
bool cpuid_is_hypervised(void);

/* True where QEMU translates instructions. */
bool cpuid_is_tcg(void);

#endif
