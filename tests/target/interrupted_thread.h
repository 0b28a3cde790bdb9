/* What an interrupt must leave of the thread that it interrupts, in each instruction set. */
#ifndef INTERRUPTED_THREAD_H
#define INTERRUPTED_THREAD_H

#include "raise_interrupt.h"

#ifdef __x86_64__

#define EACH_REGISTER(do)                                                                          \
    do                                                                                             \
    ("rax", 1) do("rbx", 2) do("rcx", 3) do("rdx", 4) do("rsi", 5) do("rdi", 6) do("rbp", 7) do(   \
        "r8", 8) do("r9", 9) do("r10", 10) do("r11", 11) do("r12", 12) do("r13",                   \
                                                                          13) do("r14",            \
                                                                                 14) do("r15", 15)
#define LOAD(name, n)  "movq $" #n "000001, %%" name "\n\t"
#define CHECK(name, n) "cmpq $" #n "000001, %%" name "\n\tjne 1f\n\t"

/* 0 if all are what they were, and the flags. The interrupt is pending, and comes behind sti. */
static inline uint64_t changed_registers(const struct raised_interrupt *interrupt)
{
    uint64_t changed;
    uintptr_t state = kiln_irq_save();

    raise_interrupt(interrupt);
    __asm__ volatile("pushq %%rbp\n\t" EACH_REGISTER(LOAD) "stc\n\t"
                                                           "sti\n\t"
                                                           "nop\n\t"
                                                           "nop\n\t"
                                                           "jnc 1f\n\t" EACH_REGISTER(
                                                               CHECK) "xorl %%eax, %%eax\n\t"
                                                                      "jmp 2f\n"
                                                                      "1:\tmovl $1, %%eax\n"
                                                                      "2:\tpopq %%rbp"
                     : "=a"(changed)
                     :
                     : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
                       "r14", "r15", "cc", "memory");
    kiln_irq_restore(state);
    return changed;
}

static inline double through_interrupt(const struct raised_interrupt *interrupt, double value)
{
    uintptr_t state = kiln_irq_save();

    raise_interrupt(interrupt);
    __asm__ volatile("movsd %0, %%xmm15\n\t"
                     "sti\n\t"
                     "nop\n\t"
                     "nop\n\t"
                     "movsd %%xmm15, %0"
                     : "+x"(value)
                     :
                     : "xmm15", "memory");
    kiln_irq_restore(state);
    return value;
}

#else

/* How many are not what they were, the flags among them. */
static inline uint64_t changed_registers(const struct raised_interrupt *interrupt)
{
    uint64_t changed;

    __asm__ volatile("mov x0, %[raise]\n\t"
                     "mov w1, %w[bit]\n\t"
                     ".irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 30\n\t"
                     "mov x\\n, #(\\n * 3 + 1)\n\t"
                     ".endr\n\t"
                     "cmp x2, x3\n\t" /* flags: lower */
                     "str w1, [x0]\n\t"
                     "dsb sy\n\t"
                     "isb\n\t"
                     "cset x1, lo\n\t"
                     "eor x0, x1, #1\n\t"
                     ".irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 30\n\t"
                     "cmp x\\n, #(\\n * 3 + 1)\n\t"
                     "cinc x0, x0, ne\n\t"
                     ".endr\n\t"
                     "mov %[changed], x0"
                     : [changed] "=r"(changed)
                     : [raise] "r"(interrupt->raise), [bit] "r"(interrupt->bit)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
                       "x12", "x13", "x14", "x15", "x16", "x17", "x30", "cc", "memory");
    return changed;
}

static inline double through_interrupt(const struct raised_interrupt *interrupt, double value)
{
    double got;

    __asm__ volatile("fmov d31, %d[value]\n\t"
                     "str %w[bit], [%[raise]]\n\t"
                     "dsb sy\n\t"
                     "isb\n\t"
                     "fmov %d[got], d31"
                     : [got] "=w"(got)
                     : [value] "w"(value), [bit] "r"(interrupt->bit), [raise] "r"(interrupt->raise)
                     : "v31", "memory");
    return got;
}

#endif

#endif
