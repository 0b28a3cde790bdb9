/* Macros that the assembly files share. */
#ifndef AARCH64_ASM_H
#define AARCH64_ASM_H

.macro FUNCTION_ name
    .hidden \name
    .global \name
    .type   \name, %function
    .balign 4
\name:
    .cfi_startproc
.endm
.macro END_ name
    .cfi_endproc
    .size   \name, . - \name
.endm
#define FUNCTION(name) FUNCTION_ name
#define END(name)      END_ name

/* A 32-bit constant. */
.macro mov_imm register, value
    mov     \register, #((\value) & 0xffff)
    movk    \register, #(((\value) >> 16) & 0xffff), lsl #16
.endm

/* This CPU's number. Where the lowest affinity level numbers the threads of a core (Arm ARM, DDI
 * 0487, MPIDR_EL1.MT), as on Cortex-A55, A76 and later, the core's number stands in Aff1. */
.macro cpu_number register
    mrs     \register, mpidr_el1
    tbz     \register, #24, .Lnumber\@
    lsr     \register, \register, #8
.Lnumber\@:
    and     \register, \register, #0xff
.endm

/* What each CPU sets before it runs C: vectors, FP on. */
.macro cpu_setup scratch
    adr     \scratch, vectors
    msr     vbar_el1, \scratch
    mov     \scratch, #(3 << 20)        /* CPACR_EL1.FPEN */
    msr     cpacr_el1, \scratch
    isb
.endm

#endif
