/* Power State Coordination Interface, Arm DEN0022: starting CPUs and switching off by firmware. */
#ifndef DRIVERS_PSCI_H
#define DRIVERS_PSCI_H

#include <stdbool.h>
#include <stdint.h>

/* Starts the CPU whose MPIDR affinity is given at a physical address. 0 or -ENODEV. Boot. */
int psci_cpu_on(bool use_smc, uint64_t affinity, uintptr_t entry);

/* Leave for good; they return only if the firmware refuses. Any context. */
void psci_system_off(bool use_smc);
void psci_system_reset(bool use_smc);

#endif
