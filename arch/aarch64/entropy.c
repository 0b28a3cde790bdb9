/* Random numbers of the CPU: FEAT_RNG, where it is there. */
#include <arch/cpu.h>

#define ISAR0_RNDR_SHIFT 60

uint64_t arch_entropy(void)
{
    uint64_t features, random;
    bool valid;
    __asm__("mrs %0, id_aa64isar0_el1" : "=r"(features));
    if (!(features >> ISAR0_RNDR_SHIFT))
        return 0;
    /* RNDR, Arm ARM D19.2.107: Z is set when there was no number in time. */
    __asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %w1, ne" : "=r"(random), "=r"(valid) : : "cc");
    return valid ? random : 0;
}
