/* The inside of panics. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

#include <arch/frame.h>

/* Prints what an exception that nothing mends means to a program. A panic's CPU. */
void core_fault_print(const struct arch_frame *frame, arch_print_t print);

/*
 * Prints the log at the end of a report; NULL until the first line is logged, so that a program
 * that logs nothing carries no log. Written under the log's lock.
 */
extern void (*core_panic_log)(void (*write)(char c));

#endif
