/* xmm0-xmm15, or ymm0-ymm15 where AVX is on; MXCSR; the control word and two registers of x87. */
#include "registers.h"
#include <isa/fp.h>
#include <string.h>

#define CR0_TS 8u

/* CPUID: of leaf 1, and bytes of what is on. */
#define OSXSAVE        (1u << 27)
#define BYTES_WITH_AVX 832

#define VECTORS        16
#define LANES          8 /* words of a ymm register */

/* Intel SDM volume 1, 8.1.5 and 10.2.3: rounding control; 8.1.3: which register is on top. */
#define X87_RESET      0x37Fu
#define X87_ROUNDING   10
#define MXCSR_RESET    0x1F80u
#define MXCSR_ROUNDING 13
#define TOP_OF_TWO     6u
#define ONE            UINT64_C(0x3FF0000000000000)

static bool has_avx;

struct image {
    uint32_t vectors[VECTORS][LANES];
    uint64_t x87[2]; /* as double */
    uint32_t mxcsr;
    uint32_t x87_control;
};
_Static_assert(sizeof(struct image) <= sizeof(struct registers), "registers.h");

void registers_begin(void)
{
    struct cpuid leaf1 = cpuid_read(1, 0);

    isa_fp_features(&leaf1);
    has_avx = (leaf1.ecx & OSXSAVE) && cpuid_read(0xD, 0).ebx >= BYTES_WITH_AVX;
}

void registers_pattern(struct registers *registers, uint32_t number)
{
    struct image *image = (struct image *)registers;
    unsigned lanes = has_avx ? LANES : LANES / 2;

    memset(registers, 0, sizeof(*registers));
    for (unsigned i = 0; number && i < VECTORS; i++)
        for (unsigned lane = 0; lane < lanes; lane++)
            image->vectors[i][lane] = number << 16 | i << 8 | lane;
    for (unsigned i = 0; number && i < 2; i++)
        image->x87[i] = ONE + (number << 8 | i);
    image->mxcsr = MXCSR_RESET | (number & 3) << MXCSR_ROUNDING;
    image->x87_control = X87_RESET | (number & 3) << X87_ROUNDING;
}

#define ALL(instructions)                                                                          \
    ".irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t" instructions "\n\t.endr"

void registers_load(const struct registers *from)
{
    const struct image *image = (const struct image *)from;

    if (has_avx)
        __asm__ volatile(ALL("vmovups 32 * \\r(%0), %%ymm\\r") : : "r"(image) : "memory");
    else
        __asm__ volatile(ALL("movups 32 * \\r(%0), %%xmm\\r") : : "r"(image) : "memory");
    __asm__ volatile("ldmxcsr %0\n\tfninit\n\tfldcw %1\n\tfldl %2\n\tfldl %3"
                     :
                     : "m"(image->mxcsr), "m"(image->x87_control), "m"(image->x87[0]),
                       "m"(image->x87[1]));
}

void registers_store(struct registers *to)
{
    struct image *image = (struct image *)to;

    memset(to, 0, sizeof(*to));
    if (has_avx)
        __asm__ volatile(ALL("vmovups %%ymm\\r, 32 * \\r(%0)") : : "r"(image) : "memory");
    else
        __asm__ volatile(ALL("movups %%xmm\\r, 32 * \\r(%0)") : : "r"(image) : "memory");
    uint16_t status;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1\n\tfnstsw %2"
                     : "=m"(image->mxcsr), "=m"(image->x87_control), "=m"(status));
    if ((status >> 11 & 7) == TOP_OF_TWO)
        __asm__ volatile("fstpl %1\n\tfstpl %0" : "=m"(image->x87[0]), "=m"(image->x87[1]));
}

bool registers_are_lazy(void)
{
    return true;
}

void registers_forget(void)
{
    uint64_t cr0;

    __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("movq %0, %%cr0" : : "r"(cr0 | CR0_TS));
}

bool registers_trap(void)
{
    uint64_t cr0;

    __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
    return cr0 & CR0_TS;
}

void registers_end(void)
{
    __asm__ volatile("fstp %%st(0)\n\tfstp %%st(0)" : : : "memory");
}

/* System V ABI for AMD64, 3.2.1: control words; the stack of x87 is empty at calls. */
bool registers_keep(const struct registers *found, const struct registers *want)
{
    const struct image *is = (const struct image *)found, *was = (const struct image *)want;

    return is->mxcsr == was->mxcsr && is->x87_control == was->x87_control && !is->x87[0] &&
           !is->x87[1];
}
