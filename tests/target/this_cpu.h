/* What a test asks its own CPU directly, in each instruction set. */
#ifndef THIS_CPU_H
#define THIS_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* Whether interrupts are held back. */
static inline bool interrupts_are_masked(void)
{
    uint64_t state;

#ifdef __x86_64__
    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(state));
    return !(state & 0x200); /* IF */
#else
    __asm__ volatile("mrs %0, daif" : "=r"(state));
    return state & 0x80; /* I */
#endif
}

/* The level that programs run at: exception level 1, or ring 0. */
static inline bool is_privileged(void)
{
    uint64_t level;

#ifdef __x86_64__
    __asm__("movq %%cs, %0" : "=r"(level));
    return (level & 3) == 0;
#else
    __asm__("mrs %0, CurrentEL" : "=r"(level));
    return level >> 2 == 1;
#endif
}

/* In a loop that waits for another CPU. */
static inline void relax(void)
{
#ifdef __x86_64__
    __asm__ volatile("pause");
#else
    __asm__ volatile("yield");
#endif
}

/* With interrupts on: stands still until the next one. */
static inline void wait_for_interrupt(void)
{
#ifdef __x86_64__
    __asm__ volatile("hlt");
#else
    __asm__ volatile("wfi");
#endif
}

#endif
