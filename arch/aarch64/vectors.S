/*
 * Exception vectors (Arm ARM D1.4). Threads run on SP_EL0, handlers on SP_EL1, so that the first
 * group of four is the usual one and the stack switch costs nothing.
 *
 * What runs on entry is described to debuggers by CFI: register 32 is the pc, 31 the sp.
 */
#include "asm.h"
#include <isa/frame_layout.h>

    .cfi_sections .debug_frame

.macro save_pair first, second, offset
    stp     \first, \second, [sp, #\offset]
.endm

/* x0-x18, lr, fp, pc, sp, pstate; x29 then points to the frame record. The frame begins with x0
 * and x1, and is allocated by the store. */
.macro save_volatile
    stp     x0, x1, [sp, #-FRAME_BYTES]!
    save_pair x2, x3, 16
    save_pair x4, x5, 32
    save_pair x6, x7, 48
    save_pair x8, x9, 64
    save_pair x10, x11, 80
    save_pair x12, x13, 96
    save_pair x14, x15, 112
    save_pair x16, x17, 128
    save_pair x18, x30, FRAME_X18
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
.macro restore_volatile_and_return
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
    ldp     x0, x1, [sp], #FRAME_BYTES
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

    vector  0x080
    handler thread_interrupt
    save_volatile
    bl      core_interrupt
    cbnz    x0, leave_thread
    b       return_from_exception
    .cfi_endproc

    vector  0x100
    b       thread_fault
    handler return_from_exception
    restore_volatile_and_return
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
    b       return_from_exception
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

/*
 * The thread that was interrupted is to be left, by the function in x0: what is saved moves to its
 * stack. A fault there is reported from the last-resort stack, as an overflow of the thread's.
 */
    .section .text.leave_thread, "ax"
#define MOVED_BYTES FRAME_X19
    .type   leave_thread, %function
leave_thread:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa sp, FRAME_BYTES
    .cfi_offset 29, FRAME_FP - FRAME_BYTES
    .cfi_offset 30, FRAME_LR - FRAME_BYTES
    .cfi_offset 31, FRAME_SP - FRAME_BYTES
    .cfi_offset 32, FRAME_PC - FRAME_BYTES
    ldp     x2, x3, [sp]
    ldp     x4, x5, [sp, #16]
    ldp     x6, x7, [sp, #32]
    ldp     x8, x9, [sp, #48]
    ldp     x10, x11, [sp, #64]
    ldp     x12, x13, [sp, #80]
    ldp     x14, x15, [sp, #96]
    mrs     x1, sp_el0
    stp     x2, x3, [x1, #-MOVED_BYTES]!
    stp     x4, x5, [x1, #16]
    stp     x6, x7, [x1, #32]
    stp     x8, x9, [x1, #48]
    stp     x10, x11, [x1, #64]
    stp     x12, x13, [x1, #80]
    stp     x14, x15, [x1, #96]
    ldp     x2, x3, [sp, #112]
    ldp     x4, x5, [sp, #128]
    ldp     x6, x7, [sp, #144]
    ldp     x8, x9, [sp, #160]
    ldp     x10, x11, [sp, #176]
    stp     x2, x3, [x1, #112]
    stp     x4, x5, [x1, #128]
    stp     x6, x7, [x1, #144]
    stp     x8, x9, [x1, #160]
    stp     x10, x11, [x1, #176]
    add     sp, sp, #FRAME_BYTES
    msr     sp_el0, x1
    msr     spsel, #0
    .cfi_def_cfa sp, MOVED_BYTES
    .cfi_offset 29, FRAME_FP - MOVED_BYTES
    .cfi_offset 30, FRAME_LR - MOVED_BYTES
    .cfi_offset 31, FRAME_SP - MOVED_BYTES
    .cfi_offset 32, FRAME_PC - MOVED_BYTES
    add     x29, x1, #FRAME_FP
    blr     x0
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
    ldp     x0, x1, [sp], #MOVED_BYTES
    eret
    .cfi_endproc
    .size   leave_thread, . - leave_thread
