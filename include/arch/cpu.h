/*
 * The arch contract: the CPU itself. Every function may be called in any context, unless it
 * says otherwise. The ISA's inline definitions are included at the end.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <kiln/config.h>

struct kiln_thread;
struct percpu;

/* Number of this CPU, 0 for the one that booted. Stable only while the caller cannot migrate. */
static inline unsigned arch_cpu_id(void);

/* Sleeps until an interrupt is pending; called and returns with interrupts masked. An ISA that
 * cannot wait masked serves the interrupt in between. May return early. Thread context. */
static inline void arch_cpu_idle(void);

/* Stops this CPU for good with interrupts masked. */
_Noreturn static inline void arch_cpu_halt(void);

/* The thread that runs on this CPU, and this CPU's data; each is one register read. */
static inline struct kiln_thread *arch_thread_self(void);
static inline void arch_thread_set_self(struct kiln_thread *thread);
static inline struct percpu *arch_percpu(void);
static inline void arch_percpu_set(struct percpu *percpu);

/* The running thread's thread-local storage, as the ISA's ELF TLS ABI wants it. Thread context. */
static inline void arch_tls_set(void *tls);
static inline void *arch_tls_get(void);

/*
 * The TLS ABI's layout of a thread's block, for `bytes` of thread-local data aligned to `align` (a
 * power of two, at least what the ISA's image.ld says): the block's size; where in it the copy of
 * .tdata begins; and, once that is written, the thread pointer for arch_tls_set().
 */
static inline size_t arch_tls_block_bytes(size_t bytes, size_t align);
static inline char *arch_tls_data(char *block, size_t bytes, size_t align);
static inline void *arch_tls_finish(char *block, size_t bytes, size_t align);

/* Where thread-local data begin, found by the thread pointer. */
static inline uintptr_t arch_tls_start(const void *tls, size_t bytes, size_t align);

/* Makes FP registers trap (true) or work (false) on this CPU; IRQs off. Returns what was before. */
static inline bool arch_fp_trap(bool trap);

/* A random number of at least some quality, for guards and keys; 0 when the CPU has no source. */
uint64_t arch_entropy(void);

/* Asks a debugger or emulator to end the run with this status; returns if there is none. */
void arch_semihost_exit(int status);

/* Leaves the boot stack for good: entry() runs as the first thread, on a stack that ends at
 * stack_top, interrupts still masked. Boot. */
_Noreturn void arch_thread_start(uintptr_t stack_top, void (*entry)(void));

/* Calls function(sp), and returns what it does: from sp up, the registers that functions keep for
 * their callers are on the stack, and what the caller has there. */
uintptr_t arch_call_with_registers(uintptr_t (*function)(uintptr_t sp));

#include <isa/cpu.h>

#if KILN_CONFIG_IRQS_OFF_TRACE
void arch_irqs_off_forget(void);
#define arch_cpu_idle() (arch_irqs_off_forget(), arch_cpu_idle())
#endif

#endif
