/*
 * Everything that arch/ calls upward: boot, interrupt, fault. core/ supplies them.
 */
#ifndef ARCH_UPCALL_H
#define ARCH_UPCALL_H

#include <stdint.h>

struct arch_frame;

/* The boot CPU, on the boot stack, bss clear, memory at its physical addresses (MMU off, or boot's
 * own tables): lays out the address space and returns what core_boot() is to be called with. */
uintptr_t core_boot_map(uintptr_t boot_argument);

/* The boot CPU, MMU and caches on, interrupts masked, on its interrupt stack. */
_Noreturn void core_boot(uintptr_t boot_argument);

/* Another CPU, in thread mode with interrupts masked. */
_Noreturn void core_cpu_entry(void);

/*
 * An interrupt is pending. On the interrupt stack, interrupts masked; the frame of what it has
 * interrupted is the first thing on that stack. `hint` is what irq_claim() is told: the vector
 * where the CPU has a vector for each interrupt, else anything.
 *
 * What it returns is 0, or a function: arch then leaves the interrupt, but instead of going on
 * where the thread was it calls that function, on the thread's stack, where it keeps all registers
 * (but for FP), interrupts masked. When the function returns, the thread goes on where it was.
 */
uintptr_t core_interrupt(uint32_t hint);

/*
 * Runs a function on every CPU that runs, on others in their interrupt handler, and waits until all
 * have: how arch reaches the TLBs of others where no instruction does. SMP builds, thread context
 * or boot; with interrupts on, or masked where no other CPU waits for this one with its own masked.
 */
void core_call_all(void (*function)(void *argument), void *argument);

/* A clock of the board's whose rate is known: it counts up to mask and goes on at 0. */
struct board_reference {
    uint32_t hz; /* 0: the board has none */
    uint32_t mask;
};

/*
 * What that clock reads, and which it is; only ISAs that have to measure their counter ask. Any
 * context, one caller at a time.
 */
uint32_t board_reference_clock(struct board_reference *reference);

/* The clock or the alarm cannot work on this machine, or not well: a panic, and a line in the log.
 * Any context. */
_Noreturn void core_clock_failed(const char *why);
void core_clock_warning(const char *what);

/* An exception that no other code handled. May return only if it has mended the cause. */
void core_fault(struct arch_frame *frame);

/* An interrupt that nothing can mask, on a stack of its own, while anything else runs. Returns to
 * it. Only ISAs that have such interrupts call it. */
void core_nmi(const struct arch_frame *frame);

#endif
