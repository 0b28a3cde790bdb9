/* x86_64: what the mapper needs of the CPU. */
#ifndef ISA_MMU_H
#define ISA_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sets `count` entries to value, value + step, value + 2 * step ...; makes a table empty. About 2
 * and 1 instructions an entry. */
void arch_table_fill(uint64_t *entries, uint64_t value, uint64_t step, size_t count);
void arch_table_clear(uint64_t *table);

/* Writes an entry that a table walk may be looking at, after everything it leads to: stores are
 * seen in order. */
static inline void arch_table_publish(uint64_t *entry, uint64_t value)
{
    __asm__ volatile("" : : : "memory");
    *(volatile uint64_t *)entry = value;
}

/* Makes new entries visible to table walks of the instructions that follow. What was not mapped is
 * in no TLB (Intel SDM volume 3, 4.10.2.3). */
static inline void arch_table_barrier(void)
{
    __asm__ volatile("" : : : "memory");
}

/* Forgets translations of a range, on all CPUs: the others by an interrupt each. */
void arch_tlb_flush(uintptr_t va, size_t bytes);

/* The same on this CPU alone. */
void arch_tlb_flush_here(uintptr_t va, size_t bytes);

#endif
