/* Releasing parked CPUs: start.S's pen. */
#include <arch/cache.h>
#include <arch/smp.h>
#include <arch/spin.h>

#define CPUS 8

extern char start_secondary[], start_parked[];

/*
 * Written by the boot CPU, read with the MMU off by the parked ones. In .data: whatever RAM held
 * before boot must not look like a start block.
 */
const struct arch_cpu_start *arch_cpu_starts[CPUS]
    __attribute__((section(".data.arch_cpu_starts"), aligned(64)));

uintptr_t arch_cpu_entry_address(void)
{
    return (uintptr_t)start_secondary;
}

uintptr_t arch_cpu_park_address(void)
{
    return (uintptr_t)start_parked;
}

void arch_cpu_release(unsigned cpu, const struct arch_cpu_start *start)
{
    extern uint64_t arch_mmu_registers[3];
    arch_cache_clean(arch_mmu_registers, sizeof arch_mmu_registers);
    arch_cache_clean(start, sizeof *start);
    arch_cpu_starts[cpu] = start;
    arch_cache_clean(&arch_cpu_starts[cpu], sizeof(void *));
    arch_spin_wake();
}
