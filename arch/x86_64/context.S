/*
 * Leaving one thread for another. What stands on the stack of one that does not run, from its sp
 * up: if it uses FP, the control words of SSE and x87 in 8 bytes; RFLAGS to go on with, r15 to r12,
 * rbx, and a frame record. System V ABI for AMD64, figure 3.4 and 3.2.1, says what a function
 * keeps.
 */
#include "asm.h"
#include <arch/context_layout.h>
#include <isa/percpu_layout.h>

#define FRAME_BYTES       64 /* with the return address */
#define FRAME_RBP         48 /* the frame record */
#define RFLAGS_RESERVED   2 /* always set; interrupts masked (Intel SDM volume 1, 3.4.3) */
#define MSR_FS_BASE       0xC0000100

#define FP_WORDS_BYTES    8
#define FP_WORDS_X87      4

    .cfi_sections .debug_frame

/* void arch_context_init(struct arch_context *context, uintptr_t stack_top, void (*entry)(void))
 * It is entered by the switch's ret, with a return address of 0, where backtraces end. */
    .section .text.arch_context_init, "ax"
FUNCTION(arch_context_init)
    leaq    -(FRAME_BYTES + 8)(%rsi), %rcx
    xorl    %eax, %eax
    movq    $RFLAGS_RESERVED, (%rcx)
    movq    %rax, FRAME_RBP(%rcx)
    movq    %rdx, FRAME_RBP + 8(%rcx)
    movq    %rax, FRAME_BYTES(%rcx)
    movq    %rcx, ARCH_CONTEXT_SP(%rdi)
    movq    %rax, ARCH_CONTEXT_USES_FP(%rdi)
    ret
END(arch_context_init)

.macro push_kept register
    pushq   \register
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset \register, 0
.endm

.macro pop_kept register
    popq    \register
    .cfi_adjust_cfa_offset -8
    .cfi_restore \register
.endm

/*
 * int arch_context_switch(struct arch_context *from, struct arch_context *to, uintptr_t irq_state)
 * All flags come back in one instruction; interrupts then find the thread on its own stack.
 */
    .section .text.arch_context_switch, "ax"
    .balign 64
FUNCTION(arch_context_switch)
    push_kept %rbp
    push_kept %rbx
    push_kept %r12
    push_kept %r13
    push_kept %r14
    push_kept %r15
    pushq   %rdx
    .cfi_adjust_cfa_offset 8
    movl    ARCH_CONTEXT_USES_FP(%rdi), %eax
    orl     ARCH_CONTEXT_USES_FP(%rsi), %eax
    jnz     2f
    movq    %rsp, ARCH_CONTEXT_SP(%rdi)
    movq    ARCH_CONTEXT_SP(%rsi), %rsp
1:  movl    ARCH_CONTEXT_TLS(%rsi), %eax
    movl    ARCH_CONTEXT_TLS + 4(%rsi), %edx
    movl    $MSR_FS_BASE, %ecx
    wrmsr
    movq    %rsi, %gs:PERCPU_THREAD
    movq    ARCH_CONTEXT_RESULT(%rsi), %rax
    popfq
    .cfi_adjust_cfa_offset -8
    .cfi_remember_state
    pop_kept %r15
    pop_kept %r14
    pop_kept %r13
    pop_kept %r12
    pop_kept %rbx
    pop_kept %rbp
    ret

/*
 * One of them uses FP. CR0.TS is set while one runs that does not. What the thread that is left has
 * in x87's registers, and an exception of its that is pending there, are not for the next one.
 */
2:  .cfi_restore_state
    .cfi_adjust_cfa_offset 8
    movq    %rsp, %rax
    cmpl    $0, ARCH_CONTEXT_USES_FP(%rdi)
    je      3f
    subq    $FP_WORDS_BYTES, %rax
    stmxcsr (%rax)
    fnstcw  FP_WORDS_X87(%rax)
3:  movq    %rax, ARCH_CONTEXT_SP(%rdi)
    movq    ARCH_CONTEXT_SP(%rsi), %rax
5:  cmpl    $0, ARCH_CONTEXT_USES_FP(%rsi)
    je      4f
    clts
    ldmxcsr (%rax)
    fninit
    fldcw   FP_WORDS_X87(%rax)
    leaq    FP_WORDS_BYTES(%rax), %rsp
    jmp     1b
4:  movq    %rax, %rsp
    movq    %cr0, %rax
    orl     $CR0_TS, %eax
    movq    %rax, %cr0
    jmp     1b
END(arch_context_switch)

/* _Noreturn void arch_context_leave(struct arch_context *to, uint32_t *left) */
FUNCTION(arch_context_leave)
    movq    %gs:PERCPU_THREAD, %rax
    movl    ARCH_CONTEXT_USES_FP(%rax), %edx
    orl     ARCH_CONTEXT_USES_FP(%rdi), %edx
    movq    ARCH_CONTEXT_SP(%rdi), %rsp
    movl    $1, (%rsi)
    movq    %rdi, %rsi
    testl   %edx, %edx
    jz      1b
    movq    %rsp, %rax
    jmp     5b
END(arch_context_leave)

    .section .note.GNU-stack, "", @progbits
