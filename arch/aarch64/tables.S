/*
 * The loops over table entries in which boot spends its time; with 64 bytes an instruction, in FP
 * registers that any C function may change.
 */
#include "asm.h"

#define TABLE_BYTES 4096
#define BATCH       8                   /* entries a turn */

    .cfi_sections .debug_frame

/* void arch_table_clear(uint64_t *table) */
    .section .text.arch_table_clear, "ax"
FUNCTION(arch_table_clear)
    movi    v0.2d, #0
    movi    v1.2d, #0
    movi    v2.2d, #0
    movi    v3.2d, #0
    add     x1, x0, #TABLE_BYTES
1:
    .rept   4
    st1     {v0.2d-v3.2d}, [x0], #64
    .endr
    cmp     x0, x1
    b.lo    1b
    ret
END(arch_table_clear)

/* void arch_table_fill(uint64_t *entries, uint64_t value, uint64_t step, size_t count): in batches,
 * two a turn but for an odd one, which comes first; then what is left singly. */
    .section .text.arch_table_fill, "ax"
.macro store_batch
    st1     {v0.2d-v3.2d}, [x0], #64
    add     v0.2d, v0.2d, v5.2d
    add     v1.2d, v1.2d, v5.2d
    add     v2.2d, v2.2d, v5.2d
    add     v3.2d, v3.2d, v5.2d
.endm
FUNCTION(arch_table_fill)
    subs    x3, x3, #BATCH
    b.lo    3f
    fmov    d0, x1
    add     x4, x1, x2
    mov     v0.d[1], x4                 /* first, second entry */
    lsl     x4, x2, #1
    dup     v4.2d, x4
    add     v1.2d, v0.2d, v4.2d
    add     v2.2d, v1.2d, v4.2d
    add     v3.2d, v2.2d, v4.2d
    lsl     x4, x2, #3
    dup     v5.2d, x4
    tbz     x3, #3, 2f
1:  store_batch
2:  store_batch
    subs    x3, x3, #(2 * BATCH)
    b.hs    1b
    fmov    x1, d0
3:  ands    x3, x3, #(BATCH - 1)
    b.eq    5f
4:  str     x1, [x0], #8
    add     x1, x1, x2
    subs    x3, x3, #1
    b.ne    4b
5:  ret
END(arch_table_fill)
