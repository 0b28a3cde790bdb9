/* abort: a handler for SIGABRT first, then a panic. */
#include <signal.h>
#include <stdlib.h>
#include <kiln/panic.h>

/* Linked in only when the program uses signals. */
#pragma weak raise

_Noreturn void abort(void)
{
    if (raise)
        raise(SIGABRT);
    kiln_panic("abort() called");
}
