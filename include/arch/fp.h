/*
 * The arch contract: a thread's FP and SIMD registers, when it has to leave them to another. Each
 * call is for the CPU that it runs on. FP must not trap (arch_fp_trap) when they are saved or
 * restored; a thread of which it still traps has not used them, and has nothing to be saved.
 */
#ifndef ARCH_FP_H
#define ARCH_FP_H

#include <stddef.h>

#define ARCH_FP_STATE_ALIGN 64

/* Bytes of a state, which the caller aligns to ARCH_FP_STATE_ALIGN: all registers that this machine
 * has, so that it is known only when it runs. Any context. */
size_t arch_fp_state_bytes(void);

/* Makes a state of what a thread starts with: zeros, round to nearest, no traps. A state has to be
 * made before it is saved to. Any context. */
void arch_fp_state_init(void *state);

/* The registers to a state, and back. Interrupts masked, or nobody else uses FP on this CPU. Some
 * 100 cycles; the compiler must not keep an FP value across it. */
void arch_fp_save(void *state);
void arch_fp_restore(const void *state);

#endif
