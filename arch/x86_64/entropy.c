/* Random numbers of the CPU. Intel SDM volume 1, 7.3.17 "Random Number Generator Instructions". */
#include <arch/cpu.h>
#include <x86_64/cpuid.h>

#define LEAF7_EBX_RDSEED (1u << 18)
#define LEAF1_ECX_RDRAND (1u << 30)

#define TRIES            10 /* as Intel advises: then the generator is broken */

/* The instruction clears CF when it had no number in time. */
#define TRY(instruction)                                                                           \
    ({                                                                                             \
        uint64_t random = 0;                                                                       \
        bool valid = false;                                                                        \
        for (int i = 0; i < TRIES && !valid; i++)                                                  \
            __asm__ volatile(instruction " %0" : "=r"(random), "=@ccc"(valid));                    \
        valid ? random : 0;                                                                        \
    })

/* The seed is better and may run dry; an AMD CPU whose rdrand is broken says all ones and valid. */
uint64_t arch_entropy(void)
{
    uint64_t random = 0;

    if (cpuid_read(7, 0).ebx & LEAF7_EBX_RDSEED)
        random = TRY("rdseed");
    if (!random && cpuid_read(1, 0).ecx & LEAF1_ECX_RDRAND)
        random = TRY("rdrand");
    return random == UINT64_MAX ? 0 : random;
}
