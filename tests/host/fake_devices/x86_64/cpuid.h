/* In place of arch/x86_64's: a test supplies the instruction, and is built with
 * arch/x86_64/cpuid.c. */
#ifndef X86_64_CPUID_H
#define X86_64_CPUID_H

#include <stdbool.h>
#include <stdint.h>

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

struct cpuid fake_cpuid(uint32_t leaf, uint32_t subleaf);

static inline struct cpuid cpuid_execute(uint32_t leaf, uint32_t subleaf)
{
    return fake_cpuid(leaf, subleaf);
}

struct cpuid cpuid_read(uint32_t leaf, uint32_t subleaf);
bool cpuid_is_hypervised(void);
bool cpuid_is_tcg(void);

#endif
