/*
 * exit: what atexit() has registered, the destructors of static objects, then _exit. The C
 * library's own goes a longer way to the same end.
 */
#include <stdlib.h>
#include <unistd.h>
#include "posix.h"

typedef void (*destructor_t)(void);

/* From the linker script. */
extern const destructor_t __fini_array_start[], __fini_array_end[];

/* The C library's list behind atexit(), in it only when the program uses that. Picolibc 1.8.10 has
 * it at the end of the array of destructors instead. */
void __call_exitprocs(int status, void *unused) __attribute__((weak));

_Noreturn void exit(int status)
{
    if (__call_exitprocs)
        __call_exitprocs(status, NULL);
    for (const destructor_t *destructor = __fini_array_end; destructor > __fini_array_start;)
        (*--destructor)();
    _exit(status);
}
