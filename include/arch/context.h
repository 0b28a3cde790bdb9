/*
 * The arch contract: what is kept of a thread while it does not run, and leaving one for another.
 * Voluntary switches keep what a function has to keep for its caller; core_preempt() is called
 * where an interrupt has kept the rest.
 */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#include <arch/context_layout.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Begins struct kiln_thread: the thread's address is its context's. `uses_fp` becomes 1 with the
 * thread's first use of an FP or SIMD register, which traps until then and finds clean ones.
 */
struct arch_context {
    uintptr_t sp;     /* while it does not run: where its registers are */
    void *tls;        /* thread pointer of the ELF TLS ABI */
    int64_t result;   /* what arch_context_switch() returns to it */
    uint64_t uses_fp; /* 0 or 1; written by the thread itself */
};

_Static_assert(offsetof(struct arch_context, sp) == ARCH_CONTEXT_SP, "context layout");
_Static_assert(offsetof(struct arch_context, tls) == ARCH_CONTEXT_TLS, "context layout");
_Static_assert(offsetof(struct arch_context, result) == ARCH_CONTEXT_RESULT, "context layout");
_Static_assert(offsetof(struct arch_context, uses_fp) == ARCH_CONTEXT_USES_FP, "context layout");

/* Bytes of stack that a context which does not run needs at most, all of its registers included,
 * but for what arch_fp_state_bytes() says. */
#define ARCH_CONTEXT_BYTES 512u

/* The first switch to it calls entry() with interrupts masked, on an empty stack that ends there
 * (16-byte aligned). tls is the caller's to set. Any context. */
void arch_context_init(struct arch_context *context, uintptr_t stack_top, void (*entry)(void));

/*
 * Leaves `from`, which runs, for `to`, which then is arch_thread_self(). Returns in `from` once
 * somebody switches to it, with the interrupt state (of arch_irq_save) that it has given here, and
 * its context's result. `to` may be `from`. Interrupts masked. FP control registers and what the
 * ABI has a callee keep of FP registers are kept for threads that use FP.
 */
int arch_context_switch(struct arch_context *from, struct arch_context *to, uintptr_t irq_state);

/*
 * Leaves the running context for good. Its stack, and its context, are not used any more once *left
 * is 1: stored with release order. Interrupts masked.
 */
_Noreturn void arch_context_leave(struct arch_context *to, uint32_t *left);

#endif
