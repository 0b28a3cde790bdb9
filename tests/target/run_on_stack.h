/* Runs a function on another stack than the thread's own. */
#ifndef RUN_ON_STACK_H
#define RUN_ON_STACK_H

#include <kiln.h>

static __attribute__((noinline)) void run_on_stack(const struct kiln_stack *stack,
                                                   void (*function)(void))
{
#ifdef __x86_64__
    __asm__ volatile("movq %%rsp, %%rbx\n\tmovq %0, %%rsp\n\tcall *%1\n\tmovq %%rbx, %%rsp"
                     :
                     : "r"(stack->top), "r"(function)
                     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc",
                       "memory");
#else
    register uintptr_t top asm("x0") = stack->top;
    register void (*to)(void) asm("x1") = function;
    __asm__ volatile("mov x19, sp\n\tmov sp, x0\n\tblr x1\n\tmov sp, x19"
                     : "+r"(top), "+r"(to)
                     :
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
                       "x14", "x15", "x16", "x17", "x18", "x19", "x30", "cc", "memory");
#endif
}

#endif
