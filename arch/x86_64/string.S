/*
 * memcpy, memmove, memset, memcmp and strlen with general registers only, for the runtime and the
 * program. They access memory unaligned. Long runs are left to the string instructions, which CPUs
 * carry out by whole cache lines, once started (Intel optimization manual, "Enhanced REP MOVSB and
 * STOSB"); eight bytes an iteration, because an emulator takes each for an instruction.
 */

#define REP_LEAST 256                   /* bytes for which they are worth their start */

    .cfi_sections .debug_frame

/* Unlike the runtime's own functions these are the program's too, and not hidden. */
.macro string_function name
    .section .text.\name, "ax", @progbits
    .global \name
    .type   \name, @function
    .balign 16
\name:
    .cfi_startproc
.endm
.macro string_end name
    .cfi_endproc
    .size   \name, . - \name
.endm

/*
 * void *memmove(void *to, const void *from, size_t bytes), and memcpy. Up to 32 bytes everything
 * is loaded before anything is stored; beyond, blocks of 32 from the end that is safe.
 */
string_function memmove
    .global memcpy
    .type   memcpy, @function
memcpy:
    movq    %rdi, %rax
    cmpq    $32, %rdx
    ja      .Lmove_blocks
.Lmove_rest:
    cmpl    $16, %edx
    jb      .Lmove_below_16
    movq    (%rsi), %rcx
    movq    8(%rsi), %r8
    movq    -16(%rsi, %rdx), %r9
    movq    -8(%rsi, %rdx), %r10
    movq    %rcx, (%rdi)
    movq    %r8, 8(%rdi)
    movq    %r9, -16(%rdi, %rdx)
    movq    %r10, -8(%rdi, %rdx)
    ret
.Lmove_below_16:
    cmpl    $8, %edx
    jb      .Lmove_below_8
    movq    (%rsi), %rcx
    movq    -8(%rsi, %rdx), %r8
    movq    %rcx, (%rdi)
    movq    %r8, -8(%rdi, %rdx)
    ret
.Lmove_below_8:
    cmpl    $4, %edx
    jb      .Lmove_below_4
    movl    (%rsi), %ecx
    movl    -4(%rsi, %rdx), %r8d
    movl    %ecx, (%rdi)
    movl    %r8d, -4(%rdi, %rdx)
    ret
.Lmove_below_4:
    testl   %edx, %edx
    jz      1f
    movzbl  (%rsi), %ecx                /* first, middle, last: up to three bytes */
    movzbl  -1(%rsi, %rdx), %r8d
    movl    %edx, %r9d
    shrl    $1, %r9d
    movzbl  (%rsi, %r9), %r10d
    movb    %cl, (%rdi)
    movb    %r10b, (%rdi, %r9)
    movb    %r8b, -1(%rdi, %rdx)
1:  ret

.Lmove_blocks:
    movq    %rdi, %rcx
    subq    %rsi, %rcx
    cmpq    %rdx, %rcx
    jb      .Lmove_down                 /* to is in [from, from + bytes) */
    cmpq    $REP_LEAST, %rdx
    jae     .Lmove_long
2:  movq    (%rsi), %rcx
    movq    8(%rsi), %r8
    movq    16(%rsi), %r9
    movq    24(%rsi), %r10
    movq    %rcx, (%rdi)
    movq    %r8, 8(%rdi)
    movq    %r9, 16(%rdi)
    movq    %r10, 24(%rdi)
    addq    $32, %rsi
    addq    $32, %rdi
    subq    $32, %rdx
    cmpq    $32, %rdx
    ja      2b
    jmp     .Lmove_rest
.Lmove_long:
    movq    %rdx, %rcx
    shrq    $3, %rcx
    rep movsq
    andl    $7, %edx
    jmp     .Lmove_below_8
.Lmove_down:
    movq    -8(%rsi, %rdx), %rcx
    movq    -16(%rsi, %rdx), %r8
    movq    -24(%rsi, %rdx), %r9
    movq    -32(%rsi, %rdx), %r10
    movq    %rcx, -8(%rdi, %rdx)
    movq    %r8, -16(%rdi, %rdx)
    movq    %r9, -24(%rdi, %rdx)
    movq    %r10, -32(%rdi, %rdx)
    subq    $32, %rdx
    cmpq    $32, %rdx
    ja      .Lmove_down
    jmp     .Lmove_rest
    .size   memcpy, . - memcpy
string_end memmove

/* void *memset(void *to, int value, size_t bytes) */
string_function memset
    movq    %rdi, %r8
    movzbl  %sil, %esi
    movabsq $0x0101010101010101, %rax
    imulq   %rsi, %rax
    cmpq    $16, %rdx
    jb      2f
    movq    %rax, -16(%rdi, %rdx)
    movq    %rax, -8(%rdi, %rdx)
    cmpq    $REP_LEAST, %rdx
    jae     5f
    leaq    -16(%rdi, %rdx), %rdx       /* what is left ends here */
1:  movq    %rax, (%rdi)
    movq    %rax, 8(%rdi)
    addq    $16, %rdi
    cmpq    %rdx, %rdi
    jb      1b
    movq    %r8, %rax
    ret
2:  cmpl    $8, %edx
    jb      3f
    movq    %rax, (%rdi)
    movq    %rax, -8(%rdi, %rdx)
    movq    %r8, %rax
    ret
3:  cmpl    $4, %edx
    jb      4f
    movl    %eax, (%rdi)
    movl    %eax, -4(%rdi, %rdx)
    movq    %r8, %rax
    ret
4:  testl   %edx, %edx
    jz      6f
    movb    %al, (%rdi)
    movb    %al, -1(%rdi, %rdx)
    shrl    $1, %edx
    movb    %al, (%rdi, %rdx)
    movq    %r8, %rax
    ret
5:  movq    %rdx, %rcx
    shrq    $3, %rcx
    rep stosq
6:  movq    %r8, %rax
    ret
string_end memset

/*
 * int memcmp(const void *a, const void *b, size_t bytes). Words that differ are compared as
 * big-endian numbers; the last one overlaps the one before.
 */
string_function memcmp
    cmpq    $8, %rdx
    jb      2f
    subq    $8, %rdx
    xorl    %r8d, %r8d
1:  movq    (%rdi, %r8), %rax
    movq    (%rsi, %r8), %rcx
    cmpq    %rcx, %rax
    jne     4f
    addq    $8, %r8
    cmpq    %rdx, %r8
    jb      1b
    movq    (%rdi, %rdx), %rax
    movq    (%rsi, %rdx), %rcx
    cmpq    %rcx, %rax
    jne     4f
    xorl    %eax, %eax
    ret
2:  xorl    %r8d, %r8d
3:  cmpq    %rdx, %r8
    je      5f
    movzbl  (%rdi, %r8), %eax
    movzbl  (%rsi, %r8), %ecx
    incq    %r8
    subl    %ecx, %eax
    jz      3b
    ret
4:  bswapq  %rax
    bswapq  %rcx
    cmpq    %rcx, %rax
    sbbl    %eax, %eax
    orl     $1, %eax
    ret
5:  xorl    %eax, %eax
    ret
string_end memcmp

/*
 * size_t strlen(const char *string), eight bytes at a time from aligned addresses, which cannot
 * leave the page that the string's end is on. The lowest byte that is flagged is exact: see
 * Knuth, The Art of Computer Programming 7.1.3, "zero bytes".
 */
string_function strlen
    movabsq $0x0101010101010101, %r8
    movabsq $0x8080808080808080, %r9
    movq    %rdi, %rsi
    andq    $-8, %rsi
    leal    (, %rdi, 8), %ecx           /* the shift takes it modulo 64 */
    movq    $-1, %rax
    shlq    %cl, %rax
    notq    %rax
    orq     (%rsi), %rax                /* what lies in front is not 0 */
1:  movq    %rax, %rdx
    notq    %rdx
    subq    %r8, %rax
    andq    %r9, %rdx
    andq    %rdx, %rax
    jnz     2f
    addq    $8, %rsi
    movq    (%rsi), %rax
    jmp     1b
2:  bsfq    %rax, %rax
    shrl    $3, %eax
    addq    %rsi, %rax
    subq    %rdi, %rax
    ret
string_end strlen

    .section .note.GNU-stack, "", @progbits
