/*
 * The host: what the mapper needs of the CPU. A test supplies it, and so sees every entry
 * that is written and every flush.
 */
#ifndef ISA_MMU_H
#define ISA_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <isa/mmu_format.h>

void arch_table_fill(uint64_t *entries, uint64_t value, uint64_t step, size_t count);
void arch_table_clear(uint64_t *table);
void arch_table_publish(uint64_t *entry, uint64_t value);
void arch_table_barrier(void);
void arch_tlb_flush(uintptr_t va, size_t bytes);
void arch_tlb_flush_here(uintptr_t va, size_t bytes);

#endif
