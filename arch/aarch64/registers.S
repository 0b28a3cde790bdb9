/* Registers on the stack, for whoever looks for pointers there. */
#include "asm.h"

    .cfi_sections .debug_frame

/* uintptr_t arch_call_with_registers(uintptr_t (*function)(uintptr_t sp)):
 * AAPCS64 section 6.1.1, x19-x28 are the caller's. The function keeps them. */
    .section .text.arch_call_with_registers, "ax"
FUNCTION(arch_call_with_registers)
    stp     x29, x30, [sp, #-96]!
    .cfi_def_cfa_offset 96
    .cfi_offset x29, -96
    .cfi_offset x30, -88
    mov     x29, sp
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    mov     x1, x0
    mov     x0, sp
    blr     x1
    ldp     x29, x30, [sp], #96
    ret
END(arch_call_with_registers)
