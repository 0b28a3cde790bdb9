/*
 * Leaving one thread for another. What stands on the stack of one that does not run, from its sp
 * up: if it uses FP, d8-d15 and FPCR; a frame record, x19-x28, and the interrupt state to go on
 * with. AAPCS64 sections 6.1.1 and 6.1.2 say what a function keeps.
 */
#include "asm.h"
#include <arch/context_layout.h>

#define FRAME_BYTES    112
#define FRAME_STATE    96
#define FP_BYTES       80
#define CPACR_FPEN     (3 << 20) /* Arm ARM (DDI 0487), CPACR_EL1.FPEN */

/* D, I and F masked: as a thread begins, which has only to enable interrupts. */
#define DAIF_DIF       0x2c0

    .cfi_sections .debug_frame

/* void arch_context_init(struct arch_context *context, uintptr_t stack_top, void (*entry)(void)) */
    .section .text.arch_context_init, "ax"
FUNCTION(arch_context_init)
    mov     x3, #DAIF_DIF
    sub     x1, x1, #FRAME_BYTES
    stp     xzr, x2, [x1]
    str     x3, [x1, #FRAME_STATE]
    str     x1, [x0, #ARCH_CONTEXT_SP]
    str     xzr, [x0, #ARCH_CONTEXT_USES_FP]
    ret
END(arch_context_init)

.macro cfi_frame
    .cfi_def_cfa_offset FRAME_BYTES
    .cfi_offset x29, -FRAME_BYTES
    .cfi_offset x30, 8 - FRAME_BYTES
.endm

/* int arch_context_switch(struct arch_context *from, struct arch_context *to, uintptr_t irq_state)
 * _Noreturn void arch_context_leave(struct arch_context *to, uint32_t *left) */
    .section .text.arch_context_switch, "ax"
    .balign 64
FUNCTION(arch_context_switch)
    stp     x29, x30, [sp, #-FRAME_BYTES]!
    cfi_frame
    ldr     x3, [x0, #ARCH_CONTEXT_USES_FP]
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    str     x2, [sp, #FRAME_STATE]
    mov     x5, sp
    str     x5, [x0, #ARCH_CONTEXT_SP]
    ldp     x0, x4, [x1, #ARCH_CONTEXT_RESULT]  /* and uses_fp */
    ldp     x6, x7, [x1]                        /* sp, tls */
    orr     x5, x3, x4
    cbnz    x5, 2f
    mov     sp, x6
1:  msr     tpidr_el1, x1
    msr     tpidr_el0, x7
    ldr     x2, [sp, #FRAME_STATE]
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #FRAME_BYTES
    msr     daif, x2
    ret

/* One of them uses FP: x3 `from`, which tpidr_el1 still is, x4 `to`. */
2:  cbz     x3, 3f
    mrs     x5, fpcr
    stp     d8, d9, [sp, #-FP_BYTES]!
    stp     d10, d11, [sp, #16]
    stp     d12, d13, [sp, #32]
    stp     d14, d15, [sp, #48]
    str     x5, [sp, #64]
    mrs     x2, tpidr_el1
    mov     x5, sp
    str     x5, [x2, #ARCH_CONTEXT_SP]
    cmp     x1, x2
    csel    x6, x5, x6, eq              /* to itself */
3:  mov     sp, x6
    cmp     x4, #0
    mov     x5, #CPACR_FPEN
    csel    x5, x5, xzr, ne
    msr     cpacr_el1, x5
    isb
    cbz     x4, 1b
    ldr     x5, [sp, #64]
    ldp     d10, d11, [sp, #16]
    ldp     d12, d13, [sp, #32]
    ldp     d14, d15, [sp, #48]
    ldp     d8, d9, [sp], #FP_BYTES
    msr     fpcr, x5
    b       1b
END(arch_context_switch)

FUNCTION(arch_context_leave)
    mrs     x2, tpidr_el1
    ldr     x3, [x2, #ARCH_CONTEXT_USES_FP]
    ldp     x2, x4, [x0, #ARCH_CONTEXT_RESULT]  /* and uses_fp */
    ldp     x6, x7, [x0]                        /* sp, tls */
    mov     sp, x6
    mov     w5, #1
    stlr    w5, [x1]
    mov     x1, x0
    mov     x0, x2
    orr     x5, x3, x4
    cbz     x5, 1b
    b       3b
END(arch_context_leave)
