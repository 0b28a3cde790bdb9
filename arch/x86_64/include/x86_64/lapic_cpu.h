/* What the local APIC's driver does by instructions of the CPU. Any context. */
#ifndef X86_64_LAPIC_CPU_H
#define X86_64_LAPIC_CPU_H

#include <stdint.h>

/* This CPU takes interrupts of a class above this one (vector / 16) only: 0 all, 15 none but NMI,
 * INIT and those of an 8259. Intel SDM volume 3, 11.8.6 "Task Priority in IA-32e Mode". */
static inline void lapic_priority_write(uintptr_t class)
{
    __asm__ volatile("movq %0, %%cr8" : : "r"(class) : "memory");
}

/* Whatever came before is visible everywhere before the next write to a register in x2APIC mode,
 * which nothing else orders. Intel SDM volume 3, 11.12.3. */
static inline void lapic_fence(void)
{
    __asm__ volatile("mfence\n\tlfence" : : : "memory");
}

#endif
