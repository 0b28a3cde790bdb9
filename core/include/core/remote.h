/*
 * What one CPU wants of another one's thread. A thread's place in the run queue and its priority
 * are its CPU's alone: others leave a request with the thread, put it into that CPU's inbox and
 * interrupt it.
 */
#ifndef CORE_REMOTE_H
#define CORE_REMOTE_H

#include <core/thread.h>

/* Has the thread's CPU see to these (REQUEST_*). Any context; interrupts masked, no lock that this
 * CPU's interrupts take. */
void core_remote_request(struct kiln_thread *thread, uint32_t requests);

/* Sees to what is in this CPU's inbox. The interrupt between CPUs. */
void core_remote_serve(void);

/* Does what the bits say, here, on the thread's CPU. Interrupts masked. */
void core_serve(struct kiln_thread *thread, uint32_t requests);

/* Either of the two, as the thread's CPU is. Any context. */
void core_ask(struct kiln_thread *thread, uint32_t requests);

#endif
