/* Macros that the assembly files share. */
#ifndef X86_64_ASM_H
#define X86_64_ASM_H

/* clang-format off */
.macro FUNCTION_ name
    .hidden \name
    .global \name
    .type   \name, %function
\name:
    .cfi_startproc
.endm
.macro END_ name
    .cfi_endproc
    .size   \name, . - \name
.endm
/* clang-format on */
#define FUNCTION(name) FUNCTION_ name
#define END(name)      END_ name

/* Intel SDM volume 3, 2.5 and 2.2.1. */
#define CR0_PE         (1 << 0)
#define CR0_MP         (1 << 1)
#define CR0_TS         (1 << 3) /* the first use of FP registers traps */
#define CR0_NE         (1 << 5)
#define CR0_WP         (1 << 16)
#define CR0_PG         (1 << 31)
#define CR0_ON         (CR0_PE | CR0_MP | CR0_TS | CR0_NE | CR0_WP | CR0_PG)
#define CR4_PAE        (1 << 5)
#define MSR_EFER       0xC0000080
#define EFER_LME       (1 << 8)
#define EFER_NXE       (1 << 11)

#endif
