#include <drivers/psci.h>

#include <errno.h>

/* Function numbers of DEN0022 §5.1; 64-bit arguments where there are any. */
#define PSCI_CPU_ON       0xC4000003u
#define PSCI_SYSTEM_OFF   0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

/* SMC Calling Convention (DEN0028): x0-x3 carry arguments and results, x4-x17 may be lost. */
static int64_t call(bool use_smc, uint64_t function, uint64_t first, uint64_t second)
{
    register uint64_t x0 asm("x0") = function;
    register uint64_t x1 asm("x1") = first;
    register uint64_t x2 asm("x2") = second;
    register uint64_t x3 asm("x3") = 0;

    if (use_smc)
        __asm__ volatile("smc #0"
                         : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                         :
                         : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                           "x15", "x16", "x17", "memory");
    else
        __asm__ volatile("hvc #0"
                         : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                         :
                         : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                           "x15", "x16", "x17", "memory");
    return (int64_t)x0;
}

int psci_cpu_on(bool use_smc, uint64_t affinity, uintptr_t entry)
{
    return call(use_smc, PSCI_CPU_ON, affinity, entry) == 0 ? 0 : -ENODEV;
}

void psci_system_off(bool use_smc)
{
    call(use_smc, PSCI_SYSTEM_OFF, 0, 0);
}

void psci_system_reset(bool use_smc)
{
    call(use_smc, PSCI_SYSTEM_RESET, 0, 0);
}
