/* The console's start. */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include <stdbool.h>

/* Who is at the other end of the serial line. */
enum console_host {
    CONSOLE_HOST_NONE = 1, /* nobody that we know of: a terminal on a board */
    CONSOLE_HOST_TTY,      /* a host command, and a person at its terminal */
    CONSOLE_HOST_PIPE      /* a host command that feeds a pipe or a file */
};

/*
 * Tells who. The first call learns it from the boot option host=, and tells a host command that the
 * console is up by the sequence ESC ] kiln;ready BEL; it is made by the first output or input, or
 * by boot before there are several CPUs. Any context.
 */
enum console_host core_console_host(void);

/*
 * From here to core_console_end(), which is told the result, other CPUs wait with what they write,
 * and nobody preempts the thread. False: this CPU is in the midst of a write already, between whose
 * bytes an interrupt handler's go; or another one is, for which the caller may not wait, since that
 * could wait for a lock that the caller holds. Any context.
 */
bool core_console_begin(bool may_wait);
void core_console_end(bool began);

/* Writes a character without a lock; '\n' becomes "\r\n" on a terminal. Any context. */
void core_console_put(char c);

#endif
