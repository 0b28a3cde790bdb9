/*
 * The way into handlers: interrupts on the CPU's interrupt stack, exceptions on its emergency
 * stacks, to all of which the CPU switches by itself (Intel SDM volume 3, 6.14.5): a thread's stack
 * overflow cannot make the entry fault, and nothing runs over a thread's stack.
 *
 * The CPU has pushed ss, rsp, rflags, cs, rip, and with some exceptions an error code.
 */
#include "asm.h"
#include <isa/frame_layout.h>

    .cfi_sections .debug_frame

/* Vectors 8, 10-14, 17, 21, 29, 30 (Intel SDM volume 3, table 6-1; AMD's manual volume 2, 8.2). */
#define WITH_ERROR_CODE 0x60227D00

/* What stands on the stack from here on is described to debuggers by CFI. */
.macro cfi_frame bytes
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa %rsp, \bytes
    .cfi_offset %rbp, FRAME_RBP - FRAME_BYTES
    .cfi_offset %rip, FRAME_RIP - FRAME_BYTES
    .cfi_offset %rsp, FRAME_RSP - FRAME_BYTES
.endm

/* The rest of the part that a function may change; rbp then points to the frame record. */
.macro save_volatile
    cld
    pushq   %r11
    pushq   %r10
    pushq   %rax
    pushq   %r9
    pushq   %r8
    pushq   %rcx
    pushq   %rdx
    pushq   %rsi
    pushq   %rdi
    leaq    (FRAME_RBP - FRAME_RDI)(%rsp), %rbp
.endm

.macro restore_volatile_and_return
    popq    %rdi
    popq    %rsi
    popq    %rdx
    popq    %rcx
    popq    %r8
    popq    %r9
    popq    %rax
    popq    %r10
    popq    %r11
    addq    $8, %rsp
    popq    %rbp
    iretq
.endm

/*
 * Entries of 5 bytes, 16 to a group with its jumps behind it: each pushes its vector (0x6A and 8
 * bits), with rbp or, where the CPU has pushed an error code in its place, without. Addresses:
 * segments.c.
 */
.macro entry group
    .set has_error_code, 0
    .if vector < 32
    .set has_error_code, (WITH_ERROR_CODE >> vector) & 1
    .endif
    .if has_error_code
    .byte   0x6A, vector
    nop
    jmp     .Lerror_group_\group
    .else
    pushq   %rbp
    .byte   0x6A, vector
    jmp     .Lgroup_\group
    .endif
.endm

.macro entries group
    .set vector, \group * 16
    .rept 16
    entry   \group
    .set vector, vector + 1
    .endr
.endm

/* jmp, by 32 bits also where 8 would do: all groups are alike. */
.macro jump target
    .byte   0xE9
    .long   \target - . - 4
.endm

.macro exception_entries group
    entries \group
.Lgroup_\group:
    jump    exception
.Lerror_group_\group:
    jump    exception_with_error
.endm

.macro interrupt_entries group
    entries \group
.Lgroup_\group:
    jump    interrupt
.endm

    .section .text.exceptions, "ax"
/* rbp's place holds the CPU's error code: they change places. */
    .type   exception_with_error, %function
exception_with_error:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa %rsp, FRAME_BYTES - FRAME_VECTOR
    .cfi_offset %rip, FRAME_RIP - FRAME_BYTES
    .cfi_offset %rsp, FRAME_RSP - FRAME_BYTES
    xchgq   %rbp, 8(%rsp)
    movl    %ebp, 4(%rsp)
    .cfi_endproc
    .size   exception_with_error, . - exception_with_error

    .type   exception, %function
exception:
    cfi_frame (FRAME_BYTES-FRAME_VECTOR)
    save_volatile
    pushq   %r15
    pushq   %r14
    pushq   %r13
    pushq   %r12
    pushq   %rbx
    movq    %cr2, %rax
    pushq   %rax
    .cfi_def_cfa %rsp, FRAME_BYTES
    .cfi_offset %rbx, FRAME_RBX - FRAME_BYTES
    .cfi_offset %r12, FRAME_RBX + 8 - FRAME_BYTES
    .cfi_offset %r13, FRAME_RBX + 16 - FRAME_BYTES
    .cfi_offset %r14, FRAME_RBX + 24 - FRAME_BYTES
    .cfi_offset %r15, FRAME_RBX + 32 - FRAME_BYTES
    movq    %rsp, %rdi
    call    isa_exception
    addq    $8, %rsp
    popq    %rbx
    popq    %r12
    popq    %r13
    popq    %r14
    popq    %r15
    restore_volatile_and_return
    .cfi_endproc
    .size   exception, . - exception

    .hidden isa_exception_entries
    .global isa_exception_entries
    .type   isa_exception_entries, %function
isa_exception_entries:
    exception_entries 0
    exception_entries 1
    .size   isa_exception_entries, . - isa_exception_entries

/* int 0x80: a program that takes this for Linux. */
    .hidden isa_system_call_entry
    .global isa_system_call_entry
    .type   isa_system_call_entry, %function
isa_system_call_entry:
    pushq   %rbp
    pushq   $0x80
    jmp     exception
    .size   isa_system_call_entry, . - isa_system_call_entry

/* An image without interrupts has none of this: only vectors_open() asks for it. */
    .section .text.interrupts, "ax"
    .balign 16
    .type   interrupt, %function
interrupt:
    cfi_frame (FRAME_BYTES-FRAME_VECTOR)
    save_volatile
    .cfi_def_cfa %rsp, FRAME_BYTES - FRAME_RDI
    movzbl  (FRAME_VECTOR - FRAME_RDI)(%rsp), %edi
    call    core_interrupt
    testq   %rax, %rax
    jnz     leave_thread
    restore_volatile_and_return
    .cfi_endproc
    .size   interrupt, . - interrupt

/*
 * The thread that was interrupted is to be left, by the function in rax: what is saved moves to its
 * stack, right below what it has there, as nothing uses a red zone. A fault there is reported from
 * the last-resort stack, as an overflow of the thread's.
 */
#define MOVED_BYTES (FRAME_BYTES - FRAME_RDI)
    .type   leave_thread, %function
leave_thread:
    cfi_frame MOVED_BYTES
    movq    (FRAME_RSP - FRAME_RDI)(%rsp), %rcx
    andq    $-16, %rcx
    .set    moved, 0
    .rept   MOVED_BYTES / 8
    popq    (moved - MOVED_BYTES)(%rcx)
    .cfi_adjust_cfa_offset -8
    .set    moved, moved + 8
    .endr
    leaq    -MOVED_BYTES(%rcx), %rsp
    .cfi_adjust_cfa_offset MOVED_BYTES
    leaq    (FRAME_RBP - FRAME_RDI)(%rsp), %rbp
    call    *%rax
    restore_volatile_and_return
    .cfi_endproc
    .size   leave_thread, . - leave_thread

    .hidden isa_interrupt_entries
    .global isa_interrupt_entries
    .type   isa_interrupt_entries, %function
isa_interrupt_entries:
    interrupt_entries 2
    interrupt_entries 3
    interrupt_entries 4
    interrupt_entries 5
    interrupt_entries 6
    interrupt_entries 7
    interrupt_entries 8
    interrupt_entries 9
    interrupt_entries 10
    interrupt_entries 11
    interrupt_entries 12
    interrupt_entries 13
    interrupt_entries 14
    interrupt_entries 15
    .size   isa_interrupt_entries, . - isa_interrupt_entries

    .section .note.GNU-stack, "", @progbits
