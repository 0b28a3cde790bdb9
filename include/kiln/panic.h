/* Panics: the program has met a bug and ends, saying what happened and where. */
#ifndef KILN_PANIC_H
#define KILN_PANIC_H

#include <kiln/api.h>

KILN_BEGIN

/**
 * Prints the message, registers, a backtrace and the newest log lines on the polled console,
 * stops the other CPUs and ends the run with status 134 (or halts or resets: PANIC_RESET).
 * Any context, also with a broken stack or inside another panic. The format is kiln/log.h's.
 */
KILN_NORETURN void kiln_panic(const char *format, ...) KILN_PRINTF(1, 2);

/** What a failed KILN_ASSERT calls. Any context. */
KILN_NORETURN void kiln_assert_failed(const char *expression, const char *file, int line,
                                      const char *function);

/**
 * Panics with the expression, file and line when it is false. Compiled, but not evaluated, with
 * CHECKS=0.
 */
#define KILN_ASSERT(expression)                                                                    \
    do {                                                                                           \
        if (KILN_CONFIG_CHECKS && __builtin_expect(!(expression), 0))                              \
            kiln_assert_failed(#expression, __FILE__, __LINE__, __func__);                         \
    } while (0)

/**
 * Ends the program: the status goes to QEMU or, on a board without anyone to take it, the board
 * powers off or resets (EXIT_RESET). Does not run atexit handlers or flush stdio: exit() does.
 * Any context.
 */
KILN_NORETURN void kiln_exit(int status);

/** Restarts the board. Any context. */
KILN_NORETURN void kiln_reset(void);

KILN_END

#endif
