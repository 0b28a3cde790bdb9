/* The arch contract: what an ISA keeps for each CPU, at the start of core's struct percpu. */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include <stdint.h>

/*
 * struct arch_percpu has at least
 *   emergency_stack_top   end of the first of ARCH_EMERGENCY_STACKS stacks for faults that must not
 *                         use any other. Each has ARCH_EMERGENCY_BYTES and an unmapped page below
 *                         it, where the next one ends. An unmapped page and the interrupt stack
 *                         follow the first
 * ARCH_EMERGENCY_NAMES says whose they are, in that order, as a panic tells it.
 * The boot CPU's is `core_boot_percpu`, statically initialised.
 */
#include <isa/percpu.h>

#endif
