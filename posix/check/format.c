/* Formatting into memory in a build with CHECK_MEMORY: what it takes is counted first. */
#include <stdarg.h>
#include <stdio.h>
#include "checked.h"

/* Bytes with the 0 at the end; 0 when it fails. */
static size_t bytes_of(const char *format, va_list arguments)
{
    va_list copy;
    int length;

    va_copy(copy, arguments);
    length = vsnprintf(NULL, 0, format, copy);
    va_end(copy);
    return (size_t)(length + 1);
}

CHECKED int vsprintf(char *restrict to, const char *restrict format, va_list arguments)
{
    size_t bytes = bytes_of(format, arguments);

    __asan_storeN_noabort(to, bytes);
    return vsnprintf(to, bytes, format, arguments);
}

CHECKED int sprintf(char *restrict to, const char *restrict format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsprintf(to, format, arguments);
    va_end(arguments);
    return length;
}

CHECKED int snprintf(char *restrict to, size_t size, const char *restrict format, ...)
{
    va_list arguments;
    size_t bytes;
    int length;

    va_start(arguments, format);
    bytes = bytes_of(format, arguments);
    __asan_storeN_noabort(to, bytes < size ? bytes : size);
    length = vsnprintf(to, size, format, arguments);
    va_end(arguments);
    return length;
}

/* Output of text, by a call that looks how long it is. */
CHECKED int fputs(const char *restrict text, FILE *restrict stream)
{
    return fprintf(stream, "%s", text);
}

CHECKED int puts(const char *text)
{
    return printf("%s\n", text);
}
