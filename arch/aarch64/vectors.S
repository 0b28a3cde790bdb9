/*
 * Exception vectors (Arm ARM D1.4). Threads run on SP_EL0, handlers on SP_EL1, so that the first
 * group of four is the usual one and the stack switch costs nothing.
 *
 * What runs on entry is described to debuggers by CFI: register 32 is the pc, 31 the sp.
 */
#include "asm.h"
#include <isa/frame_layout.h>

#define INTERRUPT_BYTES FRAME_X19

    .cfi_sections .debug_frame

.macro save_pair first, second, offset
    stp     \first, \second, [sp, #\offset]
.endm

/* x0-x18 and lr. The frame begins with x0 and x1, and is allocated by the store. */
.macro save_arguments bytes
    stp     x0, x1, [sp, #-\bytes]!
    save_pair x2, x3, 16
    save_pair x4, x5, 32
    save_pair x6, x7, 48
    save_pair x8, x9, 64
    save_pair x10, x11, 80
    save_pair x12, x13, 96
    save_pair x14, x15, 112
    save_pair x16, x17, 128
    save_pair x18, x30, FRAME_X18
.endm

/* The same, fp, pc, sp, pstate; x29 then points to the frame record. */
.macro save_volatile
    save_arguments FRAME_BYTES
    mrs     x1, elr_el1
    mrs     x2, sp_el0
    mrs     x3, spsr_el1
    save_pair x29, x1, FRAME_FP
    save_pair x2, x3, FRAME_SP
    add     x29, sp, #FRAME_FP
.endm

.macro save_rest
    save_pair x19, x20, FRAME_X19
    save_pair x21, x22, FRAME_X19 + 16
    save_pair x23, x24, FRAME_X19 + 32
    save_pair x25, x26, FRAME_X19 + 48
    save_pair x27, x28, FRAME_X19 + 64
    mrs     x1, esr_el1
    mrs     x2, far_el1
    save_pair x1, x2, FRAME_ESR
.endm

/* sp is left alone: nothing that returns changes the thread's. */
.macro restore_and_return bytes
    ldr     x2, [sp, #FRAME_PSTATE]
    ldp     x29, x1, [sp, #FRAME_FP]
    msr     spsr_el1, x2
    msr     elr_el1, x1
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x30, [sp, #FRAME_X18]
    ldp     x0, x1, [sp], #\bytes
    eret
.endm

.macro cfi_frame
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa sp, FRAME_BYTES
    .cfi_offset 29, FRAME_FP - FRAME_BYTES
    .cfi_offset 30, FRAME_LR - FRAME_BYTES
    .cfi_offset 31, FRAME_SP - FRAME_BYTES
    .cfi_offset 32, FRAME_PC - FRAME_BYTES
.endm

/* Of an interrupt: the frame is on the thread's stack, which ends with it. */
.macro cfi_interrupt_frame
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa x29, INTERRUPT_BYTES - FRAME_FP
    .cfi_offset 29, FRAME_FP - INTERRUPT_BYTES
    .cfi_offset 30, FRAME_LR - INTERRUPT_BYTES
    .cfi_offset 32, FRAME_PC - INTERRUPT_BYTES
.endm

.macro cfi_saved_rest
    .irp n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
    .cfi_offset \n, FRAME_X19 + (\n - 19) * 8 - FRAME_BYTES
    .endr
.endm

.macro vector offset
    .org    vectors + \offset
.endm

/* Names for backtraces. */
.macro handler name
    .type   \name, %function
\name:
    cfi_frame
.endm

/*
 * The table ends after the eighth of its sixteen vectors: the rest serves EL0, which Kiln never
 * enters. Handlers stand in the room that the vectors leave, 128 bytes each.
 */
    .section .vectors, "ax"
    .balign 2048
    .hidden vectors
    .global vectors
vectors:

/* From a thread: synchronous, IRQ, FIQ, SError. */
    handler thread_fault
    save_volatile
    b       thread_fault_rest
    .cfi_endproc

/*
 * The frame goes to the thread's stack, so that leaving the thread moves nothing: two instructions
 * more than on SP_EL1 here, some thirty less there. Without room that is the thread's overflow, and
 * where it was interrupted is lost.
 */
    vector  0x080
    .type   thread_interrupt, %function
thread_interrupt:
    cfi_interrupt_frame
    msr     spsel, #0
    save_arguments INTERRUPT_BYTES
    mrs     x1, elr_el1
    mrs     x3, spsr_el1
    save_pair x29, x1, FRAME_FP
    str     x3, [sp, #FRAME_PSTATE]
    add     x29, sp, #FRAME_FP
    msr     spsel, #1
    bl      core_interrupt
    msr     spsel, #0
    cbz     x0, return_from_interrupt
    blr     x0
    b       return_from_interrupt
    .cfi_endproc

    vector  0x100
    b       thread_fault
    .type   return_from_interrupt, %function
return_from_interrupt:
    cfi_interrupt_frame
    restore_and_return INTERRUPT_BYTES
    .cfi_endproc

    vector  0x180
    b       thread_fault
    handler thread_fault_rest
    save_rest
    cfi_saved_rest
    mov     x0, sp
    bl      isa_exception
    ldr     x1, [sp, #FRAME_SP]
    msr     sp_el0, x1
    restore_and_return FRAME_BYTES
    .cfi_endproc

/*
 * From a handler: a panic. The stack pointer may be what is wrong, so that it goes on with the
 * last-resort stack. TPIDR_EL0 holds x0 meanwhile; thread-local data are not used again.
 */
    vector  0x200
    handler handler_fault
    msr     tpidr_el0, x0
    mov     x0, sp
    msr     sp_el0, x0                  /* becomes the frame's sp */
    mrs     x0, tpidrro_el0
    ldr     x0, [x0]                    /* struct percpu: emergency_stack_top */
    mov     sp, x0
    mrs     x0, tpidr_el0
    save_volatile
    b       handler_fault_rest
    .cfi_endproc

    vector  0x280
    b       handler_fault
    handler handler_fault_rest
    save_rest
    cfi_saved_rest
    mov     x0, sp
    bl      core_fault
    b       .
    .cfi_endproc

    vector  0x300
    b       handler_fault
    vector  0x380
    b       handler_fault
