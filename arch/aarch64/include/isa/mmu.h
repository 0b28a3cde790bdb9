/* AArch64: what the mapper needs of the CPU. */
#ifndef ISA_MMU_H
#define ISA_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <isa/mair.h>

/*
 * Sets `count` entries to value, value + step, value + 2 * step ...; makes a table empty. About 1
 * and 0.2 instructions an entry. FP must not be trapped.
 */
void arch_table_fill(uint64_t *entries, uint64_t value, uint64_t step, size_t count);
void arch_table_clear(uint64_t *table);

/* Writes an entry that a table walk may be looking at, after everything it leads to. */
static inline void arch_table_publish(uint64_t *entry, uint64_t value)
{
    __asm__ volatile("dmb ishst" : : : "memory");
    *(volatile uint64_t *)entry = value;
}

/* Makes new entries visible to table walks of the instructions that follow. */
static inline void arch_table_barrier(void)
{
    __asm__ volatile("dsb ishst\n\tisb" : : : "memory");
}

/* Forgets translations of a range, on all CPUs. */
static inline void arch_tlb_flush(uintptr_t va, size_t bytes)
{
    __asm__ volatile("dsb ishst" : : : "memory");
    if (bytes > 64 * 4096)
        __asm__ volatile("tlbi vmalle1is" : : : "memory");
    else
        for (uintptr_t page = va >> 12; page < (va + bytes) >> 12; page++)
            __asm__ volatile("tlbi vaae1is, %0" : : "r"(page) : "memory");
    __asm__ volatile("dsb ish\n\tisb" : : : "memory");
}

/* The same on this CPU alone. */
static inline void arch_tlb_flush_here(uintptr_t va, size_t bytes)
{
    __asm__ volatile("dsb nshst" : : : "memory");
    for (uintptr_t page = va >> 12; page < (va + bytes) >> 12; page++)
        __asm__ volatile("tlbi vaae1, %0" : : "r"(page) : "memory");
    __asm__ volatile("dsb nsh\n\tisb" : : : "memory");
}

#endif
