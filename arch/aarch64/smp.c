/* Releasing parked CPUs: start.S's pen. */
#include <arch/cache.h>
#include <arch/mmu.h>
#include <arch/smp.h>
#include <arch/spin.h>
#include <kiln/config.h>

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
    return (uintptr_t)(KILN_CONFIG_SMP ? start_secondary : start_parked);
}

uintptr_t arch_cpu_park_address(void)
{
    return (uintptr_t)start_parked;
}

void arch_cpu_release(unsigned cpu, const struct arch_cpu_start *start)
{
    arch_cache_clean(&arch_boot_space, sizeof arch_boot_space);
    arch_cache_clean(start, sizeof *start);
    arch_cpu_starts[cpu] = start;
    arch_cache_clean(&arch_cpu_starts[cpu], sizeof(void *));
    arch_spin_wake();
}
