/*
 * The first instructions. Entry at EL3, EL2 or EL1 with the MMU off, x0 = what firmware passes
 * (device tree, ATAGS or 0). Ends in core_boot() at EL1 with MMU and caches on.
 *
 * Boot protocol and header: Linux Documentation/arm64/booting.rst. System registers: Arm ARM
 * (DDI 0487) chapter D19.
 */
#include "asm.h"
#include <isa/mair.h>
#include <kiln/config.h>

#define SCTLR_OFF      0x30d00800 /* the bits that are reserved as one */
#define SCTLR_M        (1 << 0)
#define SCTLR_C        (1 << 2)
#define SCTLR_SA       (1 << 3)
#define SCTLR_I        (1 << 12)
#define SCTLR_WXN      (1 << 19)
#define SCTLR_ON       (SCTLR_OFF | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I | SCTLR_WXN)
#define SPSR_EL1H_DAIF 0x3c5
#define HCR_RW         (1 << 31)
#define CPTR_EL2_NONE  0x33ff
#define SCR_RW_SECURE  ((1 << 10) | (3 << 4))
#define MIDR_PART      0xfff0
#define CPUECTLR_SMPEN (1 << 6)

/* TCR_EL1 (Arm ARM D19.2.139): TTBR0 with a 4 KiB granule, walks write-back and inner shareable;
 * no TTBR1. */
#define TCR_VALUE     ((64 - KILN_CONFIG_VA_BITS) | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 23))
#define TCR_IPS_SHIFT 32
#define IPS_48_BITS   5

    .cfi_sections .debug_frame

    .section .head, "ax"
    .global _start
_start:
    b       start_primary
    .long   0
    .quad   KILN_TEXT_OFFSET            /* load offset from a 2 MiB boundary */
    .quad   __early_end - _start        /* memory that the loader keeps free for the image */
    .quad   2                           /* little endian, 4 KiB pages */
    .quad   0
    .quad   0
    .quad   0
    .ascii  "ARM\x64"
    .long   0

    .section .text.boot, "ax"

/* x19 = return address; leaves EL3 or EL2 for EL1 with the MMU off. Clobbers x1-x4. */
FUNCTION(drop_to_el1)
    msr     daifset, #0xf
    mov_imm x1, SCTLR_OFF
    msr     sctlr_el1, x1
    mov     x1, #SPSR_EL1H_DAIF
    mov     x4, #0xf                    /* for ICC_SRE */
    mrs     x2, id_aa64pfr0_el1
    and     x2, x2, #(0xf << 24)        /* GIC system registers? */
    mrs     x3, CurrentEL
    cmp     x3, #(2 << 2)
    b.lo    at_el1
    b.eq    at_el2

    /* EL3: go on at secure EL1, where nothing needs another world's permission. */
    msr     spsr_el3, x1
    msr     elr_el3, x19
    mov     x1, #SCR_RW_SECURE
    msr     scr_el3, x1
    msr     cptr_el3, xzr
    cbz     x2, 1f
    msr     S3_6_C12_C12_5, x4          /* ICC_SRE_EL3 */
1:  mrs     x1, midr_el1
    and     x1, x1, #MIDR_PART
    mov     x2, #0xd030                 /* Cortex-A53 TRM 4.3.68, A72 4.3.67: join coherency */
    mov     x3, #0xd080
    cmp     x1, x2
    ccmp    x1, x3, #4, ne
    b.ne    1f
    mrs     x1, S3_1_C15_C2_1
    orr     x1, x1, #CPUECTLR_SMPEN
    msr     S3_1_C15_C2_1, x1
1:  eret

at_el2:
    msr     spsr_el2, x1
    msr     elr_el2, x19
    mov     x1, #HCR_RW
    msr     hcr_el2, x1
    mov     x1, #3                      /* EL1 may use the counter and the physical timer */
    msr     cnthctl_el2, x1
    msr     cntvoff_el2, xzr
    mov     x1, #CPTR_EL2_NONE
    msr     cptr_el2, x1
    msr     hstr_el2, xzr
    mrs     x1, midr_el1
    msr     vpidr_el2, x1
    mrs     x1, mpidr_el1
    msr     vmpidr_el2, x1
    cbz     x2, 1f
    msr     S3_4_C12_C9_5, x4           /* ICC_SRE_EL2 */
1:  eret

at_el1:
    msr     spsel, #1
    isb
    br      x19
END(drop_to_el1)

/* The boot CPU. The others, where firmware starts all of them here, park. */
FUNCTION(start_primary)
    mov     x20, x0
    cpu_number x1
#if KILN_CONFIG_SMP
    cbnz    x1, start_secondary
#else
    cbnz    x1, start_parked
#endif
    adr     x1, _start
    ldr     x0, =_start
    cmp     x0, x1
    b.ne    move_image
    adr     x19, 1f
    b       drop_to_el1
1:  cpu_setup x1
#if KILN_CONFIG_SMP
    msr     contextidr_el1, xzr         /* where arch_cpu_id() finds its number */
#endif
    adrp    x1, core_boot_percpu
    add     x1, x1, #:lo12:core_boot_percpu
    msr     tpidrro_el0, x1
    msr     tpidr_el1, xzr              /* no thread yet */
    adrp    x1, __irq_stack_top         /* it is aligned to a page */
    mov     sp, x1
    mov     x29, xzr
    adrp    x0, __bss_start
    add     x0, x0, #:lo12:__bss_start
    mov     w1, #0
    ldr     w2, =__bss_bytes
    bl      memset
    mov     x0, x20
    bl      core_boot_map
    bl      mmu_on
    bl      core_boot
    b       .
END(start_primary)

/* Loaded at x1, linked to x0: moves there, if the two places do not overlap. */
FUNCTION(move_image)
    ldr     w2, =__load_bytes
    subs    x3, x0, x1
    cneg    x3, x3, lo
    cmp     x3, x2
    b.lo    start_parked
    bl      memcpy
    dsb     sy
    ic      iallu
    dsb     sy
    isb
    mov     x1, x0
    mov     x0, x20
    br      x1
END(move_image)

/* A CPU that is never used. By wfi: QEMU does not sleep in a wfe. */
FUNCTION(start_parked)
    msr     daifset, #0xf
1:  wfi
    b       1b
END(start_parked)

#if KILN_CONFIG_SMP
/* Every other CPU: parks, asleep, until arch_cpu_release() hands it its start block. */
FUNCTION(start_secondary)
    adr     x19, 1f
    b       drop_to_el1
1:  cpu_number x20
    adrp    x21, arch_cpu_starts
    add     x21, x21, #:lo12:arch_cpu_starts
2:  ldr     x22, [x21, x20, lsl #3]
    cbnz    x22, 3f
    wfe
    b       2b
3:  cpu_setup x1
    msr     contextidr_el1, x20
    bl      mmu_on
    ldp     x1, x2, [x22]               /* struct arch_cpu_start */
    ldr     x3, [x22, #16]
    mov     sp, x1
    msr     tpidrro_el0, x3
    msr     spsel, #0
    mov     sp, x2
    mov     x29, xzr
    msr     cpacr_el1, xzr              /* a thread's first use of FP traps */
    isb
    msr     daifclr, #4
    bl      core_cpu_entry
    b       .
END(start_secondary)
#endif

/* Turns MMU and caches on with arch_boot_space's tables. Clobbers x1-x3. */
FUNCTION(mmu_on)
    adrp    x1, arch_boot_space
    ldr     x1, [x1, #:lo12:arch_boot_space]    /* its first member, the root */
    msr     ttbr0_el1, x1
    mov_imm x1, MAIR_VALUE
    msr     mair_el1, x1
    mov_imm x1, TCR_VALUE
    mrs     x2, id_aa64mmfr0_el1
    and     x2, x2, #0xf                /* PARange */
    mov     x3, #IPS_48_BITS
    cmp     x2, x3
    csel    x2, x2, x3, lo
    orr     x1, x1, x2, lsl #TCR_IPS_SHIFT
    msr     tcr_el1, x1
    isb
    tlbi    vmalle1
    ic      iallu
    dsb     nsh
    isb
    mov_imm x1, SCTLR_ON
    msr     sctlr_el1, x1
    isb
    ret
END(mmu_on)

/* _Noreturn void arch_thread_start(uintptr_t stack_top, void (*entry)(void)): leaves the boot
 * stack for good and goes on as a thread. */
FUNCTION(arch_thread_start)
    adrp    x2, __irq_stack_top
    mov     sp, x2
    msr     spsel, #0
    mov     sp, x0
    mov     x29, xzr
    msr     cpacr_el1, xzr              /* a thread's first use of FP traps */
    isb
    msr     daifclr, #4                 /* external aborts panic from here on */
    blr     x1
    b       .
END(arch_thread_start)
