/*
 * Everything that arch/ calls upward: boot, interrupt, fault. core/ supplies them.
 */
#ifndef ARCH_UPCALL_H
#define ARCH_UPCALL_H

#include <stdint.h>

struct arch_frame;

/* The boot CPU, MMU off, on the boot stack, bss clear: lays out the address space and returns. */
void core_boot_map(uintptr_t boot_argument);

/* The boot CPU, MMU and caches on, interrupts masked, on its interrupt stack. */
_Noreturn void core_boot(uintptr_t boot_argument);

/* Another CPU, in thread mode with interrupts masked. */
_Noreturn void core_cpu_entry(void);

/* An interrupt is pending. On the interrupt stack, interrupts masked. */
void core_interrupt(struct arch_frame *frame);

/* An exception that no other code handled. May return only if it has mended the cause. */
void core_fault(struct arch_frame *frame);

#endif
