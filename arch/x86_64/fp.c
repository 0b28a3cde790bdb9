/*
 * FP and SIMD registers: x87, SSE, and by XSAVE what the CPU has of AVX and AVX-512. CR0.TS traps
 * their first use. Intel SDM volume 1, chapter 13 "Managing State Using the XSAVE Feature Set".
 */
#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/fp.h>
#include <isa/fp.h>
#include <stdbool.h>
#include <string.h>

#define CR4_OSFXSR      (1u << 9)
#define CR4_OSXMMEXCPT  (1u << 10)
#define CR4_OSXSAVE     (1u << 18)

#define LEAF1_ECX_XSAVE (1u << 26)
#define LEAF_XSAVE      0xDu

/* State components. */
#define STATE_SSE     3u /* with x87 */
#define STATE_AVX     (1u << 2)
#define STATE_AVX_512 (7u << 5)

/* The start of a state: FXSAVE's area, of which these two words are not 0 at reset, and XSAVE's
 * header, whose zeros say that every component is as at reset and not to be read. */
struct state_start {
    uint16_t x87_control;
    uint16_t x87_rest[11];
    uint32_t sse_control;
    uint32_t registers[121];
    uint64_t header[8];
};
_Static_assert(sizeof(struct state_start) == 576, "the CPU's layout");

/* Nothing traps; 64 bits of precision. */
#define X87_CONTROL_RESET 0x37Fu
#define SSE_CONTROL_RESET 0x1F80u

/*
 * How states are saved; the same on all CPUs. Not by XSAVEOPT: it leaves out what the registers had
 * when they were last restored from the same address (13.9), and a state on a stack has meanwhile
 * been something else.
 */
static enum { BY_FXSAVE, BY_XSAVE } method;

uint64_t isa_fp_features(const struct cpuid *leaf1)
{
    if (leaf1->ecx & LEAF1_ECX_XSAVE)
        method = BY_XSAVE;
    return CR4_OSFXSR | CR4_OSXMMEXCPT | (method == BY_FXSAVE ? 0 : CR4_OSXSAVE);
}

/* AVX-512 needs AVX, and its own three parts together. */
void isa_fp_init(void)
{
    uint32_t use = STATE_SSE;

    if (method == BY_FXSAVE)
        return;
    uint32_t has = cpuid_read(LEAF_XSAVE, 0).eax;
    if (has & STATE_AVX)
        use |= STATE_AVX | ((has & STATE_AVX_512) == STATE_AVX_512 ? STATE_AVX_512 : 0);
    __asm__ volatile("xsetbv" : : "c"(0), "a"(use), "d"(0) : "memory");
}

/* Asked for once, since CPUID ends a virtual machine's turn; all CPUs find the same. */
size_t arch_fp_state_bytes(void)
{
    static uint32_t xsave_bytes;
    uint32_t bytes = __atomic_load_n(&xsave_bytes, __ATOMIC_RELAXED);

    if (method == BY_FXSAVE)
        return sizeof(struct state_start);
    if (!bytes) {
        bytes = cpuid_read(LEAF_XSAVE, 0).ebx;
        __atomic_store_n(&xsave_bytes, bytes, __ATOMIC_RELAXED);
    }
    return bytes;
}

void arch_fp_state_init(void *state)
{
    struct state_start *start = state;

    memset(start, 0, sizeof(*start));
    start->x87_control = X87_CONTROL_RESET;
    start->sse_control = SSE_CONTROL_RESET;
}

void arch_fp_save(void *state)
{
    if (method == BY_FXSAVE)
        __asm__ volatile("fxsave64 (%0)" : : "r"(state) : "memory");
    else
        __asm__ volatile("xsave64 (%0)" : : "r"(state), "a"(-1), "d"(-1) : "memory");
}

void arch_fp_restore(const void *state)
{
    if (method == BY_FXSAVE)
        __asm__ volatile("fxrstor64 (%0)" : : "r"(state) : "memory");
    else
        __asm__ volatile("xrstor64 (%0)" : : "r"(state), "a"(-1), "d"(-1) : "memory");
}

void isa_fp_first_use(void)
{
    _Alignas(ARCH_FP_STATE_ALIGN) struct state_start clean;
    struct arch_context *context = (struct arch_context *)arch_thread_self();

    __asm__ volatile("clts");
    arch_fp_state_init(&clean);
    arch_fp_restore(&clean);
    context->uses_fp = 1;
}
