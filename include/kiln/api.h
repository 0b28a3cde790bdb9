/* What every public header needs: visibility, C++ linkage, and attributes with one spelling. */
#ifndef KILN_API_H
#define KILN_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <kiln/config.h>

#ifdef __cplusplus
#define KILN_BEGIN                                                                                 \
    _Pragma("GCC visibility push(default)") extern "C"                                             \
    {
#define KILN_END                                                                                   \
    }                                                                                              \
    _Pragma("GCC visibility pop")
#define KILN_NORETURN [[noreturn]]
#else
#define KILN_BEGIN    _Pragma("GCC visibility push(default)")
#define KILN_END      _Pragma("GCC visibility pop")
#define KILN_NORETURN _Noreturn
#endif

#define KILN_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* Placed in memory that a warm reset keeps and that boot does not clear. */
#define KILN_NOINIT __attribute__((section(".noinit")))

/* An interrupt handler: the compiler keeps out of the FP registers, which belong to the thread.
 * clang has no such attribute: there, put handlers in a file compiled with -mgeneral-regs-only. */
#ifdef __clang__
#define KILN_INTERRUPT_HANDLER
#else
#define KILN_INTERRUPT_HANDLER __attribute__((target("general-regs-only")))
#endif

#endif
