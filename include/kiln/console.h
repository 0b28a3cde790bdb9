/*
 * The console: the board's serial line, with the two modes that a terminal has.
 *
 * Line mode (the default) collects a line: backspace, ^U and ^W edit, ^D ends the input (at the
 * start of a line) or hands over what is there, ^V takes the next byte as it is; with a person at
 * the other end it echoes. Raw mode hands over bytes as they come, all but what a host command adds
 * when it owns the line: ^V that quotes, and ^D at the end of a pipe.
 */
#ifndef KILN_CONSOLE_H
#define KILN_CONSOLE_H

#include <kiln/api.h>

KILN_BEGIN

/** Writes bytes; '\n' becomes "\r\n" on a terminal. Any context. */
void kiln_console_write(const void *data, size_t bytes);

/**
 * Reads at least one byte, at most `bytes`, in line mode never beyond the end of a line. Returns
 * the count, or 0 at the end of input. Sleeps until there is something. Thread context.
 */
size_t kiln_console_read(void *data, size_t bytes);

/** Bytes that kiln_console_read would return without sleeping. Thread context. */
size_t kiln_console_readable(void);

/** Switches to raw mode or back to line mode. Thread context. */
void kiln_console_set_raw(bool raw);

/** True when a person's terminal is at the other end, false when it is a host's pipe. Any
 * context. */
bool kiln_console_is_terminal(void);

KILN_END

#endif
