/*
 * The first instructions. Entry at EL3, EL2 or EL1 with the MMU off, x0 = what firmware passes
 * (device tree, ATAGS or 0). Ends in core_boot() at EL1 with MMU and caches on.
 *
 * Boot protocol and header: Linux Documentation/arm64/booting.rst. System registers: Arm ARM
 * (DDI 0487) chapter D19.
 */
#include "asm.h"

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

    .cfi_sections .debug_frame

    .section .head, "ax"
    .global _start
_start:
    b       start_primary
    .long   0
    .quad   KILN_TEXT_OFFSET            /* load offset from a 2 MiB boundary */
    .quad   __image_end - _start        /* memory that the image takes */
    .quad   2                           /* little endian, 4 KiB pages */
    .quad   0
    .quad   0
    .quad   0
    .ascii  "ARM\x64"
    .long   0

    .section .text.boot, "ax"

/* x19 = return address; leaves EL3 or EL2 for EL1 with the MMU off. Clobbers x1-x3. */
FUNCTION(drop_to_el1)
    msr     daifset, #0xf
    mrs     x1, CurrentEL
    cmp     x1, #(2 << 2)
    b.lo    at_el1
    b.eq    at_el2

    /* EL3: go on at secure EL1, where nothing needs another world's permission. */
    mov     x1, #SCR_RW_SECURE
    msr     scr_el3, x1
    msr     cptr_el3, xzr
    mrs     x1, midr_el1
    and     x1, x1, #MIDR_PART
    mov     x2, #0xd030                 /* Cortex-A53 TRM 4.3.68, A72 4.3.67: join coherency */
    mov     x3, #0xd080
    cmp     x1, x2
    ccmp    x1, x3, #4, ne
    b.ne    1f
    mrs     x1, S3_1_C15_C2_1
    orr     x1, x1, #CPUECTLR_SMPEN
    msr     S3_1_C15_C2_1, x1
1:  mrs     x1, id_aa64pfr0_el1
    tst     x1, #(0xf << 24)            /* GIC system registers? */
    b.eq    1f
    mov     x1, #0xf
    msr     S3_6_C12_C12_5, x1          /* ICC_SRE_EL3 */
    isb
1:  mov     x1, #SPSR_EL1H_DAIF
    msr     spsr_el3, x1
    msr     elr_el3, x19
    mov_imm x1, SCTLR_OFF
    msr     sctlr_el1, x1
    eret

at_el2:
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
    mrs     x1, id_aa64pfr0_el1
    tst     x1, #(0xf << 24)
    b.eq    1f
    mov     x1, #0xf
    msr     S3_4_C12_C9_5, x1           /* ICC_SRE_EL2 */
    isb
1:  mov     x1, #SPSR_EL1H_DAIF
    msr     spsr_el2, x1
    msr     elr_el2, x19
    mov_imm x1, SCTLR_OFF
    msr     sctlr_el1, x1
    eret

at_el1:
    msr     spsel, #1
    mov_imm x1, SCTLR_OFF
    msr     sctlr_el1, x1
    isb
    br      x19
END(drop_to_el1)

/* The boot CPU. The others, where firmware starts all of them here, park. */
FUNCTION(start_primary)
    mov     x20, x0
    cpu_number x1
    cbnz    x1, start_secondary
    adr     x1, _start
    ldr     x2, =_start
    cmp     x1, x2
    b.ne    move_image
    adr     x19, 1f
    b       drop_to_el1
1:  cpu_setup x1
    ldr     x1, =core_boot_percpu
    msr     tpidrro_el0, x1
    msr     tpidr_el1, xzr              /* no thread yet */
    ldr     x1, =__irq_stack_top
    mov     sp, x1
    mov     x29, xzr
    mov     x30, xzr
    ldr     x1, =__bss_start
    ldr     x2, =__bss_end              /* both aligned to 64 */
2:  cmp     x1, x2
    b.hs    3f
    stp     xzr, xzr, [x1]
    stp     xzr, xzr, [x1, #16]
    stp     xzr, xzr, [x1, #32]
    stp     xzr, xzr, [x1, #48]
    add     x1, x1, #64
    b       2b
3:  mov     x0, x20
    bl      core_boot_map
    bl      mmu_on
    mov     x0, x20
    bl      core_boot
    b       .
END(start_primary)

/* Loaded elsewhere than linked: move there, if the two places do not overlap. */
FUNCTION(move_image)
    ldr     x3, =__data_end
    sub     x3, x3, x2                  /* bytes in the file */
    sub     x4, x1, x2
    cmp     x4, #0
    cneg    x4, x4, lt
    cmp     x4, x3
    b.lo    start_parked
    add     x3, x3, x2
    mov     x4, x2
1:  ldp     x5, x6, [x1], #16
    stp     x5, x6, [x4], #16
    cmp     x4, x3
    b.lo    1b
    dsb     sy
    ic      iallu
    dsb     sy
    isb
    mov     x0, x20
    br      x2
END(move_image)

/* A CPU that is never used. By wfi: QEMU does not sleep in a wfe. */
FUNCTION(start_parked)
    msr     daifset, #0xf
1:  wfi
    b       1b
END(start_parked)

/* Every other CPU: parks, asleep, until arch_cpu_release() hands it its start block. */
FUNCTION(start_secondary)
    adr     x19, 1f
    b       drop_to_el1
1:  cpu_number x20
    ldr     x21, =arch_cpu_starts
2:  ldr     x22, [x21, x20, lsl #3]
    cbnz    x22, 3f
    wfe
    b       2b
3:  cpu_setup x1
    bl      mmu_on
    ldp     x1, x2, [x22]               /* struct arch_cpu_start */
    ldr     x3, [x22, #16]
    mov     sp, x1
    msr     tpidrro_el0, x3
    msr     spsel, #0
    mov     sp, x2
    mov     x29, xzr
    mov     x30, xzr
    bl      core_cpu_entry
    b       .
END(start_secondary)

/* Turns MMU and caches on with arch_boot_space's tables. Clobbers x0-x2. */
FUNCTION(mmu_on)
    ldr     x0, =arch_mmu_registers
    ldp     x1, x2, [x0]                /* MAIR, TCR */
    ldr     x0, [x0, #16]               /* TTBR0 */
    msr     mair_el1, x1
    msr     tcr_el1, x2
    msr     ttbr0_el1, x0
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
    ldr     x2, =__irq_stack_top
    mov     sp, x2
    msr     spsel, #0
    mov     sp, x0
    mov     x29, xzr
    mov     x30, xzr
    blr     x1
    b       .
END(arch_thread_start)
