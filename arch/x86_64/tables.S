/* The loops over table entries in which boot spends its time. */
#include "asm.h"

#define ENTRIES 512
#define BATCH   8                       /* entries a turn */

    .cfi_sections .debug_frame

/* void arch_table_clear(uint64_t *table) */
    .section .text.arch_table_clear, "ax"
FUNCTION(arch_table_clear)
    xorl    %eax, %eax
    movl    $ENTRIES, %ecx
    rep stosq
    ret
END(arch_table_clear)

/* void arch_table_fill(uint64_t *entries, uint64_t value, uint64_t step, size_t count) */
    .section .text.arch_table_fill, "ax"
FUNCTION(arch_table_fill)
    subq    $BATCH, %rcx
    jb      2f
1:
    .set    offset, 0
    .rept   BATCH
    movq    %rsi, offset(%rdi)
    addq    %rdx, %rsi
    .set    offset, offset + 8
    .endr
    addq    $8 * BATCH, %rdi
    subq    $BATCH, %rcx
    jae     1b
2:  addq    $BATCH, %rcx
    jz      4f
3:  movq    %rsi, (%rdi)
    addq    %rdx, %rsi
    addq    $8, %rdi
    decq    %rcx
    jnz     3b
4:  ret
END(arch_table_fill)

    .section .note.GNU-stack, "", @progbits
