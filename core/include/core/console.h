/* The console's start. */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

/*
 * Learns from the boot option host= who is at the other end, and tells a host command that the
 * console is up by the sequence ESC ] kiln;ready BEL. Boot, once the boot arguments are there.
 */
void core_console_init(void);

/* Who is at the other end of the serial line. */
enum console_host {
    CONSOLE_HOST_NONE, /* nobody that we know of: a terminal on a board */
    CONSOLE_HOST_TTY,  /* a host command, and a person at its terminal */
    CONSOLE_HOST_PIPE  /* a host command that feeds a pipe or a file */
};
extern enum console_host console_host;

#endif
