/*
 * The first instructions. Both loaders enter in 32-bit protected mode with flat segments, paging
 * off and the address of what they tell in ebx: PVH (Xen's docs/misc/pvh.pandoc; QEMU's -kernel)
 * and Multiboot2 (specification 2.0, 3.3; GRUB), which says so in eax. Ends in core_boot() in
 * long mode with the image's exact page tables.
 */
#include "asm.h"
#include <isa/percpu_layout.h>
#include <kiln/config.h>

#define MULTIBOOT2_HEADER_MAGIC      0xE85250D6
#define MULTIBOOT2_MAGIC             0x36D76289
#define MULTIBOOT2_I386              0
#define MULTIBOOT2_TAG_END           0
#define MULTIBOOT2_TAG_FRAMEBUFFER   5
#define MULTIBOOT2_OPTIONAL          1
#define XEN_ELFNOTE_PHYS32_ENTRY     18

#define BOOT_CODE32                  0x18
#define START_IRQ_STACK_TOP          0 /* struct arch_cpu_start */
#define START_THREAD_STACK_TOP       8
#define START_PERCPU                 16
#define TABLE_PRESENT_WRITABLE       3
#define BLOCK_PRESENT_WRITABLE       0x83
#define BLOCK_BYTES                  0x200000

    .cfi_sections .debug_frame

    .section .head, "a"
    .balign 8
multiboot2_header:
    .long   MULTIBOOT2_HEADER_MAGIC
    .long   MULTIBOOT2_I386
    .long   multiboot2_header_end - multiboot2_header
    .long   -(MULTIBOOT2_HEADER_MAGIC + MULTIBOOT2_I386 + multiboot2_header_end - multiboot2_header)
    /* Any framebuffer will do, where there is no text screen. */
    .balign 8
    .short  MULTIBOOT2_TAG_FRAMEBUFFER
    .short  MULTIBOOT2_OPTIONAL
    .long   20
    .long   0, 0, 0
    .balign 8
    .short  MULTIBOOT2_TAG_END
    .short  0
    .long   8
multiboot2_header_end:

    .section .note.Xen, "a", @note
    .balign 4
    .long   4, 4, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz  "Xen"
    .long   _start

    .bss
    .balign 4096
boot_pml4:
    .skip   4096
boot_pdpt:
    .skip   4096
boot_pd:
    .skip   4096
    .hidden isa_entry_counter
    .global isa_entry_counter
isa_entry_counter:                      /* the TSC at the first instruction */
    .skip   8

    .section .rodata.boot_gdt, "a"
    .balign 8
boot_gdt:
    .quad   0
    .quad   0x00AF9B000000FFFF          /* SELECTOR_CODE: 64-bit */
    .quad   0x00CF93000000FFFF          /* SELECTOR_DATA */
    .quad   0x00CF9B000000FFFF          /* BOOT_CODE32, on a CPU's way through protected mode */
boot_gdt_end:
boot_gdt_pointer:
    .short  boot_gdt_end - boot_gdt - 1
    .long   boot_gdt

    .section .text.boot, "ax"
    .code32
    .global _start
    .type   _start, %function
_start:
    cli
    cld
    movl    %eax, %ebp
    rdtsc
    movl    %eax, isa_entry_counter
    movl    %edx, isa_entry_counter + 4
    cmpl    $MULTIBOOT2_MAGIC, %ebp
    jne     1f
    /* GRUB puts the information where it finds memory free, maybe on what the image has without
     * being loaded: it goes behind that. */
    cmpl    $__noinit_start, %ebx
    jb      1f
    cmpl    $__early_end, %ebx
    jae     1f
    movl    (%ebx), %ecx
    leal    -1(%ebx, %ecx), %esi
    movl    $__early_end, %ebx
    leal    -1(%ebx, %ecx), %edi
    std
    rep movsb
    cld
1:  movl    $boot_pdpt + TABLE_PRESENT_WRITABLE, boot_pml4
    movl    $boot_pd + TABLE_PRESENT_WRITABLE, boot_pdpt
    /* Blocks as far as the image, boot's first pages and the information behind them reach. */
    movl    $BLOCK_PRESENT_WRITABLE, %eax
    movl    $boot_pd, %edi
    movl    $__boot_blocks, %ecx
2:  movl    %eax, (%edi)
    addl    $BLOCK_BYTES, %eax
    addl    $8, %edi
    decl    %ecx
    jnz     2b
    movl    $boot_pml4, %eax
    xorl    %ebp, %ebp                  /* the boot CPU */
    lgdt    boot_gdt_pointer

/* Protected mode to long mode with the tables in eax. */
to_long_mode:
    movl    %eax, %cr3
    movl    %cr4, %eax
    orl     $CR4_PAE, %eax
    movl    %eax, %cr4
    movl    $MSR_EFER, %ecx
    rdmsr
    orl     $EFER_LME | EFER_NXE, %eax
    wrmsr
    movl    $CR0_ON, %eax
    movl    %eax, %cr0
    ljmpl   $SELECTOR_CODE, $start_long
    .size   _start, . - _start

    .code64
FUNCTION(start_long)
    movl    $SELECTOR_DATA, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
#if KILN_CONFIG_SMP
    testl   %ebp, %ebp
    jnz     start_other_cpu
#endif
    movl    $__irq_stack_top, %esp
    movl    $core_boot_percpu, %edi
    xorl    %esi, %esi
    call    isa_cpu_init
    movl    %ebx, %edi
    call    core_boot_map
    movq    arch_boot_space, %rcx       /* its first member, the root */
    movq    %rcx, %cr3
    movq    %rax, %rdi
    call    core_boot
    ud2
END(start_long)

#if KILN_CONFIG_SMP
/*
 * Every other CPU begins here, in real mode, in a copy of these instructions in a page below 1 MiB
 * (arch_cpu_entry_address).
 */
    .section .rodata.cpu_entry, "a"
    .hidden isa_cpu_entry, isa_cpu_entry_end
    .global isa_cpu_entry, isa_cpu_entry_end
    .code16
isa_cpu_entry:
    cli
    cld
    lgdtl   %cs:entry_gdt_pointer - isa_cpu_entry
    movl    $CR0_PE, %eax
    movl    %eax, %cr0
    ljmpl   $BOOT_CODE32, $start_other_protected
    .balign 4
entry_gdt_pointer:
    .short  boot_gdt_end - boot_gdt - 1
    .long   boot_gdt
isa_cpu_entry_end:

    .section .text.boot_cpu, "ax"
    .code32
    .type   start_other_protected, %function
start_other_protected:
    movl    $SELECTOR_DATA, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
    movl    arch_boot_space, %eax
    movl    $1, %ebp
    jmp     to_long_mode
    .size   start_other_protected, . - start_other_protected

/* Takes its number, for which boot waits, and parks until arch_cpu_release() hands it its start
 * block. A CPU that comes too late stops. */
    .code64
FUNCTION(start_other_cpu)
    xorl    %eax, %eax
    xchgl   %eax, isa_cpu_expected
    testl   %eax, %eax
    jz      2f
    movl    %eax, %esi
1:  pause
    movq    arch_cpu_starts(, %rsi, 8), %rbx
    testq   %rbx, %rbx
    jz      1b
    movq    START_IRQ_STACK_TOP(%rbx), %rsp
    movq    START_PERCPU(%rbx), %rdi
    call    isa_cpu_init
    movq    START_THREAD_STACK_TOP(%rbx), %rsp
    xorl    %ebp, %ebp
    call    core_cpu_entry
2:  hlt
    jmp     2b
END(start_other_cpu)
#endif

/* _Noreturn void arch_thread_start(uintptr_t stack_top, void (*entry)(void)) */
    .section .text.arch_thread_start, "ax"
FUNCTION(arch_thread_start)
    movq    %rdi, %rsp
    xorl    %ebp, %ebp
    call    *%rsi
    ud2
END(arch_thread_start)

    .section .note.GNU-stack, "", @progbits
