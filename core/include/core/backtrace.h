/* Printing on the polled console for whoever reports a bug, and lists of calls as panics have
 * them, whose lines the host's command gives their file and line. Any context. */
#ifndef CORE_BACKTRACE_H
#define CORE_BACKTRACE_H

#include <stdint.h>

/* The format is kiln/log.h's. */
__attribute__((format(printf, 1, 2))) void core_print(const char *format, ...);

/* One line: address, function, offset. The function, which it returns, is that of the instruction
 * `back` bytes before: a call may be a function's last instruction. NULL: nobody knows it. */
const char *core_print_place(uintptr_t pc, unsigned back);

/* One line for each return address. */
void core_print_backtrace(const uintptr_t *pcs, unsigned count);

#endif
