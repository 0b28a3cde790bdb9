/*
 * The loops over table entries in which boot spends its time; with 64 bytes an instruction, in
 * registers that are given back as they were.
 */
#include "asm.h"

#define TABLE_BYTES 4096
#define BATCH       16                  /* entries a turn */
#define BATCH_BYTES 128

    .cfi_sections .debug_frame

.macro push_vectors
    stp     q0, q1, [sp, #-96]!
    stp     q2, q3, [sp, #32]
    stp     q4, q5, [sp, #64]
.endm

.macro pop_vectors
    ldp     q4, q5, [sp, #64]
    ldp     q2, q3, [sp, #32]
    ldp     q0, q1, [sp], #96
.endm

/* void arch_table_clear(uint64_t *table) */
    .section .text.arch_table_clear, "ax"
FUNCTION(arch_table_clear)
    push_vectors
    movi    v0.2d, #0
    movi    v1.2d, #0
    movi    v2.2d, #0
    movi    v3.2d, #0
    add     x1, x0, #TABLE_BYTES
1:
    .rept   8
    st1     {v0.2d-v3.2d}, [x0], #64
    .endr
    cmp     x0, x1
    b.lo    1b
    pop_vectors
    ret
END(arch_table_clear)

/*
 * void arch_table_fill(uint64_t *entries, uint64_t value, uint64_t step, size_t count): in batches;
 * what is left then is done by a last batch that overlaps those before. Less than a batch goes
 * singly.
 */
    .section .text.arch_table_fill, "ax"
FUNCTION(arch_table_fill)
    cmp     x3, #BATCH
    b.lo    4f
    push_vectors
    sub     x5, x3, #BATCH
    madd    x6, x5, x2, x1              /* value, */
    add     x5, x0, x5, lsl #3          /* place of the last batch */
    lsl     x4, x2, #1
    dup     v4.2d, x4
    lsl     x4, x2, #3
    dup     v5.2d, x4
1:  fmov    d0, x1
    add     x4, x1, x2
    mov     v0.d[1], x4                 /* first, second entry */
    add     v1.2d, v0.2d, v4.2d
    add     v2.2d, v1.2d, v4.2d
    add     v3.2d, v2.2d, v4.2d
2:  st1     {v0.2d-v3.2d}, [x0], #64
    add     v0.2d, v0.2d, v5.2d
    add     v1.2d, v1.2d, v5.2d
    add     v2.2d, v2.2d, v5.2d
    add     v3.2d, v3.2d, v5.2d
    st1     {v0.2d-v3.2d}, [x0], #64
    add     v0.2d, v0.2d, v5.2d
    add     v1.2d, v1.2d, v5.2d
    add     v2.2d, v2.2d, v5.2d
    add     v3.2d, v3.2d, v5.2d
    cmp     x0, x5
    b.ls    2b
    mov     x1, x6
    sub     x4, x0, x5
    mov     x0, x5
    cmp     x4, #BATCH_BYTES
    b.lo    1b
    pop_vectors
    ret
4:  cbz     x3, 5f
    str     x1, [x0], #8
    add     x1, x1, x2
    sub     x3, x3, #1
    b       4b
5:  ret
END(arch_table_fill)

/*
 * size_t arch_table_empty_run(const uint64_t *entries, size_t count): the same way; singly from
 * where a batch is not all empty.
 */
    .section .text.arch_table_empty_run, "ax"
FUNCTION(arch_table_empty_run)
    mov     x4, x0
    add     x1, x0, x1, lsl #3          /* end */
    sub     x5, x1, #BATCH_BYTES        /* place of the last batch */
    cmp     x0, x5
    b.hi    3f
    push_vectors
1:  mov     x2, x0
    ld1     {v0.2d-v3.2d}, [x2], #64
    orr     v4.16b, v0.16b, v1.16b
    orr     v5.16b, v2.16b, v3.16b
    ld1     {v0.2d-v3.2d}, [x2], #64
    orr     v4.16b, v4.16b, v0.16b
    orr     v5.16b, v5.16b, v1.16b
    orr     v4.16b, v4.16b, v2.16b
    orr     v5.16b, v5.16b, v3.16b
    orr     v4.16b, v4.16b, v5.16b
    umaxv   s4, v4.4s
    fmov    w3, s4
    cbnz    w3, 2f
    mov     x0, x2
    cmp     x0, x5
    b.ls    1b
    cmp     x0, x1
    b.hs    2f
    mov     x0, x5
    b       1b
2:  pop_vectors
3:  cmp     x0, x1
    b.hs    4f
    ldr     x3, [x0]
    cbnz    x3, 4f
    add     x0, x0, #8
    b       3b
4:  sub     x0, x0, x4
    lsr     x0, x0, #3
    ret
END(arch_table_empty_run)
