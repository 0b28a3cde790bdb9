/*
 * What the runtime asks of the program it is linked with: posix/ supplies it. An app without a C
 * library may supply kiln_program_start itself.
 */
#ifndef KILN_PROGRAM_H
#define KILN_PROGRAM_H

#include <kiln/api.h>

KILN_BEGIN

/**
 * Runs the program: constructors, main(argc, argv), exit. argv[argc] is NULL. Thread context, on
 * the main thread.
 */
KILN_NORETURN void kiln_program_start(int argc, char **argv);

/** The name given to kiln_app(); argv[0]. kiln_app() itself supplies it. */
extern const char kiln_program_name[];

/**
 * Hands what the program has written but not yet flushed to write(), byte by byte: a panic calls
 * it, with every other CPU stopped, and trusts nothing. Takes no lock. NULL (weak) in a program
 * whose standard output is not linked in. Any context.
 */
void kiln_program_flush(void (*write)(char c)) __attribute__((weak));

KILN_END

#endif
