/* x86_64: what an exception saved. */
#ifndef ISA_FRAME_H
#define ISA_FRAME_H

#include <arch/irq.h>
#include <isa/frame_layout.h>

/*
 * The CPU pushes rip to ss; an interrupt saves from rdi on, an exception everything. Where rbp and
 * rip stand together they form the frame record through which a backtrace walks on into what was
 * interrupted. rdi to r9 stand in the order of arguments, as va_arg wants them.
 */
struct arch_frame {
    uint64_t cr2;
    uint64_t rbx;
    uint64_t r12_r15[4];
    uint64_t arguments[6]; /* rdi, rsi, rdx, rcx, r8, r9 */
    uint64_t rax;
    uint64_t r10;
    uint64_t r11;
    uint32_t vector; /* of an interrupt only the lowest byte */
    uint32_t error;  /* the CPU's error code, or 0; of an interrupt it means nothing */
    uint64_t rbp;
    uint64_t rip;
    uint64_t cs;
    uint64_t rflags;
    uint64_t rsp;
    uint64_t ss;
};

#define FRAME_ASSERT(field, offset)                                                                \
    _Static_assert(offsetof(struct arch_frame, field) == (offset), "frame layout: " #field)
FRAME_ASSERT(cr2, FRAME_CR2);
FRAME_ASSERT(rbx, FRAME_RBX);
FRAME_ASSERT(arguments, FRAME_RDI);
FRAME_ASSERT(error, FRAME_ERROR);
FRAME_ASSERT(vector, FRAME_VECTOR);
FRAME_ASSERT(rbp, FRAME_RBP);
FRAME_ASSERT(rip, FRAME_RIP);
FRAME_ASSERT(rsp, FRAME_RSP);
_Static_assert(sizeof(struct arch_frame) == FRAME_BYTES, "frame layout: size");
#undef FRAME_ASSERT

static inline uintptr_t arch_frame_pc(const struct arch_frame *frame)
{
    return frame->rip;
}

static inline uintptr_t arch_frame_fp(const struct arch_frame *frame)
{
    return frame->rbp;
}

static inline bool arch_frame_is_thread(const struct arch_frame *frame)
{
    return !isa_is_handler_stack(frame->rsp);
}

/* Asks the page tables whether these bytes are mapped as memory. */
bool isa_is_readable_memory(uintptr_t address, size_t bytes);

/* The return address on top of the stack, if a call stands in front of where it points; else 0. */
uintptr_t isa_frame_return_address(const struct arch_frame *frame);

/* There is no link register; a function that has no frame yet has its return address on top. */
static inline uintptr_t arch_frame_link(const struct arch_frame *frame)
{
    return isa_frame_return_address(frame);
}

/* Ports that nobody listens to are no exception. */
static inline bool arch_frame_is_semihost(const struct arch_frame *frame)
{
    (void)frame;
    return false;
}

/* System V ABI for AMD64, 3.2.2: rbp points to the caller's rbp, behind which the return address
 * stands. */
static inline struct arch_backtrace_step arch_backtrace_next(uintptr_t fp)
{
    const uintptr_t *record = (const uintptr_t *)fp;
    if (fp % sizeof *record || !isa_is_readable_memory(fp, 2 * sizeof *record))
        return (struct arch_backtrace_step){0};
    return (struct arch_backtrace_step){.fp = record[0], .pc = record[1]};
}

/* context.S: FP control words may stand below the frame, which ends with the record. */
static inline uintptr_t arch_context_record(uintptr_t sp, uint64_t uses_fp)
{
    return sp + (uses_fp ? 8 : 0) + 48;
}

#endif
