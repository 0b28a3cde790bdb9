/*
 * memcpy, memmove, memset, memcmp and strlen with general registers only, for the runtime and the
 * program. They may access memory unaligned, but never do when pointers and size are multiples of
 * 8: so much works on device memory, and before the MMU is on.
 */

/* Unlike the runtime's own functions these are the program's too, and not hidden. */
.macro string_function name
    .section .text.\name, "ax", %progbits
    .global \name
    .type   \name, %function
    .balign 16
\name:
    .cfi_startproc
.endm
.macro string_end name
    .cfi_endproc
    .size   \name, . - \name
.endm

/*
 * void *memmove(void *to, const void *from, size_t bytes), and memcpy. Up to 64 bytes everything
 * is loaded before anything is stored; beyond, blocks of 64 from the end that is safe.
 */
string_function memmove
    .global memcpy
    .type   memcpy, %function
memcpy:
    mov     x3, x0
    add     x4, x1, x2
    add     x5, x0, x2
    cmp     x2, #64
    b.hi    .Lmove_blocks
.Lmove_rest:
    cmp     x2, #16
    b.lo    .Lmove_below_16
    ldp     x6, x7, [x1]
    ldp     x8, x9, [x4, #-16]
    cmp     x2, #32
    b.ls    1f
    ldp     x10, x11, [x1, #16]
    ldp     x12, x13, [x4, #-32]
    stp     x10, x11, [x3, #16]
    stp     x12, x13, [x5, #-32]
1:  stp     x6, x7, [x3]
    stp     x8, x9, [x5, #-16]
    ret

.Lmove_below_16:
    tbz     x2, #3, 2f
    ldr     x6, [x1]
    ldr     x7, [x4, #-8]
    str     x6, [x3]
    str     x7, [x5, #-8]
    ret
2:  tbz     x2, #2, 3f
    ldr     w6, [x1]
    ldr     w7, [x4, #-4]
    str     w6, [x3]
    str     w7, [x5, #-4]
    ret
3:  cbz     x2, 4f
    lsr     x8, x2, #1
    ldrb    w6, [x1]
    ldrb    w7, [x4, #-1]
    ldrb    w9, [x1, x8]
    strb    w6, [x3]
    strb    w9, [x3, x8]
    strb    w7, [x5, #-1]
4:  ret

.Lmove_blocks:
    sub     x6, x0, x1
    cmp     x6, x2
    b.lo    .Lmove_backward
5:  ldp     x6, x7, [x1]
    ldp     x8, x9, [x1, #16]
    ldp     x10, x11, [x1, #32]
    ldp     x12, x13, [x1, #48]
    add     x1, x1, #64
    stp     x6, x7, [x3]
    stp     x8, x9, [x3, #16]
    stp     x10, x11, [x3, #32]
    stp     x12, x13, [x3, #48]
    add     x3, x3, #64
    sub     x2, x2, #64
    cmp     x2, #64
    b.hi    5b
    b       .Lmove_rest

.Lmove_backward:
    ldp     x6, x7, [x4, #-16]
    ldp     x8, x9, [x4, #-32]
    ldp     x10, x11, [x4, #-48]
    ldp     x12, x13, [x4, #-64]!
    stp     x6, x7, [x5, #-16]
    stp     x8, x9, [x5, #-32]
    stp     x10, x11, [x5, #-48]
    stp     x12, x13, [x5, #-64]!
    sub     x2, x2, #64
    cmp     x2, #64
    b.hi    .Lmove_backward
    b       .Lmove_rest
    .size   memcpy, . - memcpy
string_end memmove

/* void *memset(void *to, int value, size_t bytes) */
string_function memset
    and     w1, w1, #0xff
    orr     w1, w1, w1, lsl #8
    orr     w1, w1, w1, lsl #16
    orr     x1, x1, x1, lsl #32
    add     x4, x0, x2
    cmp     x2, #16
    b.lo    .Lset_below_16
    stp     x1, x1, [x0]
    cmp     x2, #64
    b.hi    .Lset_blocks
    cmp     x2, #32
    b.ls    1f
    stp     x1, x1, [x0, #16]
    stp     x1, x1, [x4, #-32]
1:  stp     x1, x1, [x4, #-16]
    ret

.Lset_below_16:
    tbz     x2, #3, 2f
    str     x1, [x0]
    str     x1, [x4, #-8]
    ret
2:  tbz     x2, #2, 3f
    str     w1, [x0]
    str     w1, [x4, #-4]
    ret
3:  cbz     x2, 4f
    strb    w1, [x0]
    tbz     x2, #1, 4f
    strh    w1, [x4, #-2]
4:  ret

    /* The first 16 bytes are done: x3 is the next multiple of 16, x2 what is left beyond 64. */
.Lset_blocks:
    bic     x3, x0, #15
    add     x3, x3, #16
    sub     x2, x4, x3
    subs    x2, x2, #64
    b.ls    .Lset_last
    cmp     x2, #256
    ccmp    x1, #0, #0, hs
    b.eq    .Lset_zero
5:  stp     x1, x1, [x3]
    stp     x1, x1, [x3, #16]
    stp     x1, x1, [x3, #32]
    stp     x1, x1, [x3, #48]
    add     x3, x3, #64
    subs    x2, x2, #64
    b.hi    5b
.Lset_last:
    stp     x1, x1, [x4, #-64]
    stp     x1, x1, [x4, #-48]
    stp     x1, x1, [x4, #-32]
    stp     x1, x1, [x4, #-16]
    ret

    /* Blocks of 64 bytes by dc zva, which needs the MMU on and DCZID_EL0 to say 64 and allowed. */
.Lset_zero:
    mrs     x5, dczid_el0
    mrs     x6, sctlr_el1
    eor     x6, x6, #1
    bfi     x5, x6, #5, #1
    cmp     x5, #4
    b.ne    5b
    stp     x1, x1, [x3]
    stp     x1, x1, [x3, #16]
    stp     x1, x1, [x3, #32]
    add     x3, x3, #63
    bic     x3, x3, #63
    sub     x2, x4, x3
    sub     x2, x2, #64
6:  dc      zva, x3
    add     x3, x3, #64
    subs    x2, x2, #64
    b.hi    6b
    b       .Lset_last
string_end memset

/* int memcmp(const void *a, const void *b, size_t bytes) */
string_function memcmp
    subs    x2, x2, #8
    b.lo    2f
1:  ldr     x3, [x0], #8
    ldr     x4, [x1], #8
    cmp     x3, x4
    b.ne    4f
    subs    x2, x2, #8
    b.hs    1b
2:  adds    x2, x2, #8
    b.eq    5f
3:  ldrb    w3, [x0], #1
    ldrb    w4, [x1], #1
    subs    w3, w3, w4
    b.ne    6f
    subs    x2, x2, #1
    b.ne    3b
5:  mov     w0, #0
    ret
4:  rev     x3, x3
    rev     x4, x4
    cmp     x3, x4
    cset    w0, ne
    cneg    w0, w0, lo
    ret
6:  mov     w0, w3
    ret
string_end memcmp

/*
 * size_t strlen(const char *string), eight bytes at a time from aligned addresses, which cannot
 * leave the page that the string's end is on. The lowest byte that is flagged is exact: see
 * Knuth, The Art of Computer Programming 7.1.3, "zero bytes".
 */
string_function strlen
    mov     x5, #0x0101010101010101
    bic     x1, x0, #7
    ldr     x2, [x1]
    lsl     x3, x0, #3
    mov     x4, #-1
    lsl     x4, x4, x3
    orn     x2, x2, x4
1:  sub     x3, x2, x5
    orr     x4, x2, #0x7f7f7f7f7f7f7f7f
    bics    x3, x3, x4
    b.ne    2f
    ldr     x2, [x1, #8]!
    b       1b
2:  rbit    x3, x3
    clz     x3, x3
    add     x1, x1, x3, lsr #3
    sub     x0, x1, x0
    ret
string_end strlen
