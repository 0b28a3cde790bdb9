/*
 * exit: what atexit() has registered, the destructors of static objects, then _exit. The C
 * library's own goes a longer way to the same end.
 */
#include <stdlib.h>
#include <unistd.h>
#include <kiln/leak.h>
#include "posix.h"

typedef void (*destructor_t)(void);

/* From the linker script. */
extern const destructor_t __fini_array_start[], __fini_array_end[];

/* The C library's list behind atexit(), in it only when the program uses that. Picolibc 1.8.10 has
 * it at the end of the array of destructors instead. */
void __call_exitprocs(int status, void *unused) __attribute__((weak));

void kiln_posix_clear_stack(void)
{
    volatile uintptr_t old[1024 / sizeof(uintptr_t)];

    for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
        old[i] = 0;
}

/* What the program has printed comes before the report. */
static int checked(int status)
{
    if (kiln_posix_streams_flush)
        kiln_posix_streams_flush();
    if (kiln_posix_stdout_flush)
        kiln_posix_stdout_flush(NULL);
    return kiln_leak_exit(status);
}

_Noreturn void exit(int status)
{
    if (__call_exitprocs)
        __call_exitprocs(status, NULL);
    for (const destructor_t *destructor = __fini_array_end; destructor > __fini_array_start;)
        (*--destructor)();
    if (KILN_CONFIG_CHECK_LEAKS) {
        kiln_posix_clear_stack();
        status = checked(status);
    }
    _exit(status);
}
