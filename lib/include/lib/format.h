/*
 * The runtime's own printf-like formatter, for the log, panics and whatever runs without libc.
 *
 * Conversions: %d %i %u %x %X %p %s %c %%, with the lengths l, ll and z, a width, the flags '0'
 * and '-', and a precision given as an argument for strings (%.*s). %p prints 0x and the digits;
 * a NULL string prints "(null)". Anything else is printed as it stands and takes no argument.
 * Any context, no locks; about 200 bytes of stack.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Takes each character of the result, in order. */
typedef void (*format_put_t)(void *context, char c);

void format_print(format_put_t put, void *context, const char *format, va_list *arguments);

/*
 * Formats into a buffer of `size` bytes, cut off where it is full and always terminated (unless
 * size is 0). Returns the length of the whole result, as snprintf does.
 */
size_t format_to(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
