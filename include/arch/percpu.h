/* The arch contract: what an ISA keeps for each CPU, at the start of core's struct percpu. */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include <stdint.h>

/*
 * struct arch_percpu has at least
 *   emergency_stack_top   end of ARCH_EMERGENCY_BYTES of stack for faults that must not use any
 *                         other; an unmapped page and the interrupt stack follow it
 * The boot CPU's is `core_boot_percpu`, statically initialised.
 */
#include <isa/percpu.h>

#endif
