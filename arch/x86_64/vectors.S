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

    .section .text.vectors, "ax"
    .balign 16
    .type   interrupt, %function
interrupt:
    cfi_frame (FRAME_BYTES-FRAME_VECTOR)
    save_volatile
    .cfi_def_cfa %rsp, FRAME_BYTES - FRAME_RDI
    movzbl  (FRAME_VECTOR - FRAME_RDI)(%rsp), %edi
    call    core_interrupt
    restore_volatile_and_return
    .cfi_endproc
    .size   interrupt, . - interrupt

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

/*
 * The entries, 16 to a group: each pushes its vector, with rbp or, where the CPU has pushed an
 * error code in its place, without. Their addresses are worked out by segments.c.
 */
.macro entry vector, group
    .if (\vector == 8) || ((\vector >= 10) && (\vector <= 14)) || (\vector == 17) || (\vector == 21) || (\vector == 29) || (\vector == 30)
    pushq   $\vector
    nop
    jmp     .Lerror_group_\group
    .elseif \vector == 0x80              /* a system call of a program for Linux */
    pushq   %rbp
    pushq   $\vector - 256
    jmp     .Lerror_group_\group
    .else
    pushq   %rbp
    .if \vector < 128
    pushq   $\vector
    .else
    pushq   $\vector - 256
    .endif
    jmp     .Lgroup_\group
    .endif
.endm

.macro entries from, group
    .altmacro
    .set n, \from
    .rept 16
    entry_ %n, \group
    .set n, n + 1
    .endr
    .noaltmacro
.Lgroup_\group:
    .byte   0xE9                        /* jmp rel32, also where a short one would do */
    .if \group < 2
    .long   exception - . - 4
    .else
    .long   interrupt - . - 4
    .endif
.Lerror_group_\group:
    .byte   0xE9
    .if \group < 2
    .long   exception_with_error - . - 4
    .else
    .long   exception - . - 4
    .endif
.endm
.macro entry_ vector, group
    entry   \vector, \group
.endm

    .hidden isa_vector_entries
    .global isa_vector_entries
    .type   isa_vector_entries, %function
isa_vector_entries:
    entries 0, 0
    entries 16, 1
    entries 32, 2
    entries 48, 3
    entries 64, 4
    entries 80, 5
    entries 96, 6
    entries 112, 7
    entries 128, 8
    entries 144, 9
    entries 160, 10
    entries 176, 11
    entries 192, 12
    entries 208, 13
    entries 224, 14
    entries 240, 15
    .size   isa_vector_entries, . - isa_vector_entries

    .section .note.GNU-stack, "", @progbits
