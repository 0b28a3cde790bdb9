/*
 * The loops over table entries in which boot spends its time; with 64 bytes an instruction, in FP
 * registers that any C function may change. Not in those of a thread that uses none: it would have
 * to pay for them from then on.
 */
#include "asm.h"

#define TABLE_BYTES 4096
#define BATCH       8                   /* entries a turn */

    .cfi_sections .debug_frame

#define CPACR_FPEN_BIT 20               /* Arm ARM (DDI 0487), CPACR_EL1 */

/* void arch_table_clear(uint64_t *table) */
    .section .text.arch_table_clear, "ax"
FUNCTION(arch_table_clear)
    mrs     x1, cpacr_el1
    tbnz    x1, #CPACR_FPEN_BIT, 2f
    b       arch_page_clear
2:
    movi    v0.2d, #0
    movi    v1.2d, #0
    movi    v2.2d, #0
    movi    v3.2d, #0
    add     x1, x0, #TABLE_BYTES
1:
    .rept   16
    st1     {v0.2d-v3.2d}, [x0], #64
    .endr
    cmp     x0, x1
    b.lo    1b
    ret
END(arch_table_clear)

/* void arch_table_fill(uint64_t *entries, uint64_t value, uint64_t step, size_t count): in batches,
 * two a turn but for an odd one, which comes first; then what is left singly. Without FP in pairs.
 */
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
    mrs     x4, cpacr_el1
    tbz     x4, #CPACR_FPEN_BIT, 6f
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
6:  add     x3, x3, #(BATCH - 2)
    add     x4, x1, x2
    lsl     x5, x2, #1
7:  stp     x1, x4, [x0], #16
    add     x1, x1, x5
    add     x4, x4, x5
    subs    x3, x3, #2
    b.hs    7b
    tbz     x3, #0, 5b
    str     x1, [x0]
    ret
END(arch_table_fill)

/* void arch_page_clear(void *page), by DC ZVA, whose blocks have 4 << DCZID_EL0 bytes (Arm ARM
 * D19.2.27); by memset where bit 4 forbids it, or 8 of them are more than a page. */
    .section .text.arch_page_clear, "ax"
FUNCTION(arch_page_clear)
    mrs     x1, dczid_el0
    cmp     x1, #7
    b.hi    2f
    mov     x2, #4
    lsl     x1, x2, x1
    add     x2, x0, #TABLE_BYTES
1:
    .rept   8
    dc      zva, x0
    add     x0, x0, x1
    .endr
    cmp     x0, x2
    b.lo    1b
    ret
2:  mov     w1, #0
    mov     x2, #TABLE_BYTES
    b       memset
END(arch_page_clear)
