/* What a program with TRACE=1 has to define. */
#include <kiln/trace.h>

void kiln_trace(enum kiln_trace_event event, uintptr_t object, uintptr_t value)
{
    (void)event;
    (void)object;
    (void)value;
}
