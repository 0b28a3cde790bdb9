/* Registers on the stack, for whoever looks for pointers there. */
#include "asm.h"

    .cfi_sections .debug_frame

/* uintptr_t arch_call_with_registers(uintptr_t (*function)(uintptr_t sp)):
 * System V ABI, figure 3.4, rbx, rbp and r12-r15 are the caller's. The function keeps them. */
    .section .text.arch_call_with_registers, "ax"
FUNCTION(arch_call_with_registers)
    pushq   %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq    %rsp, %rbp
    .cfi_def_cfa_register %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    pushq   $0                          /* calls want rsp aligned to 16 bytes */
    movq    %rdi, %rax
    movq    %rsp, %rdi
    call    *%rax
    leave
    .cfi_def_cfa %rsp, 8
    ret
END(arch_call_with_registers)

    .section .note.GNU-stack, "", @progbits
