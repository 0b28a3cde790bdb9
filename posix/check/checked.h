/* Replacements of the C library's functions, which is not instrumented. The compiler instruments
 * them; where a range is looked at as a whole they call the checker. */
#ifndef POSIX_CHECKED_H
#define POSIX_CHECKED_H

#include <stddef.h>

/* A program may have its own. */
#define CHECKED __attribute__((weak))

/* The checker's: panics unless all of these bytes may be read, or written. */
void __asan_loadN_noabort(const void *address, size_t bytes);
void __asan_storeN_noabort(const void *address, size_t bytes);

#endif
