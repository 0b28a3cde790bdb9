/* AArch64: what an exception saved. */
#ifndef ISA_FRAME_H
#define ISA_FRAME_H

#include <isa/frame_layout.h>

/*
 * An interrupt saves all but x19-x28, esr and far. Where fp and pc stand together they form the
 * frame record through which a backtrace walks on into what was interrupted.
 */
struct arch_frame {
    uint64_t x[19]; /* x0-x18 */
    uint64_t lr;
    uint64_t fp;
    uint64_t pc;
    uint64_t sp; /* the thread's: SP_EL0; of a fault in a handler: SP_EL1 */
    uint64_t pstate;
    uint64_t saved[10]; /* x19-x28 */
    uint64_t esr;
    uint64_t far;
};

#define FRAME_ASSERT(field, offset)                                                                \
    _Static_assert(offsetof(struct arch_frame, field) == (offset), "frame layout: " #field)
FRAME_ASSERT(x, FRAME_X0);
FRAME_ASSERT(x[18], FRAME_X18);
FRAME_ASSERT(lr, FRAME_LR);
FRAME_ASSERT(fp, FRAME_FP);
FRAME_ASSERT(pc, FRAME_PC);
FRAME_ASSERT(sp, FRAME_SP);
FRAME_ASSERT(pstate, FRAME_PSTATE);
FRAME_ASSERT(saved, FRAME_X19);
FRAME_ASSERT(esr, FRAME_ESR);
FRAME_ASSERT(far, FRAME_FAR);
_Static_assert(sizeof(struct arch_frame) == FRAME_BYTES, "frame layout: size");
#undef FRAME_ASSERT

static inline uintptr_t arch_frame_pc(const struct arch_frame *frame)
{
    return frame->pc;
}

static inline uintptr_t arch_frame_fp(const struct arch_frame *frame)
{
    return frame->fp;
}

static inline uintptr_t arch_frame_link(const struct arch_frame *frame)
{
    return frame->lr;
}

/* SPSR_EL1.M: EL1t, on SP_EL0. */
static inline bool arch_frame_is_thread(const struct arch_frame *frame)
{
    return (frame->pstate & 0xF) == 4;
}

extern char arch_semihost_instruction[];

static inline bool arch_frame_is_semihost(const struct arch_frame *frame)
{
    return frame->pc == (uintptr_t)arch_semihost_instruction;
}

/* Asks the MMU. PAR_EL1 (Arm ARM D19.2.117): bit 0 a fault, bits 60-63 0 for a device. */
static inline bool isa_is_readable_memory(uintptr_t address)
{
    uint64_t result;
    __asm__ volatile("at s1e1r, %1\n\tisb\n\tmrs %0, par_el1" : "=r"(result) : "r"(address));
    return !(result & 1) && result >> 60;
}

/* AAPCS64 section 6.4.6: a frame record is the caller's record and the return address. The stack
 * is aligned to 16 bytes, and so are records on it. */
static inline struct arch_backtrace_step arch_backtrace_next(uintptr_t fp)
{
    const uintptr_t *record = (const uintptr_t *)fp;
    if (fp % 16 || !isa_is_readable_memory(fp))
        return (struct arch_backtrace_step){0};
    return (struct arch_backtrace_step){.fp = record[0], .pc = record[1]};
}

/* context.S: FP registers may stand below the frame, which begins with the record. */
static inline uintptr_t arch_context_record(uintptr_t sp, uint64_t uses_fp)
{
    return uses_fp ? sp + 80 : sp;
}

#endif
