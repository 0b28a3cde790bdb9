/* The host's part of arch/frame.h: frames are what a test fills in; backtraces use its own stack.
 */
#ifndef ISA_FRAME_H
#define ISA_FRAME_H

struct arch_frame {
    uintptr_t pc;
    uintptr_t sp;
    uintptr_t fp;
    bool is_access; /* what the test says of an access that failed */
    bool is_handlers;
    enum arch_access access;
    uintptr_t address;
};

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
    (void)frame;
    return 0;
}

/* A record is the caller's frame pointer and the return address, as on AArch64 and x86_64. What
 * main's caller has in that register is anything. */
static inline struct arch_backtrace_step arch_backtrace_next(uintptr_t fp)
{
    const uintptr_t *record = (const uintptr_t *)fp;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    if (fp - here > (uintptr_t)1 << 16 || fp % sizeof(*record))
        return (struct arch_backtrace_step){0, 0};
    return (struct arch_backtrace_step){.pc = record[1], .fp = record[0]};
}

static inline bool arch_frame_is_thread(const struct arch_frame *frame)
{
    return !frame->is_handlers;
}

static inline bool arch_frame_is_semihost(const struct arch_frame *frame)
{
    (void)frame;
    return false;
}

/* It has none: the host keeps its registers elsewhere. */
static inline uintptr_t arch_context_record(uintptr_t sp, uint64_t uses_fp)
{
    (void)sp;
    (void)uses_fp;
    return 0;
}

#endif
