/*
 * void kiln_panic(const char *format, ...): an exception, so that the report has all registers as
 * they were; core_fault knows it by its address.
 */
    .cfi_sections .debug_frame
    .section .text.kiln_panic, "ax"
    .global kiln_panic
    .hidden arch_panic_instruction
    .global arch_panic_instruction
    .type   kiln_panic, %function
kiln_panic:
arch_panic_instruction:
    .cfi_startproc
    ud2
    .cfi_endproc
    .size   kiln_panic, . - kiln_panic

    .section .note.GNU-stack, "", @progbits
