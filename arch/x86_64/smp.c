/* Starting the other CPUs: the page that they begin in, and the pen that they wait in. */
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/smp.h>
#include <arch/spin.h>
#include <kiln/config.h>
#include <string.h>
#include <x86_64/cpu_entry.h>

#define CPUS 16

/* Read by parked CPUs (start.S). */
const struct arch_cpu_start *arch_cpu_starts[CPUS];
uint32_t isa_cpu_expected;

extern const char isa_cpu_entry[], isa_cpu_entry_end[];

uintptr_t arch_cpu_entry_address(void)
{
    if (KILN_CONFIG_SMP)
        memcpy((void *)CPU_ENTRY_PAGE, isa_cpu_entry,
               (uintptr_t)isa_cpu_entry_end - (uintptr_t)isa_cpu_entry);
    return CPU_ENTRY_PAGE;
}

void cpu_entry_expect(uint32_t cpu)
{
    __atomic_store_n(&isa_cpu_expected, cpu, __ATOMIC_RELEASE);
}

bool cpu_entry_is_waiting(void)
{
    return __atomic_load_n(&isa_cpu_expected, __ATOMIC_ACQUIRE) != 0;
}

bool cpu_entry_give_up(void)
{
    return __atomic_exchange_n(&isa_cpu_expected, 0, __ATOMIC_ACQ_REL) != 0;
}

void arch_cpu_release(unsigned cpu, const struct arch_cpu_start *start)
{
    __atomic_store_n(&arch_cpu_starts[cpu], start, __ATOMIC_RELEASE);
}
