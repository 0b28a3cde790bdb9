/*
 * The two loops over table entries in which boot spends its time; with 16-byte registers, which
 * are given back as they were.
 */
#include "asm.h"

    /* clang's assembler takes -mgeneral-regs-only, which is meant for C, to heart. */
    .arch   armv8-a+fp+simd
    .cfi_sections .debug_frame
    .text

/* void arch_table_fill(uint64_t *entries, uint64_t value, uint64_t step, size_t count) */
    .section .text.arch_table_fill, "ax"
FUNCTION(arch_table_fill)
    tbz     x0, #3, 1f
    cbz     x3, 4f
    str     x1, [x0], #8
    add     x1, x1, x2
    sub     x3, x3, #1
1:  subs    x3, x3, #8
    b.lo    3f
    stp     q0, q1, [sp, #-80]!
    stp     q2, q3, [sp, #32]
    str     q4, [sp, #64]
    fmov    d0, x1
    add     x4, x1, x2
    mov     v0.d[1], x4                 /* first, second entry */
    add     x4, x2, x2
    dup     v4.2d, x4
    add     v1.2d, v0.2d, v4.2d
    add     v2.2d, v1.2d, v4.2d
    add     v3.2d, v2.2d, v4.2d
    lsl     x4, x2, #3
    dup     v4.2d, x4
2:  stp     q0, q1, [x0], #32
    stp     q2, q3, [x0], #32
    add     v0.2d, v0.2d, v4.2d
    add     v1.2d, v1.2d, v4.2d
    add     v2.2d, v2.2d, v4.2d
    add     v3.2d, v3.2d, v4.2d
    subs    x3, x3, #8
    b.hs    2b
    fmov    x1, d0
    ldp     q2, q3, [sp, #32]
    ldr     q4, [sp, #64]
    ldp     q0, q1, [sp], #80
3:  adds    x3, x3, #8
    b.eq    4f
5:  str     x1, [x0], #8
    add     x1, x1, x2
    subs    x3, x3, #1
    b.ne    5b
4:  ret
END(arch_table_fill)

/* size_t arch_table_empty_run(const uint64_t *entries, size_t count) */
    .section .text.arch_table_empty_run, "ax"
FUNCTION(arch_table_empty_run)
    mov     x4, x0
    tbz     x0, #3, 1f
    cbz     x1, 4f
    ldr     x3, [x0]
    cbnz    x3, 4f
    add     x0, x0, #8
    sub     x1, x1, #1
1:  subs    x1, x1, #8
    b.lo    3f
    stp     q0, q1, [sp, #-64]!
    stp     q2, q3, [sp, #32]
2:  ldp     q0, q1, [x0]
    ldp     q2, q3, [x0, #32]
    orr     v0.16b, v0.16b, v1.16b
    orr     v2.16b, v2.16b, v3.16b
    orr     v0.16b, v0.16b, v2.16b
    umaxv   s0, v0.4s
    fmov    w3, s0
    cbnz    w3, 6f
    add     x0, x0, #64
    subs    x1, x1, #8
    b.hs    2b
6:  ldp     q2, q3, [sp, #32]
    ldp     q0, q1, [sp], #64
3:  adds    x1, x1, #8
    b.eq    4f
5:  ldr     x3, [x0]
    cbnz    x3, 4f
    add     x0, x0, #8
    subs    x1, x1, #1
    b.ne    5b
4:  sub     x0, x0, x4
    lsr     x0, x0, #3
    ret
END(arch_table_empty_run)
