/*
 * Every option of the runtime. An option is 0 or 1 or a number; the comment above it is its
 * documentation (docs/configuration.md is made from this file). An app sets one by
 * `kiln_app(... CONFIG NAME=VALUE)`, the command line by `--config NAME=VALUE`.
 */
#ifndef KILN_CONFIG_H
#define KILN_CONFIG_H

/* Assertions and debugging checks: 1 for `run` and `test`, 0 for `bench` and `image`. */
#ifndef KILN_CONFIG_CHECKS
#define KILN_CONFIG_CHECKS 1
#endif

/* Microseconds for which a spinlock may be held before the log warns, with CHECKS=1; 0: any. */
#ifndef KILN_CONFIG_SPINLOCK_LIMIT
#define KILN_CONFIG_SPINLOCK_LIMIT 1000000
#endif

/* Locks taken in orders that can deadlock, with CHECKS=1: 0 nothing, 1 a warning, 2 a panic. */
#ifndef KILN_CONFIG_LOCK_ORDER
#define KILN_CONFIG_LOCK_ORDER 2
#endif

/* Threads that wait for each other for ever are reported as a panic, with CHECKS=1. */
#ifndef KILN_CONFIG_DEADLOCK
#define KILN_CONFIG_DEADLOCK 1
#endif

/* Seconds after which a CPU that does not answer another one is lost, with DEADLOCK=1; 0: never. */
#ifndef KILN_CONFIG_CPU_LIMIT
#define KILN_CONFIG_CPU_LIMIT 10
#endif

/* Support for more than one CPU; 0 builds a runtime that contains no lock. */
#ifndef KILN_CONFIG_SMP
#define KILN_CONFIG_SMP 0
#endif

/* Bits of a virtual address: 39 (three levels of tables) or 48 (four levels); x86_64 has 48. */
#ifndef KILN_CONFIG_VA_BITS
#define KILN_CONFIG_VA_BITS 39
#endif

/* The heap and pools check what is freed, and that free memory is left alone: misuse panics. */
#ifndef KILN_CONFIG_HEAP_HARDENED
#define KILN_CONFIG_HEAP_HARDENED 1
#endif

/* Counts of what is mapped and copied for devices: kiln_dma_get_stats(). */
#ifndef KILN_CONFIG_DMA_STATS
#define KILN_CONFIG_DMA_STATS 0
#endif

/* Bytes of the main thread's stack; 0 takes 1/32 of RAM, at least 8 KiB, at most 256 KiB. */
#ifndef KILN_CONFIG_MAIN_STACK_BYTES
#define KILN_CONFIG_MAIN_STACK_BYTES 0
#endif

/* Bytes of each CPU's interrupt stack, a multiple of 4096. */
#ifndef KILN_CONFIG_IRQ_STACK_BYTES
#define KILN_CONFIG_IRQ_STACK_BYTES 4096
#endif

/* printf and scanf with floating point (1) or integers only (0), which is 5 KiB smaller. */
#ifndef KILN_CONFIG_PRINTF_FLOAT
#define KILN_CONFIG_PRINTF_FLOAT 1
#endif

/* UART for the console of a Pi: 0 asks the pins what the firmware chose, 1 PL011, 2 mini-UART. */
#ifndef KILN_CONFIG_CONSOLE_UART
#define KILN_CONFIG_CONSOLE_UART 0
#endif

/* Baud rate of the console. */
#ifndef KILN_CONFIG_BAUD
#define KILN_CONFIG_BAUD 115200
#endif

/* Console output also on the screen of a PC (1): text memory, or the firmware's framebuffer. */
#ifndef KILN_CONFIG_SCREEN
#define KILN_CONFIG_SCREEN 1
#endif

/* Bytes of console input that are kept until the program reads them, a power of two. */
#ifndef KILN_CONFIG_CONSOLE_INPUT_BYTES
#define KILN_CONFIG_CONSOLE_INPUT_BYTES 1024
#endif

/* Version of the GIC on board virt-aarch64: 2 or 3. */
#ifndef KILN_CONFIG_GIC
#define KILN_CONFIG_GIC 2
#endif

/* x2APIC mode on a PC where firmware leaves it off: 0 off, 1 on under a hypervisor, 2 on. */
#ifndef KILN_CONFIG_X2APIC
#define KILN_CONFIG_X2APIC 1
#endif

/* Most verbose log level compiled in: 0 none, 1 errors, 2 warnings, 3 information, 4 debug. */
#ifndef KILN_CONFIG_LOG_LEVEL
#define KILN_CONFIG_LOG_LEVEL 3
#endif

/* Most verbose log level that also goes to the console at once. */
#ifndef KILN_CONFIG_LOG_CONSOLE
#define KILN_CONFIG_LOG_CONSOLE 2
#endif

/* Bytes of the log ring that a panic prints and a warm reset keeps, a power of two. */
#ifndef KILN_CONFIG_LOG_BYTES
#define KILN_CONFIG_LOG_BYTES 1024
#endif

/* Fault injection: allocations fail on demand (boot option fail=, kiln_fail_allocations()). */
#ifndef KILN_CONFIG_FAULT_INJECTION
#define KILN_CONFIG_FAULT_INJECTION 0
#endif

/* Trace points (interrupt, switch, wake, allocation) call kiln_trace(), which the app defines. */
#ifndef KILN_CONFIG_TRACE
#define KILN_CONFIG_TRACE 0
#endif

/* Counts how long each thread runs and how often it is switched to: kiln_thread_get_info(). */
#ifndef KILN_CONFIG_RUN_TIME
#define KILN_CONFIG_RUN_TIME 0
#endif

/* Measures how long interrupts are masked at a time; the longest times are printed at exit. */
#ifndef KILN_CONFIG_IRQS_OFF_TRACE
#define KILN_CONFIG_IRQS_OFF_TRACE 0
#endif

/* Undefined behaviour in the program and the runtime traps and panics (UBSan's traps). */
#ifndef KILN_CONFIG_UBSAN
#define KILN_CONFIG_UBSAN 0
#endif

/* Finds wrong accesses to memory (KASan), and what was wrongly freed: `--check=memory`. */
#ifndef KILN_CONFIG_CHECK_MEMORY
#define KILN_CONFIG_CHECK_MEMORY 0
#endif

/* Lists at exit which blocks are still allocated, and which of them are lost: `--check=leaks`. */
#ifndef KILN_CONFIG_CHECK_LEAKS
#define KILN_CONFIG_CHECK_LEAKS 0
#endif

/* Counts blocks and bytes of the heap by the call that allocates them. */
#ifndef KILN_CONFIG_HEAP_PROFILE
#define KILN_CONFIG_HEAP_PROFILE 0
#endif

/* Stack protector: a guard word, random per boot, between arrays and the return address. */
#ifndef KILN_CONFIG_STACK_PROTECTOR
#define KILN_CONFIG_STACK_PROTECTOR KILN_CONFIG_CHECKS
#endif

/* Names for a panic's backtrace in the image. */
#ifndef KILN_CONFIG_SYMBOLS
#define KILN_CONFIG_SYMBOLS 1
#endif

/* What a board does after a panic when nobody takes the exit status: 0 halt, 1 reset. */
#ifndef KILN_CONFIG_PANIC_RESET
#define KILN_CONFIG_PANIC_RESET 0
#endif

/* What a board does when main returns and nobody takes the exit status: 0 power off, 1 reset. */
#ifndef KILN_CONFIG_EXIT_RESET
#define KILN_CONFIG_EXIT_RESET 0
#endif

#endif
