/* The inside of panics. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

/* Ends the run from a context in which nothing may be trusted, when `frame` (may be NULL) is what
 * an exception saved. The format is kiln/log.h's. */
struct arch_frame;
_Noreturn void core_panic(const struct arch_frame *frame, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
