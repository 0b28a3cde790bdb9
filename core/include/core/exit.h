/* Leaving for good. */
#ifndef CORE_EXIT_H
#define CORE_EXIT_H

#include <stdbool.h>

/* The end after a panic: status 134 to whoever takes it, else halt or reset (PANIC_RESET). */
_Noreturn void core_exit_panicked(void);

/* What core_fault() does when the semihosting call of an exit met nobody. */
_Noreturn void core_semihost_absent(void);

#endif
