/*
 * Trace points. With TRACE=1 the program defines kiln_trace() and is called at each event;
 * otherwise they cost nothing.
 */
#ifndef KILN_TRACE_H
#define KILN_TRACE_H

#include <kiln/api.h>

KILN_BEGIN

enum kiln_trace_event {
    KILN_TRACE_INTERRUPT_BEGIN, /* object: interrupt number */
    KILN_TRACE_INTERRUPT_END,
    KILN_TRACE_ALLOCATE, /* object: address, value: bytes */
    KILN_TRACE_FREE,     /* object: address */
    KILN_TRACE_CPU_CALL, /* object: CPU, value: function */
    KILN_TRACE_SLEEP,    /* value: the deadline */
    KILN_TRACE_WAKE,     /* object: thread */
    KILN_TRACE_SWITCH    /* object: thread that is left, value: thread that goes on */
};

/** The program's own, with TRACE=1. Any context, interrupts in any state; must not call back. */
void kiln_trace(enum kiln_trace_event event, uintptr_t object, uintptr_t value);

#define KILN_TRACE(event, object, value)                                                           \
    do {                                                                                           \
        if (KILN_CONFIG_TRACE)                                                                     \
            kiln_trace((event), (uintptr_t)(object), (uintptr_t)(value));                          \
    } while (0)

KILN_END

#endif
