/* The inside of panics. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

#include <stdbool.h>
#include <arch/frame.h>

/* Prints what an exception that nothing mends means to a program. A panic's CPU. */
void core_fault_print(const struct arch_frame *frame, arch_print_t print);

/* What a report that is no exception's has around it: other CPUs stop, and the program's output
 * comes first. False: it is one inside a panic, and has to be short. At its end stand thread, CPU,
 * board and log, and the program ends as after any panic. Any context. */
bool core_panic_begin(void);
_Noreturn void core_panic_end(void);

/*
 * Prints the log at the end of a report; NULL until the first line is logged, so that a program
 * that logs nothing carries no log. Written under the log's lock.
 */
extern void (*core_panic_log)(void (*write)(char c));

#endif
