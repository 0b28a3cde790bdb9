/* q0-q31, FPCR and FPSR. Arm ARM (DDI 0487), FPCR.RMode and FPSR.QC. */
#include "registers.h"
#include <string.h>

#define VECTORS       32
#define LANES         4
#define FPCR_ROUNDING 22
#define FPSR_SATURATE 27
#define CPACR_FPEN    (UINT64_C(3) << 20)

struct image {
    uint32_t vectors[VECTORS][LANES];
    uint64_t fpcr;
    uint64_t fpsr;
};
_Static_assert(sizeof(struct image) <= sizeof(struct registers), "registers.h");

void registers_begin(void)
{
}

void registers_pattern(struct registers *registers, uint32_t number)
{
    struct image *image = (struct image *)registers;

    memset(registers, 0, sizeof(*registers));
    for (unsigned i = 0; number && i < VECTORS; i++)
        for (unsigned lane = 0; lane < LANES; lane++)
            image->vectors[i][lane] = number << 16 | i << 8 | lane;
    image->fpcr = (uint64_t)(number & 3) << FPCR_ROUNDING;
    image->fpsr = (uint64_t)(number & 1) << FPSR_SATURATE;
}

#define ALL(instructions)                                                                          \
    ".irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, "   \
    "23, 24, 25, 26, 27, 28, 29, 30, 31\n\t" instructions "\n\t.endr"

void registers_load(const struct registers *from)
{
    const struct image *image = (const struct image *)from;

    __asm__ volatile(".arch_extension simd\n\t" ALL("ldr q\\r, [%0, #16 * \\r]")
                     :
                     : "r"(image)
                     : "memory");
    __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1" : : "r"(image->fpcr), "r"(image->fpsr));
}

void registers_store(struct registers *to)
{
    struct image *image = (struct image *)to;

    memset(to, 0, sizeof(*to));
    __asm__ volatile(".arch_extension simd\n\t" ALL("str q\\r, [%0, #16 * \\r]")
                     :
                     : "r"(image)
                     : "memory");
    __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr" : "=r"(image->fpcr), "=r"(image->fpsr));
}

bool registers_are_lazy(void)
{
    return true;
}

void registers_forget(void)
{
    __asm__ volatile("msr cpacr_el1, xzr\n\tisb");
}

bool registers_trap(void)
{
    uint64_t cpacr;

    __asm__ volatile("mrs %0, cpacr_el1" : "=r"(cpacr));
    return !(cpacr & CPACR_FPEN);
}

void registers_end(void)
{
}

/* AAPCS64 6.1.2: the lower halves of v8-v15; 6.1.3: FPCR. */
bool registers_keep(const struct registers *found, const struct registers *want)
{
    const struct image *is = (const struct image *)found, *was = (const struct image *)want;

    for (unsigned i = 8; i < 16; i++)
        if (memcmp(is->vectors[i], was->vectors[i], 8) != 0)
            return false;
    return is->fpcr == was->fpcr;
}
